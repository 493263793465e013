"""/console/queue: what needs a person first; the same without a reload for a script of ours; one group page by page.

Owns these pages and their filters. Must never act, and never ask the engine: the books answer, with a constant number of statements.
Included by face.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from policies.book import PolicyBook
from policies.case.vocabulary import CaseKind, CaseStatus
from policies.time.spans import Span
from starter.closed_days import closed_days
from starter.policy_books import load_books
from starter.web.console.case_words import STATUS, CaseLine, call_line, line, plain, unwatched
from starter.web.console.console import LANGUAGE, Console
from starter.web.console.elapsed import from_now
from starter.web.console.guard import needs
from starter.web.console.queue_assets import QUEUE_STYLE_URL, SCRIPT_URL
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.pages import page
from starter.web.problems import Problem
from store.case_matters import Matter, matters_of
from store.parks import ChannelPark
from store.queue import MOST_COUNTED, CaseQueue, Moment, QueueFilters, QueueGroup, QueueSlice, QueueView

PATH = "/console/queue"
EACH, REST, PAGE = 8, 25, 50  # rows: what one sees without scrolling far; more of a group is a page of its own
# How often the script asks. The shortest grace of a promise is five minutes and a breach is told to people by the alerts, so ten seconds
# are at once for whoever looks at a list; twenty leads are two questions a second, a few per cent of one core.
EVERY_S = 10
_NEXT_WORKING_DAY = Span.parse("1bd")
_LONGEST = 120  # characters of a filter
E = TypeVar("E", bound=StrEnum)

_TITLES: dict[QueueGroup, tuple[str, str]] = {
    QueueGroup.BREACHED: ("Breached", "A date that we owe the customer has passed. The longest first."),
    QueueGroup.AT_RISK: ("At risk", "Warned, or due by the end of the next working day. What runs out first."),
    QueueGroup.UNANSWERED: ("Customers who wait for an answer", "They wrote, and no person has answered. The longest wait first."),
    QueueGroup.CALLS: ("Calls to make", "What is due first."),
    QueueGroup.RECOVERY: ("Recovery", "A low score, and nobody has spoken with the customer yet. The longest first."),
    QueueGroup.PARKED: ("Parked channels", "Nothing leaves on them until somebody mends what is wrong."),
    QueueGroup.REST: ("Everything else", "No date, answer, call or score needs a person now. What is due first."),
}
_SHORT = {QueueGroup.UNANSWERED: "Unanswered", QueueGroup.CALLS: "Calls", QueueGroup.PARKED: "Parked", QueueGroup.REST: "Else"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One group as the page shows it."""

    group: QueueGroup
    title: str
    short: str
    about: str
    count: str
    lines: Sequence[CaseLine]
    parks: Sequence[ChannelPark]
    more: str | None  # where its next rows are
    needs: bool  # somebody; not the rest


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address. Nothing personal ever does."""

    mine: str = ""
    kind: str = ""
    merchant: str = ""
    status: str = ""
    segment: str = ""
    tag: str = ""

    def query(self, **more: str) -> str:
        given = {name: value for name, value in {**asdict(self), **more}.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def queue_pages(console: Console) -> APIRouter:
    """Raises BookError: the calendars are read once, as the desk does at the start of the process."""
    router = console.router()
    books = load_books(console.parts.settings.policy_book_files)

    async def looked_up(visit: Visit) -> dict[str, Any]:
        asked = _asked(visit)
        now = console.now()
        moment = Moment(now, horizon(books, now))
        group = _one_of(QueueGroup, visit, "group")
        queue, filters = CaseQueue(console.parts.backends.store()), _filters(visit, asked)
        after = visit.request.query_params.get("after") or None
        if group is None:
            view = await queue.overview(filters, moment, each=EACH, rest=REST)
        else:
            try:
                view = await queue.page(group, filters, moment, limit=PAGE, after=after)
            except ValueError as error:
                raise Problem("invalid", f"after: {error}.", field="after") from None
        shown_ids = [row.case_id for part in view.slices.values() for row in (*part.cases, *(call.case for call in part.calls))]
        matters = await matters_of(console.parts.backends.store(), shown_ids)
        groups = [_shown(each, view, moment, asked, matters) for each in QueueGroup]
        place: dict[str, str] = {"group": group.value, "after": after or ""} if group is not None else {}
        return {
            "asked": asked,
            "one": group,
            "groups": groups,
            "shown": [each for each in groups if each.group is group] if group is not None else [each for each in groups if _stands(each)],
            "in_need": sum(part.count for each, part in view.slices.items() if each is not QueueGroup.REST),
            "unwatched": any(unwatched(row, matters.get(row.case_id), now) for part in view.slices.values() for row in part.cases),
            "counted_to": MOST_COUNTED,
            "merchants": view.merchants,
            "several_merchants": len(view.merchants) > 1,
            "begins": after is None,
            "now": now,
            "path": PATH,
            "here_url": f"{PATH}{asked.query(**place)}",
            "live_url": f"{PATH}/live{asked.query(**place)}",
            "visit": visit,
            "plain": plain,
            "from_now": from_now,
        }

    @router.get(PATH)
    @needs(Act.READ)
    async def queue(visit: SignedIn) -> Response:
        content = await looked_up(visit)
        del content["visit"], content["now"]
        return console.show(
            "queue",
            visit,
            kinds=[("", "every kind"), *((kind.value, kind.value) for kind in CaseKind)],
            statuses=[("", "not resolved"), *((status.value, words.lower()) for status, words in STATUS.items())],
            script_url=SCRIPT_URL,
            queue_style_url=QUEUE_STYLE_URL,
            every_s=EVERY_S,
            **content,
        )

    @router.get(PATH + "/live")
    @needs(Act.READ, live=True)
    async def live(visit: SignedIn) -> Response:
        """What the script puts in the place of what it has. Not `console.show`: a question in passing must not use up what the next page
        is to say.
        """
        return page("console/queue_groups.html.j2", LANGUAGE, **await looked_up(visit))

    return router


def horizon(books: Sequence[PolicyBook], now: datetime) -> datetime:
    """The end of the next working day: of the policies' calendars the latest, so that no date of any of them is missed. A day, should
    there be no policy.
    """
    ends = set()
    for policy in {(policy.calendar, policy.holidays): policy for book in books for policy in book.policies}.values():
        calendar = policy.calendar
        days = tuple(sorted({*calendar.closed_days, *closed_days(policy, now)}))
        ends.add(calendar.model_copy(update={"closed_days": days}).add(now, _NEXT_WORKING_DAY))
    return max(ends, default=now + timedelta(days=1))


def _shown(group: QueueGroup, view: QueueView, moment: Moment, asked: Asked, matters: Mapping[str, Matter]) -> Shown:
    part = view.slices.get(group, QueueSlice())
    lines = [line(each, moment.now, group=group, horizon=moment.horizon, matters=matters) for each in part.cases]
    lines += [call_line(call, moment.now, matters) for call in part.calls]
    title, about = _TITLES[group]
    return Shown(
        group=group,
        title=title,
        short=_SHORT.get(group, title),
        about=about,
        count=f"{MOST_COUNTED - 1}+" if part.count >= MOST_COUNTED else str(part.count),
        lines=lines,
        parks=part.parks,
        more=f"{PATH}{asked.query(group=group.value, after=part.after)}" if part.after is not None else None,
        needs=group is not QueueGroup.REST,
    )


def _stands(shown: Shown) -> bool:
    return bool(shown.lines or shown.parks) or shown.group is QueueGroup.REST


def _asked(visit: Visit) -> Asked:
    given = visit.request.query_params
    return Asked(**{name: given.get(name, "").strip()[:_LONGEST] for name in Asked.__dataclass_fields__})


def _filters(visit: Visit, asked: Asked) -> QueueFilters:
    return QueueFilters(
        merchants=tuple(visit.person.merchants),
        owner=visit.person.name if asked.mine else None,
        kind=_one_of(CaseKind, visit, "kind"),
        merchant=asked.merchant or None,
        status=_one_of(CaseStatus, visit, "status"),
        segment=asked.segment or None,
        tag=asked.tag or None,
    )


def _one_of(values: type[E], visit: Visit, name: str) -> E | None:
    """Raises Problem invalid: a misspelt filter would show everything."""
    text = visit.request.query_params.get(name, "").strip()
    if not text:
        return None
    found = next((value for value in values if value.value == text), None)
    if found is None:
        raise Problem("invalid", f"{name}: is none of {', '.join(value.value for value in values)}.", field=name)
    return found
