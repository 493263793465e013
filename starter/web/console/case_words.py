"""A case of a list as a support lead reads it: what it is, where it stands, why somebody is needed and since when.

Owns these words and which of several reasons is told first. Must never show anything personal: a list is on a screen that others pass.
Called by the queue, the search and the customer's page of the console.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.case.vocabulary import CaseStatus
from starter.web.console.elapsed import elapsed_words, from_now
from store.case_matters import Matter
from store.queue import CallRow, QueueGroup
from store.views import CaseView

GRACE = timedelta(minutes=5)  # a word that is accepted within it is kept (docs/glossary.md)
STATUS = {
    CaseStatus.OPEN: "Open",
    CaseStatus.WAITING_ON_CUSTOMER: "Waiting for the customer",
    CaseStatus.ON_HOLD: "On hold",
    CaseStatus.RESOLVED: "Resolved",
    CaseStatus.CLOSED: "Closed",
}
_NEXT = {
    "write": "a message",
    "update": "word to the customer",
    "warn": "a warning",
    "breach": "the date of resolution",
    "ladder": "the next level is told",
    "new_date": "the new date that was given",
    "ask_reminder": "the customer is reminded",
    "ask_expires": "the customer's time to answer ends",
    "hold_ends": "the hold ends",
    "feedback": "feedback is asked for",
    "feedback_reminder": "a reminder of the feedback",
    "feedback_expires": "the time for feedback ends",
    "money_check": "the customer is asked about the money",
    "tail_ends": "the case closes",
    "watch": "the provider is asked again",
    "look_for_arrival": "a look whether a message arrived",
    "write_books": "the books are written again",
    "tell_people": "people are told again",
}


_THE_WORD = ("write", "update")


_SUM, _TOGETHER = re.compile(r"(?<=\d) (?=[A-Z]{3})"), "\u00a0"  # an amount and its currency stay in one line


@dataclass(frozen=True, slots=True)
class Reason:
    """`when`: "3 h ago", "in 3 h", "for 3 h"; `at`: the moment itself. `tone`: bad, warn, or plain."""

    words: str
    when: str = ""
    at: datetime | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """`key` names the row for the script: the same row has the same key."""

    key: str
    view: CaseView
    title: str
    status: str
    reasons: Sequence[Reason]
    next_word: str | None
    next_word_late: bool
    resolve: str | None
    resolve_late: bool
    call: CallRow | None = None
    item: str | None = None


def plain(code: str) -> str:
    return code.replace("_", " ")


def status_words(view: CaseView) -> str:
    said = STATUS[view.status]
    if view.cycle > 1 and view.status not in (CaseStatus.RESOLVED, CaseStatus.CLOSED):
        said = f"{said}, reopened"
    return f"{said}: {plain(view.hold_reason)}" if view.hold_reason else said


def line(
    view: CaseView,
    now: datetime,
    *,
    group: QueueGroup | None = None,
    horizon: datetime | None = None,
    matters: Mapping[str, Matter] | None = None,
) -> CaseLine:
    """`matters`: what the cases of the list are about, by case id."""
    matter = (matters or {}).get(view.case_id)
    reasons = _ordered(_reasons(view, now, horizon), group)
    if (silence := unwatched(view, matter, now)) is not None:
        reasons.append(silence)
    return _line(view, now, reasons or [_coming(view, now)], key=f"{group or 'case'}:{view.case_id}", matter=matter)


def unwatched(view: CaseView, matter: Matter | None, now: datetime) -> Reason | None:
    """No news comes from its provider or carrier: the case does not move by itself."""
    since = matter.silent_since if matter is not None else None
    if since is None or view.status in (CaseStatus.RESOLVED, CaseStatus.CLOSED):
        return None
    return Reason("No news can come from its provider", from_now(since, now), since, tone="warn")


def call_line(call: CallRow, now: datetime, matters: Mapping[str, Matter] | None = None) -> CaseLine:
    late = call.call_at <= now
    again = f", tried {call.attempts} time{'s' if call.attempts != 1 else ''}" if call.attempts else ""
    when = f"due {from_now(call.call_at, now)}"
    reason = Reason(f"Call: {plain(call.reason)}{again}", when, call.call_at, tone="warn" if late else "")
    return _line(call.case, now, [reason], key=f"call:{call.task_id}", call=call, matter=(matters or {}).get(call.case.case_id))


def matter_title(view: CaseView, matter: Matter | None) -> str:
    """What tells one case of an order from another."""
    sums = f", {_SUM.sub(_TOGETHER, matter.amounts)}" if matter is not None and matter.amounts else ""
    return f"{view.kind.value.capitalize()}, order {view.order}{sums}"


def _line(
    view: CaseView, now: datetime, reasons: Sequence[Reason], *, key: str, call: CallRow | None = None, matter: Matter | None = None
) -> CaseLine:
    over = view.status in (CaseStatus.RESOLVED, CaseStatus.CLOSED)
    moves = view.status is CaseStatus.OPEN
    word_late = not over and view.next_word_at is not None and view.next_word_at + GRACE < now
    return CaseLine(
        key=key,
        view=view,
        title=matter_title(view, matter),
        status=status_words(view),
        reasons=reasons,
        next_word=_due(view.next_word_at, now) if not over else None,
        next_word_late=word_late,
        resolve=_due(view.resolve_by, now) if moves else None,  # on hold its date stands still
        resolve_late=moves and view.resolve_by is not None and view.resolve_by < now,
        call=call,
        item=matter.item if matter is not None else None,
    )


def _due(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return None
    return f"in {elapsed_words(at - now)}" if at > now else f"{elapsed_words(now - at)} late"


def _reasons(view: CaseView, now: datetime, horizon: datetime | None) -> dict[QueueGroup, Reason]:
    """Every reason that is true of the case, as the store groups it."""
    found: dict[QueueGroup, Reason] = {}
    runs_out = view.resolve_by if view.status is CaseStatus.OPEN else None
    missed = view.breached_at or runs_out
    if missed is not None and missed <= now:
        found[QueueGroup.BREACHED] = Reason("Date missed", from_now(missed, now), missed, tone="bad")
    elif runs_out is not None and horizon is not None and runs_out <= horizon:
        found[QueueGroup.AT_RISK] = Reason("Date is near", from_now(runs_out, now), runs_out, tone="warn")
    elif view.at_risk_since is not None:
        found[QueueGroup.AT_RISK] = Reason("Warned", from_now(view.at_risk_since, now), view.at_risk_since, tone="warn")
    if (asked_at := view.unanswered_since) is not None:
        words = "Reopened, customer waits" if view.cycle > 1 else "Customer waits"
        found[QueueGroup.UNANSWERED] = Reason(words, f"for {elapsed_words(now - asked_at)}", asked_at, tone="warn")
    if (low_at := view.recovery_since) is not None:
        found[QueueGroup.RECOVERY] = Reason(f"Unhappy{_score(view)}", from_now(low_at, now), low_at, tone="warn")
    return found


def _score(view: CaseView) -> str:
    if view.csat is not None:
        return f", scored {view.csat} of 5"
    return f", scored {view.nps} of 10" if view.nps is not None else ""


def _ordered(reasons: dict[QueueGroup, Reason], group: QueueGroup | None) -> list[Reason]:
    return [reason for of, reason in sorted(reasons.items(), key=lambda item: (item[0] is not group, list(QueueGroup).index(item[0])))]


def _coming(view: CaseView, now: datetime) -> Reason:
    if view.status is CaseStatus.CLOSED:
        return Reason("Closed", from_now(view.closed_at, now) if view.closed_at is not None else "", view.closed_at)
    if view.next_at is None:
        return Reason("Nothing is due")
    if view.next_what in _THE_WORD and view.next_word_at is not None:
        return Reason("Moves by itself" if view.status is CaseStatus.OPEN else "Nothing to do")  # its next word has a column of its own
    what = _NEXT.get(view.next_what or "", plain(view.next_what or "something is due"))
    return Reason(f"Next: {what}", from_now(view.next_at, now), view.next_at)
