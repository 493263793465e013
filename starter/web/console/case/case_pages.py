"""/console/cases/{case_id}: one case on one page, its contact data on demand, its calls.

Owns these pages. Must never show contact data that nobody asked for in writing: the asking stands in the audit log first. Included by
face.py.
"""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from policies.book import Policy
from policies.case.vocabulary import CallResult, FactType
from policies.money import Money
from starter.desk import Calling, DeskError, EngineUnavailable, Refused, Unanswered
from starter.policy_books import load_books
from starter.web.console.case.act_pages import ActPages
from starter.web.console.case.clock_picture import Promised, picture
from starter.web.console.case.clocks import STATE_WORDS, clocks_of, holds_of, how_far
from starter.web.console.case.deeds import DEEDS, GROUPS
from starter.web.console.case.duties import NEXT_WORDS, duties_of, unanswered_since
from starter.web.console.case.fields import moment
from starter.web.console.case.gathering import CaseSeen, seen
from starter.web.console.case.history import Masks, by_day, entries, masked_name
from starter.web.console.case.parts import money, parts_of
from starter.web.console.case.reasons import given
from starter.web.console.case.said_of_facts import how_long, plainly
from starter.web.console.case_words import matter_title
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.policy_pages import Entry
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.deadline import in_time
from starter.web.parts import Away
from starter.web.portal.masking import masked_email, masked_phone
from starter.web.portal.public_words import PublicWords
from starter.web.problems import Problem
from store.call_tasks import CallSheet, CallTasks
from store.case_matters import Matter, matters_of
from store.case_pages import CasePages
from store.engine import StoreRefused, StoreUnavailable
from store.views import CaseView

PATH = "/console/cases"
_OUTBOX = "/console/outbox"  # as outbox_pages.py has it; only where nothing leaves the house
UNMASK_WHYS = [
    ("", "Choose a reason"),
    ("on_the_phone", "The customer is on the phone: to know who it is"),
    ("to_call", "To call or write by another way"),
    ("check_address", "To check or mend an address"),
    ("fraud_check", "To look into fraud"),
    ("asked_by_law", "A request by law or by the customer"),
]
RESULTS = [
    (CallResult.REACHED.value, "Reached: it was said"),
    (CallResult.VOICEMAIL.value, "Spoken onto the voicemail"),
    (CallResult.NO_ANSWER.value, "No answer: try again"),
    (CallResult.WRONG_NUMBER.value, "Wrong number: somebody else's"),
    (CallResult.REFUSED.value, "The customer did not want to hear it"),
]
_MOST_SEQ = 9  # digits


def case_pages(console: Console) -> APIRouter:
    """Raises BookError: the books are read once, as the desk does at the start of the process."""
    router = console.router()
    books = load_books(console.parts.settings.policy_book_files)
    rulebook = {policy.id: Entry(book, policy) for book in books for policy in book.policies}
    words = PublicWords(books)

    def policy_of(policy_id: str | None) -> Policy | None:
        return rulebook[policy_id].policy if policy_id in rulebook else None

    @router.get(PATH + "/{case_id}")
    @needs(Act.READ)
    async def one(visit: SignedIn, case_id: str) -> Response:
        case = await seen(console, visit, case_id)
        return await _page(console, visit, case, rulebook)

    @router.get(PATH + "/{case_id}/contact")
    @needs(Act.UNMASK)
    async def ask_contact(visit: SignedIn, case_id: str) -> Response:
        return _contact_form(console, visit, await seen(console, visit, case_id))

    @router.post(PATH + "/{case_id}/contact")
    @needs(Act.UNMASK)
    async def contact(visit: SignedIn, case_id: str) -> Response:
        case = await seen(console, visit, case_id)
        why = visit.form.get("why")
        if not why or why not in dict(UNMASK_WHYS):
            visit.form.refuse("why", "Why: choose one of the list; it stands in the audit log.")
            return _contact_form(console, visit, case, status=422)
        await console.note(visit, Act.UNMASK, case.case_id, what="contact", why=why)
        return console.show("case_contact", visit, case=case, contact=case.head.contact, whys=None)

    @router.get(PATH + "/{case_id}/calls/{task_id}")
    @needs(Act.PHONE)
    async def call(visit: SignedIn, case_id: str, task_id: str) -> Response:
        case = await seen(console, visit, case_id)
        return _call(console, visit, case, await _sheet(console, case, task_id))

    @router.post(PATH + "/{case_id}/calls/{task_id}/number")
    @needs(Act.UNMASK)
    async def number(visit: SignedIn, case_id: str, task_id: str) -> Response:
        case = await seen(console, visit, case_id)
        sheet = await _sheet(console, case, task_id)
        await console.note(visit, Act.UNMASK, case.case_id, what="phone", why="call_task")
        return _call(console, visit, case, sheet, shown=True)

    @router.post(PATH + "/{case_id}/calls/{task_id}")
    @needs(Act.PHONE)
    async def called(visit: SignedIn, case_id: str, task_id: str) -> Response:
        case = await seen(console, visit, case_id)
        sheet = await _sheet(console, case, task_id)
        status = await _told(console, visit, case, sheet)
        if status is None:
            return console.back(f"{PATH}/{case.case_id}", "case_called")
        return _call(console, visit, case, sheet, status=status)

    ActPages(console, policy_of, words).include(router, PATH)
    return router


