"""From the webhook to the case, on the time-skipping server with the real worker: once, whatever comes five times and out of order."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from stripe import WebhookSignature
from temporalio.client import Client

from policies.case.commands import DeliveryReport
from policies.case.start import CaseStart, TargetStart
from policies.case.vocabulary import Channel
from policies.providers.statuses import TargetType
from starter.desk import Desk
from starter.desk.identity import Identity
from starter.web.parts import Away, WebParts
from starter.web.webhooks import WebhookSecrets, webhook_faces
from starter.web.webhooks.attachments import AttachmentFolder
from starter.web.webhooks.drain import InboxDrain
from starter.web.webhooks.replies import Attachment, Reply
from starter.web.webhooks.telling import READING, REPLY, Telling
from starter.web.webhooks.twilio_media import TwilioMedia
from store.channel_standing import channel_standing
from store.delivery_events import ReportedState
from store.delivery_reports import DELIVERY, DeliveryReports, IncomingReport
from store.engine import Store
from store.erasure import Erasure
from store.inbox import Inbox, InboxEvent, InboxState
from store.references import CaseReference
from tests.life.harness import CONTACT, MONDAY, Case, House, house, start_of
from tests.starter.web.harness import Clock, application, parts_of
from tests.starter.web.webhooks.harness import STRIPE_SECRET
from tests.store.rows import link_id_of
from tests.store.samples import ADMIN
from tests.vendors import answers
from tests.vendors.answers import Reply as Said
from tests.vendors.loopback import Loopback, Request, serving

TARGET = TargetStart(type=TargetType.REFUND, provider="stripe", reference="re_1", amount_minor=4990, currency="EUR", method="card")
REFERENCE = CaseReference(type=TargetType.REFUND, provider="stripe", reference="re_1")


@dataclass
class HouseBackends:
    house: House
    clock: Clock
    engine_is_away: bool = False

    def store(self) -> Store:
        return self.house.store

    def client(self) -> Client:
        if self.engine_is_away:
            raise Away("engine", 2)
        return self.house.client

    def desk(self) -> Desk:
        return Desk(self.client(), self.house.desk, self.house.queries, [], Identity(b"k" * 32), clock=self.clock)

    async def check(self) -> dict[str, str]:
        return {}


@dataclass
class Mailroom:
    """A house, and the drain of its webhooks."""

    house: House
    backends: HouseBackends
    parts: WebParts
    clock: Clock
    told: set[str] = field(default_factory=set)  # deliveries that the provider has reported on

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.house.store)

    async def drain(self) -> int:
        self.clock.now = await self.house.now()
        return await InboxDrain(self.parts).drain()

    async def open(self, reference: str = "R-1", **more: Any) -> Case:
        case = await self.house.open(start_of(reference=reference, targets=[TARGET], **more))
        await self.house.desk.save_references(case.start.case_id, [REFERENCE], MONDAY)
        await self.house.after(seconds=2)
        return case

    async def reading(self, status: str, key: str, at: datetime) -> None:
        """What the endpoint writes for an event of Stripe that occurred at that moment."""
        payload = {
            "type": "refund",
            "provider": "stripe",
            "reference": "re_1",
            "status": status,
            "occurred_at": at.isoformat(),
            "read_at": at.isoformat(),
            "event_id": key,
        }
        event = InboxEvent(provider="stripe", event_key=key, kind=READING, reference="re_1", payload=payload)
        await self.inbox.put(event, await self.house.now())

    async def says(self, text: str, key: str = "in:1", **sender: str) -> None:
        """What an endpoint writes for a customer's words."""
        channel = Channel.SMS if "number" in sender else Channel.EMAIL
        reply = Reply(channel=channel, text=text, **sender)  # type: ignore[arg-type]
        provider = "twilio" if "number" in sender else "sendgrid"
        event = InboxEvent(provider=provider, event_key=key, kind=REPLY, payload=reply.model_dump(mode="json", exclude_none=True))
        await self.inbox.put(event, await self.house.now())

    async def states(self) -> list[tuple[str, str | None]]:
        return [(row.state.value, row.problem) for row in reversed(await self.inbox.rows())]


