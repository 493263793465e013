"""The figures: promises, clocks, feedback and messages, counted from the rows themselves.

Owns how each figure is counted. Must never trust a tally that a case reports of itself where rows exist. Called by
the queries.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, case, func, select

from policies.case.vocabulary import CaseStatus, MessageKind, PromiseEnd
from store.standing import MessageState
from store.tables import cases, messages, promises
from store.views import FeedbackSums, PromiseSums, Summary

_ENDED = {CaseStatus.RESOLVED.value, CaseStatus.CLOSED.value}


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which cases count."""

    case_ids: list[str] | None
    include_shadow: bool

    def of(self, column: Column[str]) -> list[ColumnElement[bool]]:
        """The conditions on a table's own column: joining a third of a million rows to their cases takes seconds."""
        conditions: list[ColumnElement[bool]] = []
        if self.case_ids is not None:
            conditions.append(column.in_(self.case_ids))
        if not self.include_shadow:
            conditions.append(column.not_in(select(cases.c.case_id).where(cases.c.shadow.is_(True))))
        return conditions


def summarise(connection: Connection, case_ids: Collection[str] | None, include_shadow: bool) -> Summary:
    choice = _Choice(None if case_ids is None else list(case_ids), include_shadow)
    chosen = choice.of(cases.c.case_id)
    by_kind = _cases(connection, chosen)
    status_sums: dict[str, int] = {}
    for statuses in by_kind.values():
        for status, number in statuses.items():
            status_sums[status] = status_sums.get(status, 0) + number
    clocks = connection.execute(select(func.sum(cases.c.clocks_met), func.sum(cases.c.clocks_breached)).where(*chosen))
    met, breached = (int(value or 0) for value in clocks.one())
    return Summary(
        cases=by_kind,
        total=sum(status_sums.values()),
        open=sum(number for status, number in status_sums.items() if status not in _ENDED),
        resolved=status_sums.get(CaseStatus.RESOLVED.value, 0),
        closed=status_sums.get(CaseStatus.CLOSED.value, 0),
        promises=_promises(connection, choice.of(promises.c.case_id)),
        clocks_met=met,
        clocks_breached=breached,
        sla_percent=_percent(met, met + breached),
        feedback=_feedback(connection, choice),
        messages=_messages(connection, choice.of(messages.c.case_id)),
    )


def _cases(connection: Connection, chosen: list[ColumnElement[bool]]) -> dict[str, dict[str, int]]:
    statement = select(cases.c.kind, cases.c.status, func.count()).where(*chosen).group_by(cases.c.kind, cases.c.status)
    return _nested(connection.execute(statement))


def _messages(connection: Connection, chosen: list[ColumnElement[bool]]) -> dict[str, dict[str, int]]:
    statement = select(messages.c.kind, messages.c.state, func.count()).where(*chosen).group_by(messages.c.kind, messages.c.state)
    return _nested(connection.execute(statement))


def _promises(connection: Connection, chosen: list[ColumnElement[bool]]) -> PromiseSums:
    counted = connection.execute(
        select(promises.c.ended_as, func.count(), func.max(promises.c.late_s)).where(*chosen).group_by(promises.c.ended_as)
    )
    numbers: dict[str, int] = {}
    latest: int | None = None
    for ended_as, number, late_s in counted:
        numbers[ended_as or "open"] = number
        if ended_as == PromiseEnd.LATE.value:
            latest = late_s
    late = numbers.get(PromiseEnd.LATE.value, 0)
    median: float | None = None
    if late:
        # The one or two in the middle; no function for it is common to both engines.
        middle = connection.scalars(
            select(promises.c.late_s)
            .where(*chosen, promises.c.ended_as == PromiseEnd.LATE.value)
            .order_by(promises.c.late_s)
            .offset((late - 1) // 2)
            .limit(2 - late % 2)
        )
        values = middle.all()
        median = sum(values) / len(values)
    return PromiseSums(made=sum(numbers.values()), median_late_s=median, max_late_s=latest, **numbers)


def _feedback(connection: Connection, choice: _Choice) -> FeedbackSums:
    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    requested = (
        select(messages.c.case_id)
        .where(
            messages.c.kind == MessageKind.FEEDBACK_REQUEST.value,
            messages.c.state == MessageState.ACCEPTED.value,
            *choice.of(messages.c.case_id),
        )
        .distinct()
        .subquery()
    )
    counted = connection.execute(
        select(
            func.count(requested.c.case_id),
            count(requested.c.case_id.is_not(None) & (cases.c.csat.is_not(None) | cases.c.nps.is_not(None))),
            count(cases.c.csat.is_not(None)),
            count(cases.c.csat >= 4),
            count(cases.c.nps.is_not(None)),
            count(cases.c.nps >= 9),
            count(cases.c.nps <= 6),
        )
        .select_from(cases.outerjoin(requested, requested.c.case_id == cases.c.case_id))
        .where(*choice.of(cases.c.case_id))
    )
    asked, answered, csat_n, satisfied, nps_n, promoters, detractors = counted.one()
    return FeedbackSums(
        asked=asked,
        answered=answered,
        answer_percent=_percent(answered, asked),
        csat_n=csat_n,
        csat_percent=_percent(satisfied, csat_n),
        nps_n=nps_n,
        nps=_percent(promoters - detractors, nps_n),
    )


def _nested(rows: Any) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for outer, inner, number in rows:
        nested.setdefault(outer, {})[inner] = number
    return nested


def _percent(part: int, whole: int) -> float | None:
    """None of nothing: no answers are not 0 % satisfaction."""
    return round(100 * part / whole, 1) if whole else None