# -- the page -------------------------------------------------------------------------------------------------------------------------


async def _page(console: Console, visit: Visit, case: CaseSeen, rulebook: dict[str, Entry]) -> Response:
    now, before = console.now(), _before(visit)
    entry = rulebook.get(case.policy_id or "")
    clocks = clocks_of(case, entry.policy if entry is not None else None)
    parts = parts_of(case)
    history = await CasePages(console.parts.backends.store()).history(case.case_id, before, case.fresh if before is None else ())
    found = entries(history, Masks(case.head.contact), now)
    promise = _promised(case)
    holds = holds_of(case.facts, now)
    groups = _groups(visit, case)
    around = [*case.head.linked, *case.head.others]
    matters = await matters_of(console.parts.backends.store(), [view.case_id for view in around])
    binding = next((clock for clock in clocks if clock.binds), None)
    return console.show(
        "case",
        visit,
        case=case,
        row=case.row,
        snapshot=case.snapshot,
        contact=_masked(case),
        parts=parts,
        total=_total(parts),
        resolved_sum=_resolved_sum(case),
        titles={view.case_id: _title(view, matters.get(view.case_id)) for view in around},
        clocks=clocks,
        state_words=STATE_WORDS,
        picture=picture(clocks, holds, promise, now),
        holds=holds,
        promise=promise,
        binding=binding,
        duties=duties_of(case, clocks, parts, now),
        waits_since=unanswered_since(case.facts),
        next=_next(case, now),
        days=by_day(found),
        older=history.older,
        newer=before is not None,
        groups=groups,
        possible={deed.slug: deed.title for _, deeds in groups for deed in deeds},
        closed_at=case.closed_at,
        at=_at,
        entry=entry,
        origin=_origin(case),
        local=_local(case, now),
        engine_link=_engine_link(console, case),
        outbox=_OUTBOX if console.embedded and visit.may(Act.OUTBOX) else None,
        version=case.version,
        plain=plainly,
        given=given,
        ago=how_far,
        how_long=how_long,
        money=money,
        path=PATH,
    )


def _at(text: object) -> datetime | None:
    """A moment of the snapshot, which carries them as text."""
    return datetime.fromisoformat(str(text)) if text else None


def _before(visit: Visit) -> int | None:
    text = visit.request.query_params.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_SEQ):
        raise Problem("not_found", "No such part of the history.")
    return int(text)


def _masked(case: CaseSeen) -> list[dict[str, str | None]]:
    """Who is who, as anybody of the house may see it."""
    contact = case.head.contact
    if contact is None:
        return []
    people = [("customer", contact.name, contact.email, contact.phone)]
    people += [(role.role, role.name, role.email, role.phone) for role in contact.roles]
    return [
        {
            "role": role,
            "name": masked_name(name) if name else None,
            "email": masked_email(email) if email else None,
            "phone": masked_phone(phone) if phone else None,
        }
        for role, name, email, phone in people
    ]


def _total(parts: list[Any]) -> str | None:
    sums: dict[str, int] = {}
    for part in parts:
        if part.amount_minor is not None and part.currency and not part.replaced_by:
            sums[part.currency] = sums.get(part.currency, 0) + part.amount_minor
    return " and ".join(money(minor, currency) for currency, minor in sums.items()) or None


def _resolved_sum(case: CaseSeen) -> str | None:
    """What the customer gets by the record of the resolution."""
    given = (case.snapshot.resolution or {}).get("amounts")
    amounts = [Money.model_validate(each) for each in given] if isinstance(given, list) else []
    return " and ".join(money(one.amount_minor, one.currency) for one in amounts) or None


def _title(view: CaseView, matter: Matter | None) -> str:
    item = f", {matter.item}" if matter is not None and matter.item else ""
    return f"{matter_title(view, matter)}{item}"


def _promised(case: CaseSeen) -> Promised | None:
    """The engine's word first: the books may not know yet that a newer promise took its place."""
    told = case.snapshot.promise
    if told is not None:
        return Promised(datetime.fromisoformat(str(told["made_at"])), datetime.fromisoformat(str(told["due_at"])))
    if case.live or case.head.promise is None:
        return None
    return Promised(case.head.promise.made_at, case.head.promise.due_at)


