"""Telling a case what came in: readings and delivery reports as signals, a customer's words through the desk; and the operator, by a
workflow of its own, of a channel that a report has parked.

Owns the way of each kind of inbox row to its case, and what an error on that way means: gone, or once more. Must never judge what is
told. Called by the drain.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.contracts.jobs import TellPark
from activities.contracts.names import CASES_QUEUE
from policies.case.case_id import workflow_id
from policies.case.commands import DeliveryReport, ProviderReport
from policies.case.facts import Actor
from policies.case.plans import Reading
from policies.case.vocabulary import CaseKind, CaseStatus, Channel, MessageKind, Role
from policies.contract import Contract
from starter.desk import CaseKey, CaseNotFound, DeskError, EngineUnavailable, Refused, Unanswered
from starter.web.parts import Backends, utc_now
from starter.web.webhooks.after_the_end import tell_people
from starter.web.webhooks.replies import Reply, reply_text
from starter.web.webhooks.survey_answers import survey_answer
from starter.web.webhooks.twilio_media import MediaAway, TwilioMedia
from store.correspondents import Correspondents
from store.delivery_reports import DELIVERY, PARK, ReportedPark
from store.inbox import CASE_NOT_STARTED, InboxRow, InboxState
from store.inbox import READING as READING
from store.queries import Queries
from store.references import References
from store.standing import MessageState
from workflows import names

REPLY = "reply"  # payload: a Reply

_RPC_LIMIT = timedelta(seconds=10)  # as the desk's: an engine that does not answer by then is away
_SURVEY = {MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER}
_WENT = {MessageState.ACCEPTED, MessageState.UNKNOWN}  # who answers it has it
_MEDIA_TRIES = 6  # a minute in all: a customer's words wait no longer for the picture beside them


class TryAgain(Exception):
    """Not now. `problem` is a code; `case_id` is said where it is known, so that a row that is given up is found with its case."""

    def __init__(self, problem: str, case_id: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.case_id = case_id


@dataclass(frozen=True)
class Told:
    """How the row ends. `waits`: its case is not known yet."""

    state: InboxState
    case_id: str | None = None
    problem: str | None = None


WAITS = Told(InboxState.WAITING, problem="case_unknown")


class Telling:
    """Tells one row to its case. Raises TryAgain, and what the backends raise when they are away."""

    def __init__(self, backends: Backends, clock: Callable[[], datetime] = utc_now, media: TwilioMedia | None = None) -> None:
        """`media`: fetches what came with text messages; None: it stays at Twilio."""
        self._backends = backends
        self._clock = clock
        self._media = media
        self._ways: dict[str, Callable[[InboxRow], Awaitable[Told]]] = {
            READING: self._reading,
            DELIVERY: self._delivery,
            REPLY: self._reply,
            PARK: self._park,
        }

    async def tell(self, row: InboxRow) -> Told:
        way = self._ways.get(row.kind)
        if way is None:
            return Told(InboxState.FAILED, problem="unknown_kind")
        return await way(row)

    async def _reading(self, row: InboxRow) -> Told:
        reading = Reading.model_validate(row.payload)
        found = await References(self._backends.store()).cases_of(row.provider, reading.reference)
        if not found:
            return WAITS
        ends = [await self._signal(one.case_id, one.kind, names.PROVIDER_REPORTED, ProviderReport(readings=[reading])) for one in found]
        # One that closed long ago does not hide that another took it.
        return next((end for end in ends if end.state is InboxState.DONE), ends[0])

    async def _delivery(self, row: InboxRow) -> Told:
        report = DeliveryReport.model_validate(row.payload["report"])
        return await self._signal(row.case_id or "", CaseKind(row.payload["kind"]), names.DELIVERY_REPORTED, report)

    async def _park(self, row: InboxRow) -> Told:
        """The engine remembers to tell it. Messages that meet the park meanwhile tell it as well; the books say who was first."""
        park = ReportedPark.model_validate(row.payload)
        try:
            await self._backends.client().start_workflow(
                names.PARK_ALERT,
                TellPark(channel=park.channel, provider=park.provider, sender=park.sender, alert_id=park.alert_id),
                id=f"alert-{park.alert_id}",
                task_queue=CASES_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary="the operator is told of a parked channel",
                rpc_timeout=_RPC_LIMIT,
            )
        except WorkflowAlreadyStartedError:
            pass  # told by a drain whose process died before it could say so
        except RPCError:
            raise TryAgain("engine_away") from None
        return Told(InboxState.DONE)

    async def _reply(self, row: InboxRow) -> Told:
        """A customer's words. The case is the link's, or that of the newest message to the number."""
        reply = Reply.model_validate(row.payload)
        people = Correspondents(self._backends.store())
        key: CaseKey | None = None
        if reply.link_id is not None:
            linked = await people.by_link(reply.link_id)
            if linked is None:
                return Told(InboxState.DONE, problem="link_unknown")  # erased meanwhile: so are these words
            key = CaseKey(linked.case_id, linked.kind) if linked.kind is not None else None
            if key is None:
                raise TryAgain("case_not_in_books", linked.case_id)
        elif reply.number is not None:
            found = await people.by_phone(reply.number) or await people.ended_by_phone(reply.number, self._clock())
            if found is None:
                return Told(InboxState.IGNORED, problem="sender_unknown")
            key = CaseKey(found.case_id, found.kind)
        if key is None:
            return Told(InboxState.FAILED, problem="no_sender")
        return await self._say(key, row, reply)

    async def _say(self, key: CaseKey, row: InboxRow, reply: Reply) -> Told:
        by = Actor(who="customer", role=Role.CUSTOMER, why=reply.channel.value)
        reply = await self._with_media(row, reply, key.case_id)
        command = "in-" + hashlib.sha256(f"{row.provider}|{row.event_key}".encode()).hexdigest()[:24]  # said again it is the same update
        if await self._answers_the_survey(key, by, reply, command):
            return Told(InboxState.DONE, key.case_id)
        try:
            await self._backends.desk().customer_reply(key, by, reply_text(reply), key=command)
        except Refused:
            if await self._closed(key.case_id):
                return await self._after_the_end(key, command)
            return Told(InboxState.FAILED, key.case_id, "refused")
        except (DeskError, EngineUnavailable) as error:
            raise TryAgain(_code(error), key.case_id) from None
        return Told(InboxState.DONE, key.case_id)

    async def _answers_the_survey(self, key: CaseKey, by: Actor, reply: Reply, command: str) -> bool:
        """Whether numbers were the answer to a survey that this channel had asked for, and the case took them. Else they are words."""
        answer = survey_answer(reply.text) if not reply.attachments else None
        if answer is None or not await self._asked_on(reply.channel, key.case_id):
            return False
        try:
            await self._backends.desk().feedback(key, by, csat=answer.csat, nps=answer.nps, comment=answer.comment, key=f"{command}-survey")
        except Refused:
            return False  # not open any more
        except (DeskError, EngineUnavailable) as error:
            raise TryAgain(_code(error), key.case_id) from None
        return True

    async def _asked_on(self, channel: Channel, case_id: str) -> bool:
        sent = await Queries(self._backends.store()).messages(case_id)
        return any(_SURVEY & {one.kind, *one.also} and one.channel is channel and one.state in _WENT for one in sent)

    async def _with_media(self, row: InboxRow, reply: Reply, case_id: str) -> Reply:
        if self._media is None or not reply.attachments:
            return reply
        try:
            kept = await self._media.fetched(reply.attachments, last_try=row.attempts >= _MEDIA_TRIES)
        except (MediaAway, OSError):
            raise TryAgain("media_away", case_id) from None
        return reply.model_copy(update={"attachments": kept})

    async def _after_the_end(self, key: CaseKey, command: str) -> Told:
        """The desk has kept the words with the case's texts; nobody would find them there."""
        try:
            await tell_people(self._backends.store(), self._backends.client(), key.case_id, f"late-{command}", self._clock())
        except RPCError:
            raise TryAgain("engine_away", key.case_id) from None
        return Told(InboxState.DONE, key.case_id, "case_closed")

    async def _signal(self, case_id: str, kind: CaseKind, name: str, payload: Contract) -> Told:
        client: Client = self._backends.client()
        try:
            handle = client.get_workflow_handle(workflow_id(kind, case_id))
            await handle.signal(name, payload, rpc_timeout=_RPC_LIMIT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise TryAgain("engine_away", case_id) from None
            if await self._closed(case_id):
                return Told(InboxState.IGNORED, case_id, "case_closed")
            raise TryAgain(CASE_NOT_STARTED, case_id) from None  # its contact is saved a moment before its workflow starts
        return Told(InboxState.DONE, case_id)

    async def _closed(self, case_id: str) -> bool:
        view = await Queries(self._backends.store()).case(case_id)
        return view is not None and view.status is CaseStatus.CLOSED


def _code(error: Exception) -> str:
    codes: dict[type[Exception], str] = {CaseNotFound: CASE_NOT_STARTED, Unanswered: "unanswered", DeskError: "not_taken"}
    return codes.get(type(error), "engine_away")
