"""/console/customers/{customer_key}: one customer's cases together, and how we kept our word.

Owns this page. Must never say who the customer is: the key in its address is a hash, and contact data are the case page's. Included by
face.py.
"""

import re

from fastapi import APIRouter
from starlette.responses import Response

from policies.case.vocabulary import PromiseEnd
from starter.web.console.case_words import line
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.queue_assets import QUEUE_STYLE_URL
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn
from starter.web.problems import Problem
from store.case_matters import matters_of
from store.customer_cases import CustomerBooks, CustomerCases

PATH = "/console/customers"
PAGE = 50  # rows
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NOBODY = "No case of such a customer is known."


def customer_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH + "/{customer_key}")
    @needs(Act.READ)
    async def customer(visit: SignedIn, customer_key: str) -> Response:
        if not _KEY.match(customer_key):
            raise Problem("not_found", _NOBODY)
        after = visit.request.query_params.get("after") or None
        try:
            found = await CustomerBooks(console.parts.backends.store()).of(customer_key, visit.person.merchants, limit=PAGE, after=after)
        except ValueError as error:
            raise Problem("invalid", f"after: {error}.", field="after") from None
        if found is None or not found.cases:
            raise Problem("not_found", _NOBODY)
        path = f"{PATH}/{customer_key}"
        matters = await matters_of(console.parts.backends.store(), [view.case_id for view in found.cases])
        return console.show(
            "customer",
            visit,
            merchant=", ".join(sorted({view.merchant for view in found.cases})),
            figures=_figures(found),
            lines=[line(view, console.now(), matters=matters) for view in found.cases],
            older=f"{path}?after={found.after}" if found.after is not None else None,
            begins=after is None,
            path=path,
            queue_style_url=QUEUE_STYLE_URL,
        )

    return router


def _figures(found: CustomerCases) -> list[tuple[str, str, bool]]:
    """Title, figure, and whether it is one to be sorry for."""
    late, broken = found.ended(PromiseEnd.LATE), found.ended(PromiseEnd.BROKEN)
    return [
        ("Cases", str(found.total), False),
        ("Open", str(found.open), False),
        ("Resolved, not closed yet", str(found.resolved), False),
        ("Promises kept", str(found.ended(PromiseEnd.KEPT)), False),
        ("Promises late", str(late), late > 0),
        ("Promises broken", str(broken), broken > 0),
        ("Lowest score", f"{found.lowest_csat} of 5" if found.lowest_csat is not None else "–", found.lowest_csat in (1, 2)),
        ("Customer since", f"{found.first_opened_at:%b %Y}" if found.first_opened_at is not None else "–", False),
    ]
