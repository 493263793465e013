"""Another policy for an open case: from the books as they are now, shown before it is done.

Owns the comparison of dates before and after. Whether it may be done is the case's own decision. Part of the desk.
"""

from datetime import datetime

from policies.book import PolicySnapshot
from policies.case.commands import ChangePolicy, Receipt, Snapshot
from policies.case.facts import Actor
from policies.contract import Contract, Instant
from starter.closed_days import frozen
from starter.desk.keys import CaseKey
from starter.desk.preferences import Preferring
from starter.policy_choice import by_id
from workflows.names import CHANGE_POLICY


class ClockChange(Contract):
    """One running clock under the old and the new policy; None: it does not run under it."""

    clock: str
    before: Instant | None
    after: Instant | None


class PolicyChange(Contract):
    """`receipt` is None for a dry run."""

    case_id: str
    before: str
    after: str
    clocks: list[ClockChange]
    receipt: Receipt | None = None


class Repolicing(Preferring):
    async def change_policy(
        self, case: CaseKey | str, by: Actor, policy_id: str | None = None, *, dry_run: bool = False, key: str | None = None
    ) -> PolicyChange:
        """Put the case under a policy of the books, or under the present version of its own (`policy_id` None).

        Raises NoPolicy, Refused, CaseNotFound, Unanswered, EngineUnavailable.
        """
        found = await self._key(case)
        snapshot = await self.snapshot(found)
        book, policy = by_id(self._books, policy_id or snapshot.policy.partition(" ")[0])
        after = frozen(book, policy, snapshot.opened_at)
        change = PolicyChange(
            case_id=found.case_id,
            before=snapshot.policy,
            after=f"{policy.id} ({after.book} {after.version}, {after.checksum})",
            clocks=_compared(snapshot, after),
        )
        if not dry_run:
            change.receipt = await self._act(found, CHANGE_POLICY, ChangePolicy(by=by, policy=after), key)
        return change


def _compared(snapshot: Snapshot, after: PolicySnapshot) -> list[ClockChange]:
    """Dates as the clocks' own starts give them; clocks that carry a provider's date keep it."""
    changes = []
    policy = after.policy
    for clock in snapshot.clocks:
        if clock["ended"] is not None:
            continue
        definition = policy.clock(str(clock["id"]))
        before = datetime.fromisoformat(str(clock["due_at"]))
        moved: datetime | None = None
        if definition is not None:
            moved = policy.calendar.add(datetime.fromisoformat(str(clock["started_at"])), definition.span) if definition.span else before
            if definition.basis == "internal":
                moved = max(moved, before)  # an internal date that was told is not taken back
        changes.append(ClockChange(clock=str(clock["id"]), before=before, after=moved))
    return changes
