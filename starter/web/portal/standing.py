"""Where a case stands, as its customer may know it: from the books and, while it answers, from the engine.

Owns what the page and its JSON say, without a word of any language. Must never carry a code of a hold or an outcome, a person of ours, a
provider's word or a price that somebody else paid; pure, so that a test can stand anywhere. Called by the portal's pages.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from activities.templates.languages import Language
from policies.book import Policy
from policies.case.commands import Snapshot
from policies.case.facts import Fact
from policies.case.plans import WhoActs
from policies.case.start import Reachability
from policies.case.state import Resolution
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageClass, MessageKind
from policies.money import Money
from starter.web.portal.parts_of_case import Part, parts_of
from starter.web.portal.public_words import PublicWords, WaitsOn
from starter.web.portal.situation import Phase, Situation, situation_of, told_parts
from store.portal_views import PortalView
from store.views import CaseView

Survey = Literal["none", "not_yet", "open", "answered", "over", "unknown"]  # unknown: the engine alone could tell, and does not answer

_WAITS_ON: dict[WaitsOn, WhoActs] = {
    "customer": "you",
    "provider": "bank",
    "carrier": "carrier",
    "merchant": "seller",
    "review": "us",
}
_PHASES: dict[CaseStatus, Phase] = {
    CaseStatus.OPEN: "open",
    CaseStatus.WAITING_ON_CUSTOMER: "asks_you",
    CaseStatus.ON_HOLD: "waits",
    CaseStatus.RESOLVED: "resolved",
    CaseStatus.CLOSED: "closed",
}
_NO_RETURN = ("merged", "withdrawn")  # endings that are no result: nothing to call unsolved, nothing to rate


@dataclass(frozen=True, slots=True)
class Wait:
    """Why the case waits, in public words; `until`: the date that the customer has for an answer."""

    why: str | None
    need: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Result:
    """How the case ended. `continues_in`: the case that took its place."""

    ending: Literal["settled", "merged", "withdrawn"]
    words: str | None
    amounts: list[Money]
    decided_at: datetime
    told_at: datetime | None
    money_expected_at: datetime | None
    continues_in: str | None


@dataclass(frozen=True, slots=True)
class Reopening:
    at: datetime
    because: str  # a key of the wording: customer | bank | carrier | other


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is said of a case. Moments are UTC."""

    case_id: str
    kind: CaseKind
    order: str
    phase: Phase
    status: CaseStatus
    opened_at: datetime
    as_of: datetime
    fresh: bool  # the engine answered; else the books alone are told
    acknowledged_at: datetime | None
    closed_at: datetime | None
    parts: list[Part]
    asked_at: datetime | None  # when the bank or carrier was last asked ...
    answered_at: datetime | None  # ... and last answered
    waits_on: WhoActs | None  # of a hold
    next_word_at: datetime | None
    updates_off: bool
    resolve_by: datetime | None
    resolve_by_why: str | None
    resolve_by_stands_still: bool
    delivery_expected_at: datetime | None
    wait: Wait | None
    result: Result | None
    reopenings: list[Reopening]
    first_results: list[datetime]  # when earlier cycles were resolved
    survey: Survey
    csat: int | None
    nps: int | None
    not_solved_until: datetime | None  # None: nothing to be called unsolved now, or nobody knows
    reach: Reachability | None
    policy_id: str | None
    show_prices: bool
    evidence_sent_at: datetime | None = None
    amounts: list[Money] = field(default_factory=list)
    reopening_unknown: bool = False  # the case is resolved, and whether it can be opened again cannot be known now
    owes_answer: bool = False  # the customer wrote, or said that it is not solved, and no person has answered yet
    answer_due_at: datetime | None = None

    @property
    def situation(self) -> Situation:
        """The one truth that headline, steps, turn and JSON are read from."""
        return situation_of(
            self.kind,
            self.phase,
            self.parts,
            waits_on=self.waits_on,
            owes_answer=self.owes_answer,
            asked=self.asked_at is not None,
            acknowledged=self.acknowledged_at is not None,
        )

    @property
    def who_acts(self) -> WhoActs:
        return self.situation.who_acts

    @property
    def answer_late(self) -> bool:
        return self.answer_due_at is not None and self.answer_due_at < self.as_of

    @property
    def over(self) -> bool:
        return self.phase == "closed"

    @property
    def may_reply(self) -> bool:
        return not self.over

    @property
    def may_supply(self) -> bool:
        return self.phase == "asks_you"

    @property
    def may_rate(self) -> bool:
        return self.survey in ("open", "answered") and not self.over

    @property
    def rating_unknown(self) -> bool:
        return self.survey == "unknown"

    @property
    def may_reopen(self) -> bool:
        return self.not_solved_until is not None

    @property
    def late(self) -> bool:
        """The next word was promised for a moment that has passed."""
        return self.next_word_at is not None and self.next_word_at < self.as_of

    @property
    def date_missed(self) -> bool:
        return self.resolve_by is not None and self.resolve_by < self.as_of


