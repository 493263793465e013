"""Calls that a person makes: a message handed to a person instead of a machine, and the call that an alert asks for.

Owns what a call task says, for whom it is, and that it is opened once. Must never decide that a call is needed: the policy and the rules
do. Called by the message and alert activities; the rows are those of store/call_tasks.py.
"""

from datetime import datetime

from activities.ports import Outgoing, SendFailed, SendOutcome, Sent
from activities.templates.overrides import Overrides
from activities.wording import BrandsPort, worded
from policies.case.plans import AlertPlan, MessagePlan
from policies.case.vocabulary import EXPIRED, Channel
from store.call_tasks import PERSON, POLICY, NewCall, task_id_of
from store.recorder import Recorder

_OWNER = "owner"  # the role that knows the case


class PersonCall:
    """ChannelPort for one message that a person speaks. "Accepted" means that a person will call, as a provider's word means that it
    will; how the call ended is told by who made it (ADR 12).
    """

    def __init__(self, recorder: Recorder, plan: MessagePlan, owner: str | None) -> None:
        self._recorder = recorder
        self._plan = plan
        self._owner = owner

    @property
    def name(self) -> str:
        return PERSON

    @property
    def idempotent(self) -> bool:
        """The task is the message's: asked for again, it is the same."""
        return True

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        """Open the task; `provider_id` is its id. Raises SendFailed if a newer word is due already."""
        if outgoing.valid_until is not None and outgoing.valid_until <= at:
            raise SendFailed(SendOutcome.PERMANENT, EXPIRED)
        call = NewCall(
            task_id=task_id_of(self._plan.message_id),
            case_id=outgoing.case_id,
            contact_ref=self._plan.contact_ref,
            role=_OWNER,
            owner=self._owner,
            reason=POLICY,
            script=outgoing.text,
            locale=outgoing.locale,
            message_id=outgoing.message_id,
            due_at=self._plan.call_by or at,
        )
        return Sent(provider_id=call.task_id, accepted_at=await self._recorder.open_call(call, at))

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        task_id = task_id_of(outgoing.message_id)
        opened_at = await self._recorder.call_opened_at(task_id)
        return Sent(provider_id=task_id, accepted_at=max(opened_at, since)) if opened_at is not None else None


class AlertCalls:
    """The calls that alerts ask for: what the customer was not told, in words that a person can speak."""

    def __init__(self, recorder: Recorder, brands: BrandsPort, overrides: Overrides | None = None) -> None:
        self._recorder = recorder
        self._brands = brands
        self._overrides = overrides

    async def call_of(self, plan: AlertPlan, at: datetime) -> NewCall | None:
        """The call that goes with the alert; None if it asks for none, or is a shadow case's."""
        said = plan.call
        if said is None or plan.shadow:
            return None
        prepared = await self._recorder.prepare(said, {})
        context = said.context
        brand = self._brands.of(context.merchant, context.brand, Channel.VOICE)
        rendered = worded(said, Channel.VOICE, prepared, brand, at, overrides=self._overrides)
        return NewCall(
            task_id=task_id_of(plan.alert_id),
            case_id=plan.case_id,
            contact_ref=said.contact_ref,
            role=plan.alert.to,
            owner=plan.owner if plan.alert.to == _OWNER else None,
            reason=plan.alert.reason,
            script=rendered.text,
            locale=rendered.locale,
            message_id=said.message_id,
            due_at=said.call_by or at,
        )
