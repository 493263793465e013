"""Commands: one method for each thing a person may do to a case, as an update with an answer.

Owns the way of texts (into the store, only their reference travels) and of refusals. Must never decide whether a command is allowed:
the case's rules do. Part of the desk.
"""

import copy
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.vocabulary import CallResult, CaseStatus
from policies.money import Money
from policies.providers.statuses import TargetType
from starter.desk.engine import Forgotten
from starter.desk.errors import CaseNotFound, MovedOn, Refused
from starter.desk.keys import CaseKey
from starter.desk.no_contact import contact_within
from starter.desk.reading import Reading
from store.references import CaseReference
from workflows import names

PAYMENT_REPLACED = "payment_replaced"  # the fact that a refund was issued again under another reference
_LONGEST_TEXT = 20_000  # a long e-mail; what is longer belongs in an attachment


class Acting(Reading):
    """`case` is a key or whatever `resolve_ref` understands. `key` makes a repeated call the same command.

    All raise Refused (nothing happened), CaseNotFound, Unanswered, EngineUnavailable.
    """

    _decided_on: tuple[CaseKey, int] | None = None

    def as_of(self, case: CaseKey, seq: int | None) -> Self:
        """A desk whose acts on this case are refused (MovedOn) if its newest fact is no longer `seq`: the case itself looks, right before
        it takes the act. The same act under the same `key` gets its first answer, though it has moved the case on itself. None: no matter.
        """
        desk = copy.copy(self)
        desk._decided_on = (case, seq) if seq is not None else None
        return desk

    async def resolve(
        self,
        case: CaseKey | str,
        by: Actor,
        outcome: str,
        *,
        amounts: Sequence[Money] = (),
        references: Sequence[str] = (),
        evidence: Sequence[str] = (),
        key: str | None = None,
    ) -> c.Receipt:
        command = c.Resolve(by=by, outcome=outcome, amounts=list(amounts), references=list(references), evidence=list(evidence))
        return await self._act(case, names.RESOLVE, command, key)

    async def hold(
        self, case: CaseKey | str, by: Actor, reason: str, *, until: datetime | None = None, key: str | None = None
    ) -> c.Receipt:
        return await self._act(case, names.HOLD, c.HoldCase(by=by, reason=reason, until=until), key)

    async def resume(self, case: CaseKey | str, by: Actor, *, key: str | None = None) -> c.Receipt:
        return await self._act(case, names.RESUME, c.Resume(by=by), key)

    async def escalate(
        self, case: CaseKey | str, by: Actor, *, level: int | None = None, to: str | None = None, key: str | None = None
    ) -> c.Receipt:
        return await self._act(case, names.ESCALATE, c.Escalate(by=by, level=level, to=to), key)

    async def extend(self, case: CaseKey | str, by: Actor, until: datetime, *, key: str | None = None) -> c.Receipt:
        return await self._act(case, names.EXTEND, c.Extend(by=by, until=until), key)

    async def reassign(self, case: CaseKey | str, by: Actor, owner: str, *, key: str | None = None) -> c.Receipt:
        return await self._act(case, names.REASSIGN, c.Reassign(by=by, owner=owner), key)

    async def reply(self, case: CaseKey | str, by: Actor, text: str, *, key: str | None = None) -> c.Receipt:
        """The text goes to the customer on the case's channel."""
        found = await self._key(case)
        return await self._act(found, names.REPLY, c.Reply(by=by, text_ref=await self._keep(found, "reply", text, by)), key)

    async def note(self, case: CaseKey | str, by: Actor, text: str, *, key: str | None = None) -> c.Receipt:
        found = await self._key(case)
        return await self._act(found, names.NOTE, c.Note(by=by, text_ref=await self._keep(found, "note", text, by)), key)

    async def phone_contact(
        self,
        case: CaseKey | str,
        by: Actor,
        *,
        text: str | None = None,
        reached: bool = True,
        promised_at: datetime | None = None,
        result: CallResult | None = None,
        task_id: str | None = None,
        unsaid: tuple[str, str] | None = None,
        key: str | None = None,
    ) -> c.Receipt:
        """`result` and `task_id`: of a call task; `unsaid`: message and delivery that the call was to speak, and did not."""
        found = await self._key(case)
        ref = await self._keep(found, "phone", text, by) if text else None
        message_id, delivery_id = unsaid or (None, None)
        command = c.PhoneContact(
            by=by,
            text_ref=ref,
            reached=reached,
            promised_at=promised_at,
            result=result,
            task_id=task_id,
            unsaid_message_id=message_id,
            unsaid_delivery_id=delivery_id,
        )
        return await self._act(found, names.PHONE_CONTACT, command, key)

    async def report_fact(
        self,
        case: CaseKey | str,
        by: Actor,
        name: str,
        *,
        occurred_at: datetime | None = None,
        old_reference: str | None = None,
        new_reference: str | None = None,
        provider: str | None = None,
        key: str | None = None,
    ) -> c.Receipt:
        """`provider`: where both references stand; needed only if two providers gave the same one."""
        found = await self._key(case)
        command = c.ReportFact(
            by=by, name=name, occurred_at=occurred_at, old_reference=old_reference, new_reference=new_reference, provider=provider
        )
        if name == PAYMENT_REPLACED and old_reference and new_reference:
            await self._know_reference(found, old_reference, new_reference, provider)
        return await self._act(found, names.REPORT_FACT, command, key)

    async def link(
        self, case: CaseKey | str, by: Actor, other: CaseKey | str, *, relation: str = "sibling", key: str | None = None
    ) -> c.Receipt:
        found = await self._key(other)
        return await self._act(case, names.LINK, c.Link(by=by, case_id=found.case_id, relation=relation), key)

    async def merge(self, case: CaseKey | str, by: Actor, into: CaseKey | str, *, key: str | None = None) -> c.Receipt:
        """End `case` in favour of `into`, which takes over the strictest date first, so that it is never lost."""
        gone, stays = await self._key(case), await self._key(into)
        if gone == stays:
            raise Refused("into: name another case")
        await self._same_customer(gone, stays)
        snapshot = await self.snapshot(gone)
        if snapshot.status in (CaseStatus.RESOLVED, CaseStatus.CLOSED):
            raise Refused(f"{gone.case_id} is {snapshot.status.value}; link the cases instead")
        seq, version = self._seq_of(gone), snapshot.counts.get("facts", 0)
        if seq is not None and seq != version:
            raise MovedOn(f"the case has moved on: its newest fact is {version}; look at it and decide anew", version)
        absorb = c.Absorb(by=by, case_id=gone.case_id, resolve_by=snapshot.resolve_by)
        # Its own id: the same absorption is done once, also when the merge is tried again.
        await self._act(stays, names.ABSORB, absorb, f"{key}-absorb" if key else f"absorb-{gone.case_id}-{snapshot.cycle}")
        return await self._act(gone, names.MERGE, c.Merge(by=by, into=stays.case_id), key)

    async def withdraw(self, case: CaseKey | str, by: Actor, *, key: str | None = None) -> c.Receipt:
        return await self._act(case, names.WITHDRAW, c.Withdraw(by=by), key)

    async def feedback(
        self,
        case: CaseKey | str,
        by: Actor,
        *,
        csat: int | None = None,
        nps: int | None = None,
        comment: str | None = None,
        key: str | None = None,
    ) -> c.Receipt:
        found = await self._key(case)
        ref = await self._keep(found, "comment", comment, by) if comment else None
        return await self._act(found, names.FEEDBACK, c.GiveFeedback(by=by, csat=csat, nps=nps, comment_ref=ref), key)

    async def customer_reply(
        self,
        case: CaseKey | str,
        by: Actor,
        text: str | None = None,
        *,
        not_solved: bool = False,
        supplied: bool = False,
        key: str | None = None,
    ) -> c.Receipt:
        found = await self._key(case)
        ref = await self._keep(found, "customer", text, by) if text else ""
        command = c.CustomerReply(by=by, text_ref=ref, not_solved=not_solved, supplied=supplied)
        return await self._act(found, names.CUSTOMER_REPLY, command, key)

    async def _know_reference(self, key: CaseKey, old: str, new: str, provider: str | None) -> None:
        """So that the provider's word on the new payment finds its case. Known too early it does no harm: the case takes it or not."""
        for target in (await self.snapshot(key)).targets:
            if target["reference"] == old and provider in (None, target["provider"]):
                reference = CaseReference(type=TargetType(str(target["type"])), provider=str(target["provider"]), reference=new)
                await self._desk_books.save_references(key.case_id, [reference], self._clock())

    async def _act(self, case: CaseKey | str, name: str, command: c.Command, update_id: str | None) -> c.Receipt:
        key = await self._key(case)
        seq = self._seq_of(key)
        if seq is not None:
            command = command.model_copy(update={"if_seq": seq})
        if (contact := contact_within(command)) is not None:
            raise Refused(contact)
        try:
            return await self._engine.update(key, name, command, update_id)
        except Forgotten as gone:
            view = await self._queries.case(key.case_id)
            if seq is not None and view is not None and view.as_of_seq != seq:
                raise MovedOn(f"the case has moved on: its newest fact is {view.as_of_seq}", view.as_of_seq) from None
            if gone.ended or (view is not None and view.closed_at is not None):
                when = f" at {view.closed_at.isoformat()}" if view is not None and view.closed_at else ""
                raise Refused(f"the case was closed{when}; open a new case that links to it") from None
            raise CaseNotFound(f"the engine does not know {key.workflow_id}") from None

    def _seq_of(self, key: CaseKey) -> int | None:
        return self._decided_on[1] if self._decided_on is not None and self._decided_on[0] == key else None

    async def _keep(self, key: CaseKey, kind: str, text: str, by: Actor) -> str:
        """Save the text under a reference made from it: saved twice, it is there once."""
        body = text.strip()
        if not body:
            raise Refused("the text is empty")
        if len(body) > _LONGEST_TEXT:
            raise Refused(f"the text has {len(body)} characters; right would be at most {_LONGEST_TEXT}")
        ref = "t-" + self._identity.digest("text", key.case_id, kind, by.who, body, length=24)
        await self._desk_books.save_text(ref, key.case_id, kind, body, by, self._clock())
        return ref

    async def _same_customer(self, one: CaseKey, other: CaseKey) -> None:
        """Merging tells one customer about the other's case."""
        views = [await self._queries.case(key.case_id) for key in (one, other)]
        keys = {view.customer_key for view in views if view is not None}
        if len(keys) > 1:
            raise Refused(f"into: {other.case_id} is another customer's case; link the cases instead")
