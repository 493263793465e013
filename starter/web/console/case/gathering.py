"""A case as the page sees it: the books' row and everything around it, with the engine's word where it answers in time.

Owns what is said when the engine does not answer. Must never show a case that the person may not see: every
page begins with `Console.case`. Called by the pages of a case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from policies.case.commands import Snapshot
from policies.case.facts import Fact
from policies.case.vocabulary import CaseKind, CaseStatus
from starter.desk import CaseKey
from starter.desk.reading import snapshot_of
from starter.web.console.console import Console
from starter.web.console.visit import Visit
from starter.web.deadline import patience
from starter.web.looking import LOOK_S, NO_ANSWER, looked_up
from store.case_pages import HEAD_FACTS, CaseHead, CasePages
from store.views import CaseView


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """`live`: the engine answered. `facts`: those that the head of the page is made of, oldest first; `fresh`: what only the engine had."""

    key: CaseKey
    row: CaseView | None
    snapshot: Snapshot
    live: bool
    head: CaseHead
    facts: list[Fact]
    fresh: list[Fact] = field(default_factory=list)

    @property
    def case_id(self) -> str:
        return self.key.case_id

    @property
    def kind(self) -> CaseKind:
        return self.key.kind

    @property
    def status(self) -> CaseStatus:
        return self.snapshot.status

    @property
    def closed(self) -> bool:
        return self.snapshot.status is CaseStatus.CLOSED

    @property
    def version(self) -> int:
        """The newest fact that this view knows."""
        return max(self.snapshot.counts.get("facts", 0), self.row.as_of_seq if self.row is not None else 0)

    @property
    def policy_id(self) -> str | None:
        if self.snapshot.policy:
            return self.snapshot.policy.partition(" ")[0]
        named = [fact.detail.get("after") or fact.detail.get("policy") for fact in self.facts]
        return next((str(name) for name in reversed(named) if name), None)

    @property
    def closed_at(self) -> datetime | None:
        return self.row.closed_at if self.row is not None else None


async def seen(console: Console, visit: Visit, case_id: str, within_s: float = LOOK_S) -> CaseSeen:
    """Raises Problem not_found; Away, StoreUnavailable; EngineUnavailable and Unanswered only while the books lack the case."""
    found = await console.case(visit, case_id)
    row, snapshot = found.row, found.snapshot
    live = snapshot is not None
    if snapshot is None and row is not None and row.status is not CaseStatus.CLOSED:
        snapshot = await looked_up(console.parts, found.key, within_s)
        live = snapshot is not None
    if snapshot is None:
        assert row is not None  # what the books do not know came with its snapshot
        snapshot = snapshot_of(row)
    fresh: list[Fact] = []
    if live and (row is None or snapshot.counts.get("facts", 0) > row.as_of_seq):
        fresh = [fact for fact in await _newest(console, found.key, within_s) if row is None or fact.seq > row.as_of_seq]
    pages = CasePages(console.parts.backends.store())
    ref = snapshot.contact_ref or (row.contact_ref if row is not None else None)
    head = await pages.head(case_id, row.customer_key if row is not None else None, ref, snapshot.links)
    facts = [*head.facts, *(fact for fact in fresh if fact.type in HEAD_FACTS)]
    linked = {view.case_id for view in head.linked}
    visible = {
        "others": [view for view in head.others if visit.sees(view.merchant) and view.case_id not in linked],
        "linked": [view for view in head.linked if visit.sees(view.merchant)],
    }
    # A closed case is the books' alone, and they know all of it.
    known = live or (row is not None and row.status is CaseStatus.CLOSED)
    return CaseSeen(found.key, row, snapshot, known, head.model_copy(update=visible), _once(facts), fresh)


async def _newest(console: Console, key: CaseKey, within_s: float) -> Sequence[Fact]:
    try:
        async with patience(within_s):
            return await console.parts.backends.desk().newest_facts(key)
    except NO_ANSWER:
        return []


def _once(facts: Sequence[Fact]) -> list[Fact]:
    by_seq = {fact.seq: fact for fact in facts}
    return [by_seq[seq] for seq in sorted(by_seq)]
