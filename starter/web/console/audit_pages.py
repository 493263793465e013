"""/console/admin/audit: who did what, the newest first; by person, case and act.

Owns this page. Must never change a row: there is no way to. Included by face.py.
"""

import re
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.navigation import ADMIN_PLACES
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.audit import PAGE, Audit

PATH = "/console/admin/audit"
_LONGEST = 120  # characters of a filter; case ids are shorter
# What is written beside the acts of roles.py.
_OTHER_ACTS = (
    "sign_in",
    "sign_in.failed",
    "sign_in.locked",
    "sign_in.expired",
    "sign_out",
    "password",
    "refused",
    "people.create",
    "people.role",
    "people.reset",
    "people.disable",
    "people.enable",
    "keys.create",
    "keys.rotate",
    "keys.revoke",
    "parks.lift",
    "webhooks.retry",
    "retention.erase",
    "retention.closed",
    "retention.sweep",
    "search.contact",
    "suppressions.find",
    "suppressions.lift",
)
_SILENT = {Act.OWN, Act.READ, Act.AUDIT, Act.PEOPLE, Act.KEYS, Act.SUPPRESSIONS}  # never written by themselves
ACTS = sorted({*_OTHER_ACTS, *(act.value for act in Act if act not in _SILENT)})
_ID = re.compile(r"[1-9][0-9]{0,17}\Z")


def audit_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH)
    @needs(Act.AUDIT)
    async def listed(visit: SignedIn) -> Response:
        filters = {name: _filter(visit, name) for name in ("person", "case", "act")}
        before = visit.request.query_params.get("before", "")
        if before and _ID.match(before) is None:
            raise Problem("not_found", "No such page.")
        found = await Audit(console.parts.backends.store()).page(
            person=filters["person"],
            case_id=filters["case"],
            act=filters["act"],
            before=int(before) if before else None,
            limit=PAGE + 1,
        )
        rows, more = found[:PAGE], len(found) > PAGE
        asked = {name: value for name, value in filters.items() if value}
        return console.show(
            "audit",
            visit,
            rows=rows,
            filters=filters,
            acts=[("", "every act"), *((act, act) for act in ACTS)],
            older=f"{PATH}?{urlencode({**asked, 'before': rows[-1].id})}" if more else None,
            newest=f"{PATH}?{urlencode(asked)}" if before else None,
            path=PATH,
            admin_places=ADMIN_PLACES,
        )

    return router


def _filter(visit: Visit, name: str) -> str | None:
    return visit.request.query_params.get(name, "").strip()[:_LONGEST] or None