def _next(case: CaseSeen, now: datetime) -> dict[str, Any] | None:
    what, at = case.snapshot.next_what, case.snapshot.next_at
    if what is None or at is None:
        return None
    why = case.snapshot.next_why  # a sentence of the agenda, with names of clocks, reasons and kinds of messages in it
    return {
        "words": NEXT_WORDS.get(what, plainly(what).capitalize()),
        "at": at,
        "far": how_far(at, now),
        "why": plainly(why) if why else None,
    }


def _groups(visit: Visit, case: CaseSeen) -> list[tuple[str, list[Any]]]:
    """What this person may do to the case as it stands."""
    found = []
    for group, title in GROUPS.items():
        deeds = [deed for deed in DEEDS if deed.group == group and visit.may(deed.act) and deed.impossible(case) is None]
        if deeds:
            found.append((title, deeds))
    return found


def _origin(case: CaseSeen) -> str | None:
    opened = next((fact for fact in case.facts if fact.type is FactType.OPENED), None)
    return opened.by.who if opened is not None and opened.by is not None else None


def _local(case: CaseSeen, now: datetime) -> dict[str, str] | None:
    """What time it is where the customer is: to call at a fair hour."""
    reach, contact = case.snapshot.reach, case.head.contact
    zone = reach.zone if reach is not None else contact.zone if contact is not None else None
    if zone is None:
        return None
    try:
        return {"time": f"{now.astimezone(ZoneInfo(zone)):%a %H:%M}", "zone": zone}
    except (KeyError, ValueError):
        return None


def _engine_link(console: Console, case: CaseSeen) -> str | None:
    """Into Temporal's web UI; None where nobody said where that is."""
    base = console.parts.settings.temporal_ui_url
    if base is None:
        return None
    try:
        namespace = quote(console.parts.backends.client().namespace, safe="")
    except Away:
        return None
    return f"{base}/namespaces/{namespace}/workflows/{quote(case.key.workflow_id, safe='')}"


# -- contact data ---------------------------------------------------------------------------------------------------------------------


def _contact_form(console: Console, visit: Visit, case: CaseSeen, *, status: int = 200) -> Response:
    return console.show("case_contact", visit, status=status, case=case, contact=None, whys=UNMASK_WHYS)


# -- calls ----------------------------------------------------------------------------------------------------------------------------


async def _sheet(console: Console, case: CaseSeen, task_id: str) -> CallSheet:
    """The task, if it is of this case."""
    try:
        sheet = await CallTasks(console.parts.backends.store()).sheet(task_id)
    except StoreRefused:
        raise Problem("not_found", "No such call is known.") from None
    if sheet.case_id != case.case_id:
        raise Problem("not_found", "No such call is known.")
    return sheet


def _call(console: Console, visit: Visit, case: CaseSeen, sheet: CallSheet, *, shown: bool = False, status: int = 200) -> Response:
    number = sheet.number if shown else masked_phone(sheet.number) if sheet.number else None
    local = f"{console.now().astimezone(ZoneInfo(sheet.zone)):%a %H:%M}" if sheet.zone else None
    script = Masks(case.head.contact if not shown else None).over(sheet.script)
    return console.show(
        "case_call",
        visit,
        status=status,
        case=case,
        sheet=sheet,
        number=number,
        shown=shown,
        script=script,
        local=local,
        results=RESULTS,
        plain=plainly,
    )


async def _told(console: Console, visit: Visit, case: CaseSeen, sheet: CallSheet) -> int | None:
    """None: it is told; else the status with which the form is shown again."""
    form = visit.form
    result = next((one for one in CallResult if one.value == form.get("result")), None)
    promised, again = moment(form, "promised_at"), moment(form, "next_try_at")
    note = form.text("text")
    if result is None:
        form.refuse("result", "Choose how the call ended.")
    if form.errors:
        return 422
    assert result is not None
    desk = console.parts.backends
    try:
        async with console.audited(visit, Act.PHONE, case.case_id, result=result.value, task=sheet.task_id[:100]):
            calling = Calling(desk.desk(), desk.store(), clock=console.parts.clock)
            give_up = bool(form.get("give_up"))
            by = visit.actor()
            async with in_time():
                await calling.done(sheet.task_id, by, result, promised_at=promised, note=note, give_up=give_up, next_try_at=again)
    except (Refused, StoreRefused) as refused:
        words = str(refused)
        name = words.partition(":")[0].partition(" ")[0]
        form.refuse(name if name in ("promised_at", "next_try_at") else "form", f"{words}.")
        return 409
    except Unanswered:
        form.refuse("form", "No worker answered in time: it may still be carried out. Look at the case before you send it again.")
        return 504
    except (Away, EngineUnavailable, StoreUnavailable, DeskError):
        form.refuse("form", "The engine or the books do not answer now. What you typed is still here: send it again in a moment.")
        return 503
    return None
