"""/console/admin/suppressions: which addresses are not written to, and why; lifted with a reason.

Owns these pages. Must never show a whole address (who asks for one types it himself), put one into an address of ours, or lift what only
the customer can (STOP by SMS: the carrier takes START and nothing else). Included by face.py.
"""

import json
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from policies.case.vocabulary import Channel
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.navigation import ADMIN_PLACES
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.portal.masking import masked_email, masked_phone
from starter.web.problems import Problem
from store.suppressions import Suppression, SuppressionBooks, SuppressionReason

PATH = "/console/admin/suppressions"
PAGE = 50  # rows
_MOST_PAGES = 200  # 10,000 rows; who looks for one address asks for it
CHANNELS = [(Channel.EMAIL, "E-mail"), (Channel.SMS, "SMS"), (Channel.VOICE, "Calls")]
REASONS = {
    SuppressionReason.HARD_BOUNCE: "bounced for good",
    SuppressionReason.SPAM: "reported as spam",
    SuppressionReason.STOP: "said STOP",
    SuppressionReason.UNSUBSCRIBE: "unsubscribed",
    SuppressionReason.INVALID: "no valid address",
}
COVERS = {"all": "everything", "status": "updates and surveys"}
WHYS = [
    ("", "Choose a reason"),
    ("customer_asked", "The customer asked to be written to again"),
    ("address_works", "The mailbox or number works again"),
    ("our_mistake", "It was our or the provider's mistake"),
]
STOP_STAYS = "Only the customer can take back a STOP, by sending START: the carrier blocks us until then."


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the page may show it."""

    masked: str
    suppression: Suppression
    why: str
    covers: str
    sealed: str | None  # None: cannot be lifted here


def suppression_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH)
    @needs(Act.SUPPRESSIONS)
    async def listed(visit: SignedIn) -> Response:
        channel, number = _channel(visit.request.query_params.get("channel", "email")), _page_number(visit)
        found = await _books(console).listed(channel, limit=PAGE + 1, skip=(number - 1) * PAGE)
        return await _list(console, visit, channel, found[:PAGE], number=number, more=len(found) > PAGE)

    @router.post(PATH + "/find")
    @needs(Act.SUPPRESSIONS)
    async def find(visit: SignedIn) -> Response:
        """By POST: an address stands in no address of ours."""
        channel = _channel(visit.form.get("channel"))
        try:
            found = await _books(console).of_address(channel, visit.form.get("address").strip())
        except ValueError as error:
            visit.form.refuse("address", f"Address: {error}.")
            return await _list(console, visit, channel, [], status=422)
        await console.note(visit, "suppressions.find", channel=channel.value, found=len(found))
        return await _list(console, visit, channel, found, asked=True)

    @router.post(PATH + "/ask")
    @needs(Act.SUPPRESSIONS)
    async def ask(visit: SignedIn) -> Response:
        return _confirm(console, visit, _row(console, visit))

    @router.post(PATH + "/lift")
    @needs(Act.SUPPRESSIONS)
    async def lift(visit: SignedIn) -> Response:
        channel, address, reason = _row(console, visit)
        why = visit.form.get("why")
        if why not in dict(WHYS) or not why:
            visit.form.refuse("why", "Why: choose one of the list; it stands in the audit log.")
            return _confirm(console, visit, (channel, address, reason), status=422)
        async with console.audited(visit, "suppressions.lift", channel=channel.value, reason=reason.value, why=why):
            lifted = await _books(console).lift(channel, address, [reason], console.now())
        return console.back(f"{PATH}?channel={channel.value}", "suppression_lifted" if lifted else "suppression_gone")

    return router


def _books(console: Console) -> SuppressionBooks:
    return SuppressionBooks(console.parts.backends.store())


def _channel(text: str) -> Channel:
    found = next((channel for channel, _ in CHANNELS if channel.value == text), None)
    if found is None:
        raise Problem("not_found", "No such channel.")
    return found


def _page_number(visit: Visit) -> int:
    text = visit.request.query_params.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= _MOST_PAGES):
        raise Problem("not_found", "No such page. Ask for the address instead.")
    return int(text)


def _masked(channel: Channel, address: str) -> str:
    return masked_email(address) if channel is Channel.EMAIL else masked_phone(address)


def _shown(console: Console, row: Suppression) -> Shown:
    stays = row.reason is SuppressionReason.STOP and row.channel is Channel.SMS
    sealed = None if stays else console.seal(json.dumps([row.channel.value, row.address, row.reason.value]))
    return Shown(_masked(row.channel, row.address), row, REASONS[row.reason], COVERS[row.covers.value], sealed)


def _row(console: Console, visit: Visit) -> tuple[Channel, str, SuppressionReason]:
    """Raises Problem invalid: not a row of a page of ours, or of yesterday's."""
    opened = console.unseal(visit.form.get("row"))
    if opened is None:
        raise Problem("invalid", "This page is too old. Load the list again.")
    channel, address, reason = json.loads(opened)
    return Channel(channel), str(address), SuppressionReason(reason)


def _confirm(console: Console, visit: Visit, row: tuple[Channel, str, SuppressionReason], *, status: int = 200) -> Response:
    channel, address, reason = row
    return console.show(
        "suppression_lift",
        visit,
        status=status,
        channel=channel,
        masked=_masked(channel, address),
        reason=REASONS[reason],
        whys=WHYS,
        row=visit.form.get("row"),
        path=PATH,
        admin_places=ADMIN_PLACES,
    )


async def _list(
    console: Console,
    visit: Visit,
    channel: Channel,
    found: list[Suppression],
    *,
    status: int = 200,
    number: int = 1,
    more: bool = False,
    asked: bool = False,
) -> Response:
    counts = await _books(console).counted()
    totals = {each: sum(count for (on, _), count in counts.items() if on is each) for each, _ in CHANNELS}
    return console.show(
        "suppressions",
        visit,
        status=status,
        channel=channel,
        channels=CHANNELS,
        totals=totals,
        reasons=[(REASONS[reason], count) for (on, reason), count in sorted(counts.items()) if on is channel],
        rows=[_shown(console, row) for row in found],
        number=number,
        more=more,
        asked=asked,
        stop_stays=STOP_STAYS,
        path=PATH,
        admin_places=ADMIN_PLACES,
    )