def standing(view: PortalView, snapshot: Snapshot | None, words: PublicWords, language: Language, now: datetime) -> Standing | None:
    """None if neither the books nor the engine know the case yet."""
    row = view.row
    if row is None and snapshot is None:
        return None
    kind = row.kind if row is not None else CaseKind(snapshot.kind)  # type: ignore[union-attr]
    status = _status(row, snapshot)
    policy_id = _policy_id(view, snapshot)
    phase = _PHASES[status]
    evidence_sent_at = max(
        (fact.occurred_at for fact in _of(view, FactType.REPORTED) if fact.detail.get("name") == "evidence_submitted"), default=None
    )
    parts = told_parts(parts_of(view, snapshot, show_prices=view.holder.pays), phase, evidence_sent_at)
    record = _resolution(row, snapshot)
    wait, waits_on = _wait(row, snapshot, words, kind, policy_id, language, status)
    reach = snapshot.reach if snapshot is not None else None
    updates_off = reach is not None and MessageClass.STATUS in reach.opted_out
    result = _result(record, words, kind, policy_id, language, view.holder.pays) if _has_ended(status) else None
    dates = _dates(view, row, snapshot, words, kind, policy_id, language) if not _has_ended(status) else (None, None, False)
    answer = _answer(view, row, snapshot, words.policy(policy_id)) if status is not CaseStatus.CLOSED else (False, None)
    return Standing(
        case_id=view.holder.case_id,
        kind=kind,
        order=_order(row, snapshot),
        phase=phase,
        status=status,
        opened_at=_opened_at(row, snapshot),
        as_of=now,
        fresh=snapshot is not None,
        acknowledged_at=next((sent.at for sent in reversed(view.messages) if sent.kind is MessageKind.ACKNOWLEDGEMENT), None),
        closed_at=row.closed_at if row is not None else None,
        parts=parts,
        asked_at=max((check.last_checked_at for check in view.checks), default=None),
        answered_at=max((check.last_answered_at for check in view.checks if check.last_answered_at is not None), default=None),
        waits_on=_WAITS_ON[waits_on] if waits_on is not None else None,
        next_word_at=None if updates_off or _has_ended(status) else _next_word_at(view, snapshot),
        updates_off=updates_off,
        resolve_by=dates[0],
        resolve_by_why=dates[1],
        resolve_by_stands_still=dates[2],
        delivery_expected_at=_delivery_date(view) if kind is CaseKind.DELAY else None,
        wait=wait,
        result=result,
        reopenings=[Reopening(fact.occurred_at, _because_of(fact)) for fact in _of(view, FactType.REOPENED)],
        first_results=[fact.occurred_at for fact in _of(view, FactType.RESOLVED) if fact.cycle < _cycle(row, snapshot)],
        survey=_survey(row, snapshot, record, status),
        csat=_score(row, snapshot, "csat"),
        nps=_score(row, snapshot, "nps"),
        not_solved_until=_not_solved_until(snapshot, record, status, now),
        reopening_unknown=snapshot is None and _can_come_back(record, status),
        reach=reach,
        policy_id=policy_id,
        show_prices=view.holder.pays,
        evidence_sent_at=evidence_sent_at,
        amounts=_amounts(parts),
        owes_answer=answer[0],
        answer_due_at=answer[1],
    )


