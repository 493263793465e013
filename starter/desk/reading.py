"""Where a case stands and what happened to it: from the engine, from the books once the engine has forgotten it.

Owns that choice. Must never change anything. Part of the desk.
"""

from temporalio.client import WorkflowExecutionStatus

from policies.case.commands import Command, Question, Snapshot
from policies.case.facts import Fact
from policies.case.plans import Foreseen
from policies.case.vocabulary import CaseKind
from starter.desk.base import DeskBase
from starter.desk.engine import Forgotten
from starter.desk.errors import CaseNotFound
from starter.desk.keys import CaseKey
from store.views import CaseView
from workflows.names import FORESEE, SNAPSHOT, TIMELINE


class Reading(DeskBase):
    async def snapshot(self, case: CaseKey | str) -> Snapshot:
        """Raises CaseNotFound, EngineUnavailable, Unanswered (the books still know the case: `snapshot_of_books`)."""
        key = await self._key(case)
        try:
            return await self._engine.query(key, SNAPSHOT, Snapshot)
        except Forgotten:
            return await self.snapshot_of_books(key)

    async def snapshot_of_books(self, case: CaseKey | str) -> Snapshot:
        """What the books alone know: without the agenda, the clocks and the targets. Raises CaseNotFound."""
        key = await self._key(case)
        view = await self._queries.case(key.case_id)
        if view is None:
            raise CaseNotFound(f"neither the engine nor the books know {key.case_id}")
        return snapshot_of(view)

    async def uses_contact(self, case_id: str, contact_ref: str) -> bool:
        """Whether a running workflow writes to this contact: the books may not know of a case or of its new address yet.

        Raises EngineUnavailable, Unanswered.
        """
        for kind in CaseKind:
            key = CaseKey(case_id, kind)
            found = await self._engine.describe(key)
            if found is None or found.status is not WorkflowExecutionStatus.RUNNING:
                continue
            try:
                used = (await self._engine.query(key, SNAPSHOT, Snapshot)).contact_ref
            except Forgotten:
                continue
            if used is None or used == contact_ref:
                return True
        return False

    async def newest_facts(self, case: CaseKey) -> list[Fact]:
        """The last facts as the engine holds them, oldest first: the books may learn them a little later. Empty once it has forgotten
        the case. Raises EngineUnavailable, Unanswered.
        """
        try:
            return await self._engine.query(case, TIMELINE, list[Fact])
        except Forgotten:
            return []

    async def foresee(self, case: CaseKey, name: str, command: Command) -> Foreseen:
        """What the command would do if it were given now; nothing is done. `name` is one of workflows/names.py.

        Raises CaseNotFound, EngineUnavailable, Unanswered, DeskError (a worker of before this question was known).
        """
        question = Question(name=name, command=command.model_dump(mode="json"), at=self._clock())
        try:
            return await self._engine.query(case, FORESEE, Foreseen, question)
        except Forgotten:
            raise CaseNotFound(f"the engine does not know {case.workflow_id}") from None

    async def timeline(self, case: CaseKey | str) -> list[Fact]:
        """Every fact, oldest first: the books' and the newest, which the books may learn a little later."""
        key = await self._key(case)
        facts = {fact.seq: fact for fact in await self._queries.facts(key.case_id)}
        try:
            facts |= {fact.seq: fact for fact in await self._engine.query(key, TIMELINE, list[Fact])}
        except Forgotten:
            if not facts:
                raise CaseNotFound(f"neither the engine nor the books know {key.case_id}") from None
        return [facts[seq] for seq in sorted(facts)]


def snapshot_of(row: CaseView) -> Snapshot:
    """A snapshot as far as the books' row tells it."""
    return Snapshot(
        case_id=row.case_id,
        workflow_id=row.workflow_id,
        kind=row.kind.value,
        status=row.status,
        cycle=row.cycle,
        merchant=row.merchant,
        order=row.order,
        owner=row.owner,
        escalation=row.escalation,
        opened_at=row.opened_at,
        resolve_by=row.resolve_by,
        resolve_by_clock=None,
        next_at=row.next_at,
        next_what=row.next_what,
        next_why=None,
        agenda=[],
        clocks=[],
        targets=[],
        promise=None,
        promises=row.promises,
        hold={"reason": row.hold_reason} if row.hold_reason else None,
        resolution=row.resolution.model_dump(mode="json", exclude_none=True) if row.resolution else None,
        feedback={"csat": row.csat, "nps": row.nps} if row.csat is not None or row.nps is not None else None,
        tail_until=None,
        links=[],
        policy="",
        shadow=row.shadow,
        counts={"facts": row.as_of_seq},
        contact_ref=row.contact_ref,
    )
