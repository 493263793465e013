"""The queue of the support leads: what needs a person, in groups, each by what has waited longest or runs out first.

Owns which case stands in which group and that a page takes a constant number of statements. A case stands once, in the first group that is
true of it; calls and parked channels are things of their own. Must never write, and never count to the end of a table: beyond MOST_COUNTED
the number helps nobody. Shadow cases, which nobody hears of, need nobody. Called by the console.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select, text, tuple_

from policies.case.vocabulary import CaseKind, CaseStatus
from policies.contract import Contract, Instant
from store.case_rows import EPOCH, NOTHING_DUE, as_view, breach_at, list_order, microseconds
from store.engine import Store
from store.parks import ChannelPark, parks_standing
from store.queries import bound_to, merchants_of
from store.tables import UNDONE, call_tasks, case_tags, cases
from store.views import CaseView

MOST_COUNTED = 1000  # what is more is told as 999+; the count of a group then costs the same whatever its size
MOST_MERCHANTS = 200  # to choose from in a filter


class QueueGroup(StrEnum):
    """In the order in which they are worked off."""

    BREACHED = "breached"
    AT_RISK = "at_risk"
    UNANSWERED = "unanswered"
    CALLS = "calls"
    RECOVERY = "recovery"
    PARKED = "parked"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """`merchants`: whose cases exist for the person who asks; empty: everybody's. The others narrow what is shown."""

    merchants: tuple[str, ...] = ()
    owner: str | None = None
    kind: CaseKind | None = None
    merchant: str | None = None
    status: CaseStatus | None = None
    segment: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """`now`, and until when a date of resolution is near. Aware."""

    now: datetime
    horizon: datetime


class CallRow(Contract):
    """A call that somebody must make, with its case."""

    task_id: str
    case: CaseView
    role: str
    owner: str | None = None
    reason: str
    opened_at: Instant
    call_at: Instant
    attempts: int


class QueueSlice(Contract):
    """Rows of one group, and how many there are (at most MOST_COUNTED). `after`: hand it in for the next ones."""

    count: int = 0
    cases: list[CaseView] = Field(default_factory=list)
    calls: list[CallRow] = Field(default_factory=list)
    parks: list[ChannelPark] = Field(default_factory=list)
    after: str | None = None


class QueueView(Contract):
    slices: dict[QueueGroup, QueueSlice]
    merchants: list[str]  # to choose from


_c, _t = cases.c, call_tasks.c
_CALL_AT = func.coalesce(_t.next_try_at, _t.due_at)
_COUNTED = [group for group in QueueGroup if group is not QueueGroup.PARKED]
_SORTED_BY: dict[QueueGroup, ColumnElement[Any]] = {
    QueueGroup.BREACHED: _c.breach_at,
    QueueGroup.AT_RISK: func.coalesce(_c.breach_at, _c.resolve_by, _c.at_risk_since),
    QueueGroup.UNANSWERED: _c.unanswered_since,
    QueueGroup.CALLS: _CALL_AT,
    QueueGroup.RECOVERY: _c.recovery_since,
    QueueGroup.REST: _c.list_order,
}
_UNDONE: ColumnElement[bool] = literal_column(UNDONE)  # the index's own words
_NO_SHADOW: ColumnElement[bool] = literal_column("NOT cases.shadow")  # looked at in each row, not looked up
_BY_FIGURES = text("SET LOCAL plan_cache_mode = force_custom_plan")
_CALLS = select(
    cases,
    _t.task_id.label("call_task_id"),
    _t.role.label("call_role"),
    _t.owner.label("call_owner"),
    _t.reason.label("call_reason"),
    _t.opened_at.label("call_opened_at"),
    _CALL_AT.label("call_at"),
    _t.attempts.label("call_attempts"),
).join_from(call_tasks, cases, _c.case_id == _t.case_id)


class CaseQueue:
    """All raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def overview(self, filters: QueueFilters, moment: Moment, *, each: int, rest: int) -> QueueView:
        """The beginning of every group: `each` rows, of what needs nobody yet `rest`."""

        def work(connection: Connection) -> QueueView:
            _plan_by_figures(connection)
            slices = {
                group: _slice(connection, group, filters, moment, rest if group is QueueGroup.REST else each, None) for group in QueueGroup
            }
            # What is shown as a whole has been counted.
            more = [group for group, part in slices.items() if part.after is not None]
            for group, number in _counts(connection, more, filters, moment).items():
                slices[group].count = number
            return QueueView(slices=slices, merchants=_choice(connection, filters))

        return await self._store.read(work)

    async def page(self, group: QueueGroup, filters: QueueFilters, moment: Moment, *, limit: int, after: str | None) -> QueueView:
        """One group from a place on, with the counts of all. ValueError: `after` is no place in a list."""
        place = _read_cursor(after) if after is not None else None

        def work(connection: Connection) -> QueueView:
            _plan_by_figures(connection)
            counts = _counts(connection, _COUNTED, filters, moment)
            slices = {each: QueueSlice(count=number) for each, number in counts.items()}
            shown = _slice(connection, group, filters, moment, limit, place)
            slices[group] = shown.model_copy(update={"count": counts.get(group, shown.count)})
            return QueueView(slices=slices, merchants=_choice(connection, filters))

        return await self._store.read(work)


def _plan_by_figures(connection: Connection) -> None:
    """PostgreSQL forgets the values of a statement that it has seen often: without them it reads every case to count the few of a group
    (47 ms for what takes 5 with 100,000 cases). In this transaction it plans with them.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_BY_FIGURES)


def _choice(connection: Connection, filters: QueueFilters) -> list[str]:
    return sorted(filters.merchants) if filters.merchants else merchants_of(connection, MOST_MERCHANTS)