def _status(row: CaseView | None, snapshot: Snapshot | None) -> CaseStatus:
    if row is not None and row.closed_at is not None:
        return CaseStatus.CLOSED
    return snapshot.status if snapshot is not None else row.status  # type: ignore[union-attr]


def _has_ended(status: CaseStatus) -> bool:
    return status in (CaseStatus.RESOLVED, CaseStatus.CLOSED)


def _order(row: CaseView | None, snapshot: Snapshot | None) -> str:
    return row.order if row is not None else snapshot.order  # type: ignore[union-attr]


def _opened_at(row: CaseView | None, snapshot: Snapshot | None) -> datetime:
    return row.opened_at if row is not None else snapshot.opened_at  # type: ignore[union-attr]


def _cycle(row: CaseView | None, snapshot: Snapshot | None) -> int:
    return snapshot.cycle if snapshot is not None else row.cycle  # type: ignore[union-attr]


def _policy_id(view: PortalView, snapshot: Snapshot | None) -> str | None:
    if snapshot is not None and snapshot.policy:
        return snapshot.policy.partition(" (")[0]
    named = [fact.detail.get("after") for fact in _of(view, FactType.POLICY_CHANGED)]
    named = named or [fact.detail.get("policy") for fact in _of(view, FactType.OPENED)]
    return str(named[-1]) if named and named[-1] else None


def _resolution(row: CaseView | None, snapshot: Snapshot | None) -> Resolution | None:
    if snapshot is not None and snapshot.resolution is not None:
        return Resolution.model_validate(snapshot.resolution)
    return row.resolution if row is not None else None


def _result(
    record: Resolution | None, words: PublicWords, kind: CaseKind, policy_id: str | None, language: Language, show_prices: bool
) -> Result | None:
    if record is None:
        return None
    merged = record.outcome == "merged"
    return Result(
        ending="merged" if merged else "withdrawn" if record.outcome == "withdrawn" else "settled",
        words=words.outcome(policy_id, kind, record.outcome, language),
        amounts=list(record.amounts) if show_prices else [],
        decided_at=record.decided_at,
        told_at=record.told_at,
        money_expected_at=record.money_expected_at,
        continues_in=record.references[0] if merged and record.references else None,
    )


def _wait(
    row: CaseView | None,
    snapshot: Snapshot | None,
    words: PublicWords,
    kind: CaseKind,
    policy_id: str | None,
    language: Language,
    status: CaseStatus,
) -> tuple[Wait | None, WaitsOn | None]:
    if status not in (CaseStatus.WAITING_ON_CUSTOMER, CaseStatus.ON_HOLD):
        return None, None
    hold = snapshot.hold if snapshot is not None else {"reason": row.hold_reason if row is not None else None}
    asks = status is CaseStatus.WAITING_ON_CUSTOMER
    known = hold or {}
    found = words.waiting(policy_id, kind, str(known.get("reason") or ""), language, asks=asks)
    wait = Wait(found.why, found.need if asks else None, _moment(known.get("since")), _moment(known.get("expires_at")) if asks else None)
    return wait, "customer" if asks else found.on


def _answer(view: PortalView, row: CaseView | None, snapshot: Snapshot | None, policy: Policy | None) -> tuple[bool, datetime | None]:
    """Whether we owe the customer an answer, and by when."""
    if snapshot is None:
        return row is not None and row.unanswered_since is not None, None
    names = {clock.id for clock in policy.clocks if clock.starts == "customer_replied"} if policy is not None else {"next_response"}
    clocks = [clock for clock in snapshot.clocks if clock.get("id") in names]
    due = [_moment(clock.get("due_at")) for clock in clocks if not clock.get("ended")]
    if due:
        return True, min((at for at in due if at is not None), default=None)
    said = [fact.occurred_at for fact in _of(view, FactType.REOPENED) if fact.cycle == snapshot.cycle and _because_of(fact) == "customer"]
    if not said or any((started := _moment(clock.get("started_at"))) is not None and started >= said[-1] for clock in clocks):
        return False, None  # never said, or with words, and these were answered
    # "Not solved" without a word starts no clock; it is ours all the same until a person writes.
    return not any(message.kind is MessageKind.REPLY and message.at > said[-1] for message in view.messages), None