@asynccontextmanager
async def mailroom(tmp_path: Path, **settings: Any) -> AsyncIterator[Mailroom]:
    async with house(tmp_path, **settings) as h:
        clock = Clock(await h.now())
        backends = HouseBackends(h, clock)
        yield Mailroom(h, backends, parts_of(backends, clock=clock), clock)  # type: ignore[arg-type]


async def test_five_times_out_of_order_and_during_a_poll_is_one_change_and_one_message(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        h.provider.will_be("re_1", MONDAY, "pending")
        case = await m.open()
        asked, h.provider.hangs = len(h.provider.checks), asyncio.Event()  # the next poll is asked, and not answered yet
        sleeping = asyncio.create_task(h.after(hours=30))
        await h.eventually(lambda: len(h.provider.checks) > asked)
        at = await h.now()
        h.provider.will_be("re_1", at, "succeeded")
        for n in range(5):
            await m.reading("succeeded", "evt_2", at)
            await m.reading("pending", "evt_1", at - timedelta(hours=1))
            await m.reading("succeeded", f"evt_more_{n}", at)  # other events about the same change
            await m.drain()
        h.provider.hangs.set()  # the poll answers with the same news
        await sleeping
        statuses = [fact.detail["status"] for fact in await case.facts("provider_status")]
        assert statuses.count("succeeded") == 1, statuses
        assert h.post.kinds().count("resolution") == 1
        assert set(await m.states()) == {("done", None)}
        assert len(await m.states()) == 7
        assert not await case.facts("refused_signal")


async def test_a_failure_told_before_the_success_it_reverses_stands(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        at = await m.house.now()
        await m.reading("failed", "evt_2", at)
        await m.drain()
        await m.reading("succeeded", "evt_1", at - timedelta(minutes=5))
        await m.drain()
        assert [target["status"] for target in (await case.snapshot()).targets] == ["failed"]
        assert "resolution" not in m.house.post.kinds()


async def test_an_event_on_a_reference_that_a_running_case_gets_later_waits_for_it(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        await m.reading("succeeded", "evt_1", await m.house.now())
        assert await m.drain() == 1
        assert await m.states() == [("waiting", "case_unknown")]
        assert await m.drain() == 0
        case = await m.house.open(start_of(targets=[TARGET]))
        await m.house.after(seconds=2)
        assert await m.states() == [("waiting", "case_unknown")]
        await m.house.desk.save_references(case.start.case_id, [REFERENCE], MONDAY)
        assert await m.drain() == 1
        await m.house.after(seconds=2)
        assert await m.states() == [("done", None)]
        assert [target["status"] for target in (await case.snapshot()).targets] == ["succeeded"]
        assert (await m.inbox.rows())[0].case_id == case.start.case_id


async def _asked_for(m: Mailroom, **more: Any) -> CaseStart:
    """What the desk writes before it starts the workflow."""
    start = start_of(targets=[TARGET], **more)
    await m.house.desk.save_contact(start.contact_ref, start.case_id, start.merchant, CONTACT, MONDAY, [REFERENCE])
    return start


async def test_what_came_before_its_case_is_taken_by_the_cases_first_activity(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        at = await h.now()
        await m.reading("pending", "evt_1", at - timedelta(minutes=5))
        await m.drain()
        start = await _asked_for(m)
        await m.reading("succeeded", "evt_2", at)  # its case is asked for, and does not run yet
        await m.drain()
        assert [state for state, _ in await m.states()] == ["new", "new"]
        case = await h.open(start)
        await h.after(seconds=2)  # no drain runs in this house: the case has it all the same
        assert await m.states() == [("done", None), ("done", None)]
        assert [target["status"] for target in (await case.snapshot()).targets] == ["succeeded"]
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        for row in await m.inbox.rows():
            assert (row.case_id, row.payload) == (start.case_id, {})
        await h.after(minutes=15)
        assert await m.drain() == 0
        assert (await case.events()).count("EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED") == 1


async def test_what_two_cases_wait_for_is_told_to_both_and_changes_each_once(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        h = m.house
        await m.reading("succeeded", "evt_1", await h.now())
        await m.drain()
        starts = [await _asked_for(m, reference=reference) for reference in ("R-1", "R-2")]
        cases = [await h.open(start) for start in starts]
        await h.after(seconds=2)
        await m.drain()
        await h.after(seconds=2)
        assert await m.states() == [("done", None)]
        for case in cases:
            assert [fact.detail["status"] for fact in await case.facts("provider_status")] == ["succeeded"]
        assert sorted(h.post.kinds()) == ["acknowledgement"] * 2 + ["resolution"] * 2


async def test_an_unreadable_row_from_before_harms_no_first_message_and_is_left_to_the_drain(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        await m.inbox.put(
            InboxEvent(provider="stripe", event_key="x", kind=READING, reference="re_1", payload={"a": 1}), await m.house.now()
        )
        (row,) = await m.inbox.claim(await m.house.now(), timedelta(seconds=60), 1)
        assert await m.inbox.wait(row)
        await m.house.open(await _asked_for(m))
        await m.house.after(seconds=2)
        assert m.house.post.kinds() == ["acknowledgement"]
        await m.house.after(seconds=61)
        assert await m.drain() == 1
        assert await m.states() == [("failed", "unreadable")]


async def test_a_case_that_has_not_started_yet_and_an_engine_that_is_away_are_tried_again(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        start = start_of(targets=[TARGET])
        await m.house.desk.save_contact(start.contact_ref, start.case_id, start.merchant, CONTACT, MONDAY, [REFERENCE])
        await m.reading("succeeded", "evt_1", await m.house.now())
        await m.drain()
        assert await m.states() == [("new", "case_not_started")]
        m.backends.engine_is_away = True
        await m.house.after(seconds=5)
        await m.drain()
        assert await m.states() == [("new", "engine_away")]
        m.backends.engine_is_away = False
        assert await m.drain() == 0  # not before its time
        case = await m.house.open(start)
        await m.house.after(seconds=10)
        assert await m.drain() == 1
        await m.house.after(seconds=2)
        assert [target["status"] for target in (await case.snapshot()).targets] == ["succeeded"]
        assert (await m.inbox.rows())[0].attempts == 3


async def test_what_cannot_be_told_for_three_days_is_given_up_and_said(tmp_path: Path, caplog: Any) -> None:
    async with mailroom(tmp_path) as m:
        m.backends.engine_is_away = True
        await m.house.desk.save_references("nowhere", [REFERENCE], MONDAY)
        await m.reading("succeeded", "evt_1", await m.house.now())
        await m.drain()
        await m.house.after(days=3, seconds=5)
        await m.drain()
        assert await m.states() == [("failed", "engine_away")]
        assert "is given up: engine_away" in caplog.text


async def test_the_rest_of_a_batch_is_told_although_one_row_cannot_be_read(tmp_path: Path, caplog: Any) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        for kind, payload in ((READING, {"secret": "ada@example.com"}), (DELIVERY, {}), ("word_of_the_future", {})):
            await m.inbox.put(InboxEvent(provider="stripe", event_key=kind, kind=kind, payload=payload), await m.house.now())
        await m.reading("succeeded", "evt_1", await m.house.now())
        await m.drain()
        assert sorted(await m.states(), key=str) == [
            ("done", None),
            ("failed", "unknown_kind"),
            ("failed", "unreadable"),
            ("failed", "unreadable"),
        ]
        assert [target["status"] for target in (await case.snapshot()).targets] == ["succeeded"]
        assert "ada@" not in caplog.text


async def test_several_drains_at_once_tell_a_case_once(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        at = await m.house.now()
        for n in range(12):
            await m.reading("pending", f"evt_{n}", at)
        taken = await asyncio.gather(*(m.drain() for _ in range(4)))
        assert sum(taken) == 12
        await m.house.after(seconds=2)  # a signal that comes in the middle of a task enters the history at its end
        assert (await case.events()).count("EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED") == 12


async def test_a_text_message_becomes_the_customers_reply_and_its_words_stay_in_the_books(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open(channels=(Channel.SMS,))
        await m.says("Where is my money?", number=CONTACT.phone or "")
        for _ in range(2):
            await m.drain()
        (fact,) = await case.facts("customer_replied")
        assert fact.by is not None
        assert (fact.by.who, fact.by.role, fact.by.why) == ("customer", "customer", "sms")
        (text,) = await m.house.queries.texts(case.start.case_id)
        assert (text.body, text.text_ref) == ("Where is my money?", fact.detail["text_ref"])
        (row,) = await m.inbox.rows()
        assert (row.state, row.case_id, row.payload) == (InboxState.DONE, case.start.case_id, {})
        assert "money?" not in str(await case.handle.fetch_history())


async def test_a_reply_told_twice_is_one_fact(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open(channels=(Channel.SMS,))
        await m.says("Where is it?", number=CONTACT.phone or "")
        (row,) = await m.inbox.claim(
            await m.house.now(), timedelta(seconds=1), 1
        )  # a process that told the case and died before it wrote so
        await Telling(m.backends).tell(row)
        await m.house.after(seconds=2)
        await m.drain()
        assert len(await case.facts("customer_replied")) == 1
        assert await m.states() == [("done", None)]


async def test_an_answer_by_mail_goes_to_the_case_of_its_link(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case, other = await m.open(), await m.open("R-2")
        link_id = await m.house.store.read(lambda connection: link_id_of(connection, other.start.contact_ref))
        await m.says("Thank you", link_id=link_id or "")
        await m.drain()
        assert (len(await case.facts("customer_replied")), len(await other.facts("customer_replied"))) == (0, 1)


async def test_words_of_a_number_that_we_never_wrote_to_are_kept_as_nobodys(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()  # by e-mail only
        await m.says("Hello", number=CONTACT.phone or "")
        await m.drain()
        (row,) = await m.inbox.rows()
        assert (row.state, row.problem, row.case_id, row.payload["text"]) == (InboxState.IGNORED, "sender_unknown", None, "Hello")
        assert not await case.facts("customer_replied")


async def test_words_of_somebody_who_was_erased_are_forgotten(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        link_id = await m.house.store.read(lambda connection: link_id_of(connection, case.start.contact_ref))
        await m.says("Hello", link_id=link_id or "")
        await Erasure(m.house.store).erase(case.start.case_id, ADMIN, await m.house.now())
        await m.drain()
        (row,) = await m.inbox.rows()
        assert (row.state, row.problem, row.payload) == (InboxState.DONE, "link_unknown", {})


async def test_a_message_that_did_not_arrive_is_told_to_its_case_once(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        (message,) = await case.messages()
        (delivery,) = message.deliveries
        at = await m.house.now()
        report = IncomingReport(
            provider="sendgrid",
            event_key="e1",
            delivery_id=delivery.delivery_id,
            state=ReportedState.BOUNCED,
            permanent=True,
            reason="bounced",
            at=at,
        )
        for _ in range(5):
            await DeliveryReports(m.house.store).take([report], at)
            await m.drain()
        history = await case.handle.fetch_history()
        signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
        told = [one for one in signals if one.signal_name == "delivery_reported"]
        assert len(told) == 1
        said = DeliveryReport.model_validate_json(told[0].input.payloads[0].data)
        assert (said.message_id, said.delivery_id, said.state, said.permanent) == (
            message.message_id,
            delivery.delivery_id,
            "bounced",
            True,
        )
        assert not await case.facts("refused_signal")


async def test_over_the_wire_from_stripe_to_the_case_and_what_was_left_is_taken_at_the_start(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open()
        await m.reading("pending", "evt_left", await m.house.now())
        m.clock.now = await m.house.now()
        faces = webhook_faces(m.parts, WebhookSecrets(stripe=[STRIPE_SECRET]))
        async with _served(application(faces, m.parts)) as url, httpx2.AsyncClient(trust_env=False, verify=False) as client:
            await _eventually(m, [("done", None)])
            seconds = int(m.clock.seconds())
            body = (
                f'{{"id": "evt_1", "type": "refund.updated", "created": {seconds},'
                ' "data": {"object": {"id": "re_1", "object": "refund", "status": "succeeded"}}}'
            )
            for n in range(5):
                header = WebhookSignature.generate_signature_header(body, STRIPE_SECRET, seconds - n)
                answer = await client.post(f"{url}/webhooks/stripe", content=body, headers={"Stripe-Signature": header})
                assert answer.status_code == 200
            await _eventually(m, [("done", None), ("done", None)])
        await m.house.after(seconds=2)
        assert [target["status"] for target in (await case.snapshot()).targets] == ["succeeded"]
        assert m.house.post.kinds() == ["acknowledgement", "resolution"]


async def _eventually(m: Mailroom, states: list[tuple[str, str | None]]) -> None:
    while await m.states() != states:
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    """The application under uvicorn on a free port of this machine, with what runs beside it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def test_a_closed_case_hears_nothing_and_its_customers_words_reach_a_person(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open(channels=(Channel.SMS,))
        await case.handle.execute_update("withdraw", {"by": {"who": "mia", "role": "lead", "why": "test"}})
        await m.house.after(days=60)
        assert (await case.snapshot()).status == "closed"
        at = await m.house.now()
        await m.reading("failed", "evt_1", at)
        link_id = await m.house.store.read(lambda connection: link_id_of(connection, case.start.contact_ref))
        await m.says("And now? Call +4930777", link_id=link_id or "")
        m.backends.engine_is_away = True
        await m.drain()
        assert await m.states() == [("new", "engine_away"), ("new", "engine_away")]
        m.backends.engine_is_away = False
        await m.house.after(seconds=30)
        await m.drain()
        assert await m.states() == [("ignored", "case_closed"), ("done", "case_closed")]
        (row,) = await m.inbox.rows(states=[InboxState.DONE])
        assert (row.case_id, row.payload) == (case.start.case_id, {})  # the words are with the case's texts, and go with them
        (kept,) = await m.house.queries.texts(case.start.case_id)
        assert (kept.kind, kept.body) == ("customer", "And now? Call +4930777")
        for _ in range(60):  # the digest's workflow tells it beside us
            told = [alert for alert, _ in m.house.alerts.told if "its customer wrote" in alert.title]
            if told:
                break
            await m.house.after(seconds=1)
        assert [(one.role, one.case_id) for one in told] == [("owner", case.start.case_id)]
        assert "And now" not in str(told)
        await m.says("And now? Call +4930777", key="in:2", number=CONTACT.phone or "")  # by text message: the same case, by its number
        await m.drain()
        assert (await m.states())[-1] == ("done", "case_closed")
        (late,) = (await channel_standing(m.house.store, MONDAY, MONDAY)).late_replies
        assert (late.case_id, late.told_at is not None) == (case.start.case_id, True)


class _Pictures(Loopback):
    def answer(self, request: Request) -> Said:
        return Said(200, b"picture", {"Content-Type": "image/png"})


async def test_a_picture_by_text_message_is_fetched_before_its_case_is_told_and_holds_up_nobodys_words(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m, serving(_Pictures()) as api:
        case = await m.open(channels=(Channel.SMS,))
        address = f"{api.url}/2010-04-01/Accounts/AC{'a' * 32}/Messages/MM{'b' * 32}/Media/ME{'c' * 32}"
        drain = InboxDrain(m.parts, TwilioMedia(AttachmentFolder(tmp_path / "kept"), ["t" * 32], api.url))
        digest = hashlib.sha256(b"picture").hexdigest()
        for number, script in enumerate(([answers.reply(503)], [answers.reply(503)] * 6)):
            api.script(script)
            picture = Attachment(address=address, type="image/png")
            reply = Reply(channel=Channel.SMS, text=f"Broken {number}", number=CONTACT.phone, attachments=[picture])
            payload = reply.model_dump(mode="json", exclude_none=True)
            await m.inbox.put(InboxEvent(provider="twilio", event_key=f"in:{number}", kind=REPLY, payload=payload), await m.house.now())
            for _ in range(6):
                m.clock.now = await m.house.now()
                await drain.drain()
                await m.house.after(seconds=70)
        first, second = [text.body for text in await m.house.queries.texts(case.start.case_id)]
        assert first == f"Broken 0\n\n[attachment 1: image/png, 7 bytes, sha256 {digest}, at attachment:{digest}]"
        assert second == f"Broken 1\n\n[attachment 1: image/png, not kept: Twilio does not have it, at {address}]"
        assert len(await case.facts("customer_replied")) == 2
        assert set(await m.states()) == {("done", None)}


async def test_two_numbers_by_text_message_answer_the_survey_that_was_asked_there(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open(channels=(Channel.SMS,))
        number = CONTACT.phone or ""
        await m.says("5 9", key="in:early", number=number)  # nobody has asked yet: they are words
        await m.drain()
        await case.handle.execute_update("resolve", {"by": {"who": "mia", "role": "lead", "why": "paid"}, "outcome": "replaced"})
        await m.house.after(hours=40)
        assert "feedback_request" in m.house.post.kinds()
        link_id = await m.house.store.read(lambda connection: link_id_of(connection, case.start.contact_ref))
        await m.says("4 9", key="in:mail", link_id=link_id or "")  # asked by text message, not by mail: words
        await m.says("5 9 thanks", key="in:sms", number=number)
        await m.says("It took 5 days", key="in:words", number=number)
        for _ in range(2):
            await m.drain()
            await m.house.after(seconds=2)
        (given,) = await case.facts("feedback_given")
        assert given.by is not None
        assert (given.detail["csat"], given.detail["nps"], given.by.who, given.by.why) == (5, 9, "customer", "sms")
        texts = {text.text_ref: (text.kind, text.body) for text in await m.house.queries.texts(case.start.case_id)}
        assert texts[str(given.detail["comment_ref"])] == ("comment", "thanks")
        said = {texts[str(fact.detail["text_ref"])][1] for fact in await case.facts("customer_replied")}
        assert said == {"5 9", "4 9", "It took 5 days"}
        assert set(await m.states()) == {("done", None)}


async def test_an_answer_after_the_survey_has_expired_stays_the_customers_words(tmp_path: Path) -> None:
    async with mailroom(tmp_path) as m:
        case = await m.open(channels=(Channel.SMS,))
        await case.handle.execute_update("resolve", {"by": {"who": "mia", "role": "lead", "why": "paid"}, "outcome": "replaced"})
        await m.house.after(hours=40)
        assert "feedback_request" in m.house.post.kinds()
        await m.house.after(days=9)
        await m.says("2", key="in:late", number=CONTACT.phone or "")
        await m.drain()
        await m.house.after(seconds=2)
        assert not await case.facts("feedback_given")
        assert [text.body for text in await m.house.queries.texts(case.start.case_id)] == ["2"]
        assert await m.states() in ([("done", None)], [("done", "case_closed")])