def _counts(connection: Connection, groups: Sequence[QueueGroup], filters: QueueFilters, moment: Moment) -> dict[QueueGroup, int]:
    """One statement for all of them."""
    if not groups:
        return {}
    counted = []
    for group in groups:
        conditions = _conditions(group, filters, moment)
        rows: Select[Any] = select(literal_column("1")).where(*conditions)
        rows = rows.join_from(call_tasks, cases, _c.case_id == _t.case_id) if group is QueueGroup.CALLS else rows.select_from(cases)
        some = rows.limit(MOST_COUNTED).subquery()
        counted.append(select(func.count()).select_from(some).scalar_subquery().label(group.value))
    found = connection.execute(select(*counted)).one()
    return dict(zip(groups, found, strict=True))


def _slice(
    connection: Connection, group: QueueGroup, filters: QueueFilters, moment: Moment, limit: int, place: tuple[int, str] | None
) -> QueueSlice:
    if group is QueueGroup.PARKED:
        parks = parks_standing(connection)
        return QueueSlice(count=len(parks), parks=parks)
    key, ident = _SORTED_BY[group], _t.task_id if group is QueueGroup.CALLS else _c.case_id
    conditions = _conditions(group, filters, moment)
    if place is not None:
        begins: Any = place[0] if group is QueueGroup.REST else EPOCH + timedelta(microseconds=place[0])
        conditions.append(tuple_(key, ident) > tuple_(begins, place[1]))
    statement: Select[Any] = (_CALLS if group is QueueGroup.CALLS else select(cases)).where(*conditions)
    rows = connection.execute(statement.order_by(key, ident).limit(limit + 1)).mappings().all()
    more = len(rows) > limit
    if group is QueueGroup.CALLS:
        calls = [_call(row) for row in rows[:limit]]
        after = f"{microseconds(calls[-1].call_at)}.{calls[-1].task_id}" if more else None
        return QueueSlice(count=len(calls), calls=calls, after=after)
    views = [as_view(row) for row in rows[:limit]]
    return QueueSlice(count=len(views), cases=views, after=f"{_place(group, views[-1])}.{views[-1].case_id}" if more else None)


def _conditions(group: QueueGroup, filters: QueueFilters, moment: Moment) -> list[ColumnElement[bool]]:
    is_open = _c.breach_at.is_(None) | (_c.breach_at > moment.now)
    calm = and_(_c.at_risk_since.is_(None), or_(_c.breach_at.is_(None), _c.breach_at > moment.horizon))
    answered = _c.unanswered_since.is_(None)
    conditions: list[ColumnElement[bool]]
    match group:
        case QueueGroup.BREACHED:
            conditions = [_c.breach_at <= moment.now]
        case QueueGroup.AT_RISK:
            near = (_c.breach_at > moment.now) & (_c.breach_at <= moment.horizon)
            conditions = [or_(near, and_(_c.at_risk_since.is_not(None), is_open))]
        case QueueGroup.UNANSWERED:
            conditions = [_c.unanswered_since.is_not(None), calm]
        case QueueGroup.RECOVERY:
            conditions = [_c.recovery_since.is_not(None), calm, answered]
        case QueueGroup.REST:
            conditions = [calm, answered, _c.recovery_since.is_(None)]
            if filters.status is None:
                conditions += [_UNDONE, _c.list_order <= NOTHING_DUE]
        case _:
            conditions = [_t.ended_at.is_(None)]
    return [*conditions, _NO_SHADOW, *_narrowed(group, filters)]


def _narrowed(group: QueueGroup, filters: QueueFilters) -> list[ColumnElement[bool]]:
    """What a filter names is looked at row by row, among the few of a group: SQLite, which knows no figures of a table, would else take the
    index of the filter and read every case of a merchant.
    """
    owner = _t.owner if group is QueueGroup.CALLS else _c.owner
    wanted: list[tuple[ColumnElement[Any], Any]] = [
        (column, str(value))
        for column, value in (
            (_c.status, filters.status),
            (owner, filters.owner),
            (_c.merchant, filters.merchant),
            (_c.kind, filters.kind),
            (_c.segment, filters.segment),
        )
        if value is not None
    ]
    conditions: list[ColumnElement[bool]] = []
    for column, value in wanted:
        leads = column is _c.status and group is QueueGroup.REST  # its index has the order, too
        conditions.append((column if leads else func.coalesce(column, "")) == value)
    conditions += bound_to(filters.merchants)
    if filters.tag is not None:
        conditions.append(select(text("1")).where(case_tags.c.tag == filters.tag, case_tags.c.case_id == _c.case_id).exists())
    return conditions


def _call(row: Any) -> CallRow:
    own = {name.removeprefix("call_"): value for name, value in row.items() if name.startswith("call_") and name != "call_at"}
    return CallRow.model_validate({**own, "case": as_view(row), "call_at": row["call_at"]})


def _place(group: QueueGroup, view: CaseView) -> int:
    """Where this row stands, in the order of its group."""
    if group is QueueGroup.REST:
        return list_order(view)
    moments = {
        QueueGroup.BREACHED: (breach_at(view),),
        QueueGroup.AT_RISK: (breach_at(view), view.resolve_by, view.at_risk_since),
        QueueGroup.UNANSWERED: (view.unanswered_since,),
        QueueGroup.RECOVERY: (view.recovery_since,),
    }[group]
    return microseconds(next(at for at in moments if at is not None))


def _read_cursor(after: str) -> tuple[int, str]:
    number, dot, ident = after.partition(".")
    if not dot or not (number.isascii() and number.isdecimal()) or len(number) > 19 or not ident or int(number) >= 1 << 62:
        raise ValueError("no place in a list; right would be the `after` of the page before")
    return int(number), ident