def _next_word_at(view: PortalView, snapshot: Snapshot | None) -> datetime | None:
    if snapshot is not None and snapshot.promise is not None:
        return _moment(snapshot.promise.get("due_at"))
    # While a message is on its way the engine holds no promise; the books know what that message names.
    return view.promised_at or (view.row.next_word_at if view.row is not None else None)


def _dates(
    view: PortalView,
    row: CaseView | None,
    snapshot: Snapshot | None,
    words: PublicWords,
    kind: CaseKind,
    policy_id: str | None,
    language: Language,
) -> tuple[datetime | None, str | None, bool]:
    """The date of resolution, why it is that date, and whether a wait holds it still."""
    if snapshot is None:
        return (row.resolve_by if row is not None else None), None, False
    clock = next((clock for clock in snapshot.clocks if clock.get("id") == snapshot.resolve_by_clock), None)
    if clock is None or snapshot.resolve_by is None or _moment(clock.get("due_at")) != snapshot.resolve_by:
        return snapshot.resolve_by, None, False
    extended = any(fact.cycle == snapshot.cycle for fact in _of(view, FactType.EXTENDED))  # then no rule gives the date, we did
    why = words.date_reason(policy_id, kind, str(clock["id"]), language) if not extended else None
    return snapshot.resolve_by, why, clock.get("held_since") is not None


def _delivery_date(view: PortalView) -> datetime | None:
    dates = [_moment(fact.detail.get("at")) for fact in _of(view, FactType.REPORTED) if fact.detail.get("name") == "delivery_date"]
    return dates[-1] if dates else None


def _survey(row: CaseView | None, snapshot: Snapshot | None, record: Resolution | None, status: CaseStatus) -> Survey:
    if not _has_ended(status) or record is None or record.outcome in _NO_RETURN:
        return "none"
    if status is CaseStatus.CLOSED or snapshot is None:
        if row is not None and (row.csat is not None or row.nps is not None):
            return "answered"
        return "over" if status is CaseStatus.CLOSED else "unknown"
    feedback = snapshot.feedback
    if feedback is None:
        return "not_yet"
    if feedback.get("ended") == "answered":
        return "answered"
    if feedback.get("ended"):
        return "over"
    return "open" if feedback.get("asked_at") else "not_yet"


def _score(row: CaseView | None, snapshot: Snapshot | None, name: str) -> int | None:
    if snapshot is not None and snapshot.feedback is not None:
        value = snapshot.feedback.get(name)
        return value if isinstance(value, int) else None
    return getattr(row, name) if row is not None and row.status is CaseStatus.CLOSED else None


def _not_solved_until(snapshot: Snapshot | None, record: Resolution | None, status: CaseStatus, now: datetime) -> datetime | None:
    """The end of the tail while it runs; only the engine knows it, and only it can reopen."""
    if snapshot is None or not _can_come_back(record, status):
        return None
    until = snapshot.tail_until
    return until if until is not None and now <= until else None


def _can_come_back(record: Resolution | None, status: CaseStatus) -> bool:
    return status is CaseStatus.RESOLVED and record is not None and record.outcome not in _NO_RETURN


def _because_of(fact: Fact) -> str:
    words = {
        "customer_not_solved": "customer",
        "refund_failed": "refund_failed",
        "refund_canceled": "refund_stopped",
        "dispute_reopened": "dispute",
        "delivery_lost": "parcel",
        "parcel_lost": "parcel",
        "delivery_exception": "parcel",
    }
    return words.get(str(fact.detail.get("because")), "other")


def _amounts(parts: list[Part]) -> list[Money]:
    sums: dict[str, int] = {}
    for part in parts:
        if part.amount is not None and not part.replaced:
            sums[part.amount.currency] = sums.get(part.amount.currency, 0) + part.amount.amount_minor
    return [Money(amount_minor=minor, currency=currency) for currency, minor in sums.items()]


def _of(view: PortalView, type_: FactType) -> list[Fact]:
    return [fact for fact in view.facts if fact.type is type_]


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
