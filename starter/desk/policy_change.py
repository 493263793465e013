"""Another policy for an open case: from the books as they are now, shown before it is done.

Owns the comparison of dates before and after. Whether it may be done is the case's own decision. Part of the desk.
"""

from collections.abc import Mapping
from datetime import datetime

from policies.book import ClockPolicy, Policy, PolicySnapshot
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

        A dry run reckons the dates; after the change they are the case's own. Raises NoPolicy, Refused, CaseNotFound, Unanswered,
        EngineUnavailable.
        """
        found = await self._key(case)
        snapshot = await self.snapshot(found)
        old_id = snapshot.policy.partition(" ")[0]
        book, policy = by_id(self._books, policy_id or old_id)
        after = frozen(book, policy, snapshot.opened_at)
        change = PolicyChange(case_id=found.case_id, before=snapshot.policy, after=_named(after), clocks=[])
        if dry_run:
            old = next(
                (frozen(book, entry, snapshot.opened_at) for book in self._books for entry in book.policies if entry.id == old_id), None
            )
            before = old.policy if old is not None and _named(old) == snapshot.policy else None
            change.clocks = _compared(
                snapshot, {clock.id: _reckoned(clock, snapshot, before, after.policy) for clock in after.policy.clocks}
            )
        else:
            change.receipt = await self._act(found, CHANGE_POLICY, ChangePolicy(by=by, policy=after), key)
            now = await self.snapshot(found)
            change.clocks = _compared(snapshot, {str(clock["id"]): _due(clock) for clock in now.clocks if clock["ended"] is None})
        return change


def _named(policy: PolicySnapshot) -> str:
    return f"{policy.policy.id} ({policy.book} {policy.version}, {policy.checksum})"


def _compared(snapshot: Snapshot, after: Mapping[str, datetime | None]) -> list[ClockChange]:
    """The clocks that run before the change, and those of them that go on."""
    running = [clock for clock in snapshot.clocks if clock["ended"] is None]
    return [ClockChange(clock=str(clock["id"]), before=_due(clock), after=after.get(str(clock["id"]))) for clock in running]


def _reckoned(definition: ClockPolicy, snapshot: Snapshot, before: Policy | None, after: Policy) -> datetime | None:
    """The date that a running clock will have, as the rules reckon it: planned anew, later by what holds and extensions have added."""
    clock = next((clock for clock in snapshot.clocks if clock["id"] == definition.id and clock["ended"] is None), None)
    if clock is None:
        return None
    due = _due(clock)
    if definition.span is None:
        return due  # a provider's date
    started = datetime.fromisoformat(str(clock["started_at"]))
    planned = after.calendar.add(started, definition.span)
    old = before.clock(definition.id) if before is not None else None
    if before is None or old is None or old.span is None or definition.basis != "internal":
        return planned
    as_planned = before.calendar.add(started, old.span)
    return after.calendar.moved(planned, as_planned, due, definition.span.unit) if due >= as_planned else min(planned, due)


def _due(clock: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(clock["due_at"]))
