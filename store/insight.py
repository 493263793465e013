"""Insight: how well the house keeps its word, over the cases opened in a period, by one grouping at a time.

Owns how each measure is counted (docs/glossary.md says the same in words). Must never read a row case by case (two statements,
whatever their number), nor trust a tally that a case reports of itself where rows exist. Called by the console
and by `makegood insight`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Integer, Select, bindparam, case, func, select, type_coerce

from policies.case.vocabulary import FactType, MessageKind, PromiseEnd
from store.engine import Store
from store.insight_views import Figures, Group, Grouping, Insight, Wanted
from store.standing import MessageState
from store.tables import INSIGHT_FACTS, cases, facts, messages, promises
from store.whole_seconds import whole_seconds

_WEEK_S = 7 * 24 * 3600
_FIRST_MONDAY = date(1970, 1, 5)
_FIRST_MONDAY_S = 4 * 24 * 3600
_NO_RESULT = ("withdrawn", "merged")  # endings on every policy that solve nothing
# Somebody had to write or call before the result was there.
_CONTACTS = (FactType.CUSTOMER_REPLIED.value, FactType.LEAD_REPLIED.value, FactType.PHONE_CONTACT.value)
_RULED = (FactType.OPENED.value, FactType.POLICY_CHANGED.value)
_ENDS = (PromiseEnd.KEPT.value, PromiseEnd.LATE.value, PromiseEnd.BROKEN.value)
_OF_MESSAGES = (Grouping.CHANNEL, Grouping.TEMPLATE)

# As the index is written, word for word: with parameters neither engine would see that it fits.
_IN_THE_INDEX = facts.c.type.in_(bindparam("types", INSIGHT_FACTS, expanding=True, literal_execute=True))
_NONE = {"cases": 0}
# What of the figures is counted, and so adds up.
_ADDED = [name for name in Figures.model_fields if name not in ("resolution_median_s", "resolution_p90_s")]

Counts = dict[str, int]


async def insight(store: Store, wanted: Wanted) -> Insight:
    """All of one moment. Raises StoreUnavailable."""
    return await store.read(lambda connection: _counted(connection, wanted))


def _counted(connection: Connection, wanted: Wanted) -> Insight:
    sums: dict[Any, Mapping[str, Any]] = {row["name"]: {**row} for row in connection.execute(_sums(_each_case(wanted))).mappings()}
    ends: dict[Any, Counts] = {}
    for name, end, number in connection.execute(_promises(wanted)):
        ends.setdefault(name, {})[f"promises_{end}"] = number
    groups = [
        Group(name=_shown(wanted.by, name), figures=_figures(sums.get(name, {}), ends.get(name, {})))
        for name in _in_order(wanted.by, sums, ends)
    ]
    return Insight(wanted=wanted, total=_total([group.figures for group in groups], list(sums.values())), groups=groups)


# -- which cases, and what of each ----------------------------------------------------------------------------------------------------


def _chosen(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [cases.c.opened_at >= wanted.since, cases.c.opened_at < wanted.until]
    if wanted.kind is not None:
        conditions.append(cases.c.kind == wanted.kind.value)
    if wanted.merchant is not None:
        conditions.append(cases.c.merchant == wanted.merchant)
    if wanted.merchants:
        conditions.append(cases.c.merchant.in_(wanted.merchants))
    if not wanted.include_shadow:
        conditions.append(cases.c.shadow.is_(False))
    return conditions


def _each_case(wanted: Wanted) -> FromClause:
    """One row per case that counts: its group, and what is to be summed."""
    has_result = cases.c.resolution.is_not(None) & cases.c.resolution["outcome"].as_string().not_in(_NO_RESULT)
    # The first of these facts: before it nobody wrote or called.
    first_facts = _facts_of(cases.c.case_id, facts.c.type, FactType.RESOLVED.value, *_CONTACTS)
    at_first = first_facts.order_by(facts.c.seq).limit(1).scalar_subquery()
    resolved_at = _last(_facts_of(cases.c.case_id, facts.c.occurred_at, FactType.RESOLVED.value))
    return (
        select(
            cases.c.case_id,
            _name(wanted.by).label("name"),
            case((cases.c.resolution.is_(None), 1), else_=0).label("open"),
            case((has_result, 1), else_=0).label("resolved"),
            case((has_result, whole_seconds(resolved_at) - whole_seconds(cases.c.opened_at))).label("span_s"),
            case((has_result & (cases.c.cycle == 1) & (at_first == FactType.RESOLVED.value), 1), else_=0).label("first_contact"),
            cases.c.clocks_met,
            cases.c.clocks_breached,
            cases.c.csat,
            cases.c.nps,
        )
        .where(*_chosen(wanted))
        .cte("each_case")
    )


def _facts_of(case_id: ColumnElement[str], column: ColumnElement[Any], *types: str) -> Select[Any]:
    """Of the facts of a case of these types: a small index knows them. `case_id`: a column of the outer query."""
    return select(column).where(facts.c.case_id == case_id, _IN_THE_INDEX, facts.c.type.in_(types))


def _last(found: Select[Any]) -> ColumnElement[Any]:
    return found.order_by(facts.c.seq.desc()).limit(1).scalar_subquery()


def _policy(case_id: ColumnElement[str]) -> ColumnElement[Any]:
    """That rules the case: after a change the one it was changed to."""
    name = func.coalesce(facts.c.detail["after"].as_string(), facts.c.detail["policy"].as_string())
    return _last(_facts_of(case_id, name, *_RULED))


def _name(by: Grouping) -> ColumnElement[Any]:
    if by is Grouping.KIND:
        return cases.c.kind
    if by is Grouping.WEEK:
        return type_coerce((whole_seconds(cases.c.opened_at) - _FIRST_MONDAY_S) // _WEEK_S, Integer)
    if by is Grouping.POLICY:
        return _policy(cases.c.case_id)
    return (
        select(_of_message(by))
        .where(
            messages.c.case_id == cases.c.case_id,
            messages.c.cycle == cases.c.cycle,
            messages.c.kind == MessageKind.RESOLUTION.value,
            messages.c.state == MessageState.ACCEPTED.value,
        )
        .order_by(messages.c.seq.desc())  # said again on another channel: the last one is the one that was read
        .limit(1)
        .scalar_subquery()
    )


def _of_message(by: Grouping) -> ColumnElement[Any]:
    return messages.c.channel if by is Grouping.CHANNEL else messages.c.template_id + " " + messages.c.template_version


# -- the two statements -----------------------------------------------------------------------------------------------------------------


def _sums(each: FromClause) -> Select[Any]:
    """Each group's sums, its median and 90th percentile (nearest rank; no function for them is common to both engines), and which part of
    the whole's percentiles lie in it.
    """
    ranked = select(
        each,
        func.row_number().over(partition_by=each.c.name, order_by=each.c.span_s.nulls_last()).label("place"),
        func.count(each.c.span_s).over(partition_by=each.c.name).label("number"),
        func.row_number().over(order_by=(each.c.span_s.nulls_last(), each.c.case_id)).label("place_of_all"),
        func.count(each.c.span_s).over().label("number_of_all"),
    ).subquery("ranked")
    column = ranked.c

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    def middle(place: ColumnElement[int], of: ColumnElement[int]) -> ColumnElement[Any]:
        """The one or two in the middle."""
        return case((place.in_([(of + 1) // 2, (of + 2) // 2]), column.span_s))

    def ninetieth(place: ColumnElement[int], of: ColumnElement[int]) -> ColumnElement[Any]:
        return case((place == (9 * of + 9) // 10, column.span_s))

    in_group, of_all = (column.place, column.number), (column.place_of_all, column.number_of_all)
    return select(
        column.name,
        func.count().label("cases"),
        func.sum(column.open).label("open"),
        func.sum(column.resolved).label("resolved"),
        func.sum(column.first_contact).label("first_contact"),
        func.sum(column.clocks_met).label("clocks_met"),
        func.sum(column.clocks_breached).label("clocks_breached"),
        func.count(column.csat).label("csat_n"),
        func.coalesce(func.sum(column.csat), 0).label("csat_sum"),
        number(column.csat >= 4).label("csat_satisfied"),
        func.count(column.nps).label("nps_n"),
        number(column.nps >= 9).label("nps_promoters"),
        number(column.nps <= 6).label("nps_detractors"),
        func.min(middle(*in_group)).label("lower"),
        func.max(middle(*in_group)).label("upper"),
        func.max(ninetieth(*in_group)).label("p90"),
        func.min(middle(*of_all)).label("lower_of_all"),
        func.max(middle(*of_all)).label("upper_of_all"),
        func.max(ninetieth(*of_all)).label("p90_of_all"),
    ).group_by(column.name)


def _promises(wanted: Wanted) -> Select[Any]:
    source = cases.join(promises, promises.c.case_id == cases.c.case_id)
    ended: Any
    if wanted.by is Grouping.POLICY:  # looked up once for each case and end, not for each promise
        of_case = (
            select(promises.c.case_id, promises.c.ended_as, func.count().label("number"))
            .select_from(source)
            .where(promises.c.ended_as.in_(_ENDS), *_chosen(wanted))
            .group_by(promises.c.case_id, promises.c.ended_as)
            .subquery("of_case")
        )
        ended = select(_policy(of_case.c.case_id).label("name"), of_case.c.ended_as, of_case.c.number).subquery("ended")
        return select(ended.c.name, ended.c.ended_as, func.sum(ended.c.number)).group_by(ended.c.name, ended.c.ended_as)
    if wanted.by in _OF_MESSAGES:
        name = _of_message(wanted.by)
        source = source.outerjoin(messages, messages.c.message_id == promises.c.made_by)
    else:
        name = _name(wanted.by)
    ended = (
        select(name.label("name"), promises.c.ended_as)
        .select_from(source)
        .where(promises.c.ended_as.in_(_ENDS), *_chosen(wanted))
        .subquery("ended")
    )
    return select(ended.c.name, ended.c.ended_as, func.count()).group_by(ended.c.name, ended.c.ended_as)


# -- the answer -----------------------------------------------------------------------------------------------------------------------


def _figures(sums: Mapping[str, Any], ends: Mapping[str, int]) -> Figures:
    counts = {name: int(value) for name, value in sums.items() if name in _ADDED}
    lower, upper = sums.get("lower"), sums.get("upper")
    middle = (lower + upper) / 2 if lower is not None and upper is not None else None
    return Figures(**counts, **ends, resolution_median_s=middle, resolution_p90_s=sums.get("p90"))


def _total(groups: Sequence[Figures], sums: Sequence[Mapping[str, Any]]) -> Figures:
    """Counts add up. Of the percentiles each group holds those parts of the whole's that lie in it."""
    counts = {name: sum(getattr(group, name) for group in groups) for name in _ADDED}
    lower = [row["lower_of_all"] for row in sums if row["lower_of_all"] is not None]
    upper = [row["upper_of_all"] for row in sums if row["upper_of_all"] is not None]
    ninetieth = [row["p90_of_all"] for row in sums if row["p90_of_all"] is not None]
    return Figures(
        **counts,
        resolution_median_s=(min(lower) + max(upper)) / 2 if lower and upper else None,
        resolution_p90_s=max(ninetieth) if ninetieth else None,
    )


def _in_order(by: Grouping, sums: Mapping[Any, Mapping[str, Any]], ends: Mapping[Any, object]) -> list[Any]:
    if by is Grouping.WEEK:
        weeks = set(sums) | set(ends)
        return list(range(min(weeks), max(weeks) + 1)) if weeks else []
    return sorted({*sums, *ends}, key=lambda name: (name is None, -sums.get(name, _NONE)["cases"], str(name)))


def _shown(by: Grouping, name: Any) -> str | None:
    return (_FIRST_MONDAY + timedelta(weeks=name)).isoformat() if by is Grouping.WEEK else name
