"""Happy paths on the real development server, all at the same time: what the customer gets, what the books hold, what operations see."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.worker import Replayer

import worker
from policies.case.commands import Note, Reassign, Reply, ReportFact, Resolve, Snapshot
from policies.case.vocabulary import CaseKind, CaseStatus, MessageKind, Origin, PromiseEnd
from policies.money import Money
from store.outbox import ALERT, Outbox, Posted
from store.views import AlertView
from tests.life.harness import LEAD
from tests.real.harness import Account, RealCase, RealHouse, case_start, eventually, ids_found, real_house, replay
from workflows import names
from workflows.converter import DATA_CONVERTER

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The engine suggests a new run at 4 MiB of history (limit.historySize.suggestContinueAsNew) or at 4,096 events: size is reached sooner.
_ENOUGH_HISTORY = 4.3 * 1024 * 1024
_SIGNAL_BYTES = 24 * 1024
_AT_A_TIME = 50
_NOTES = 5
_CONTINUED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


@dataclass
class Flooded:
    """A case that went on as a new run: what was sent meanwhile, and how it stood before and after."""

    case: RealCase
    first_run: str
    signals: int
    before: Snapshot
    after: Snapshot


@dataclass
class Lived:
    """The stories, lived to their close."""

    house: RealHouse
    settled: RealCase
    won: RealCase
    delivered: RealCase
    by_signal: RealCase
    reopened: RealCase
    opened_often: RealCase
    page: str  # the settled case's page in the web UI, while it was open
    answers: list[bool]  # to the requests that opened that case
    breached: RealCase
    imported: RealCase
    shadow: RealCase
    flooded: Flooded

    @property
    def told(self) -> list[RealCase]:
        """The cases whose customers heard of them."""
        cases = [self.settled, self.won, self.delivered, self.by_signal, self.reopened, self.opened_often]
        return [*cases, self.breached, self.imported, self.flooded.case]

    @property
    def cases(self) -> list[RealCase]:
        return [*self.told, self.shadow]


async def _settled(house: RealHouse) -> tuple[RealCase, str]:
    case = await house.open(case_start(CaseKind.REFUND, "H-1", tags=["spring"]), "queued")
    await case.told(MessageKind.UPDATE)
    page = await _page(case)
    await case.provider_says("paid_out", arn="74537604221222132710572")
    await case.rate(csat=5, nps=10)
    await case.closed()
    return case, page


async def _won(house: RealHouse) -> RealCase:
    case = await house.open(case_start(CaseKind.DISPUTE, "H-2"), "evidence_wanted", respond_by="2036-01-01T00:00:00Z")
    await case.told(MessageKind.NEWS)
    await case.provider_says("with_bank")
    await case.told(MessageKind.NEWS, 2)
    await case.provider_says("decided_for_you")
    await case.rate(csat=4)
    await case.closed()
    return case


async def _delivered(house: RealHouse) -> RealCase:
    """The survey is reminded once and expires unanswered."""
    start = case_start(CaseKind.DELAY, "H-3", change={"feedback": {"remind_after": "3s", "expires_after": "6s"}})
    case = await house.open(start, "on_the_road")
    await case.told(MessageKind.UPDATE)
    await case.provider_says("on_vehicle")
    await case.told(MessageKind.NEWS)
    await case.provider_says("handed_over")
    await case.closed()
    return case


async def _by_signal(house: RealHouse) -> RealCase:
    """As a lead does it in Temporal's web UI: plain JSON from a client that knows nothing of ours; two slips of the keyboard first."""
    case = await house.open(case_start(CaseKind.REFUND, "H-4"), "processing")
    await case.told(MessageKind.UPDATE)
    ui = await Client.connect(house.stack.address)
    by_hand = ui.get_workflow_handle(case.handle.id)
    await by_hand.signal("resolv", {"outcome": "goodwill"})
    await by_hand.signal("resolve", {"outcome": "good will"})
    await by_hand.signal(
        "resolve", {"outcome": "goodwill", "amounts": [{"amount_minor": 500, "currency": "EUR"}], "by": "mia", "why": "kind"}
    )
    await case.rate(csat=3, nps=8)
    await case.closed()
    return case


async def _reopened(house: RealHouse) -> RealCase:
    start = case_start(CaseKind.REFUND, "H-5", change={"watch": {"tail_every": "2s"}})
    case = await house.open(start, "paid_out")
    await case.told(MessageKind.RESOLUTION)
    await case.provider_says("bounced", bounce={"code": "ACC_CLOSED"})
    await case.told(MessageKind.REOPEN)
    again = ReportFact(by=LEAD, name="payment_replaced", old_reference="H-5-1", new_reference="H-5-1b")
    await case.act(names.REPORT_FACT, again)
    await case.told(MessageKind.NEWS)
    await house.provider_says(CaseKind.REFUND, "H-5-1b", "paid_out", arn="74537604221222132710573")
    await case.rate(csat=4)
    await case.closed()
    return case


async def _opened_often(house: RealHouse) -> tuple[RealCase, list[bool]]:
    """The same case from 20 callers at once, and once more after its close."""
    start = case_start(CaseKind.REFUND, "H-6")
    cases = await asyncio.gather(*(house.open(start, "paid_out") for _ in range(20)))
    await cases[0].rate(csat=5)
    await cases[0].closed()
    return cases[0], [*(case.created for case in cases), await cases[0].start_again()]


async def _breached(house: RealHouse) -> RealCase:
    """The provider is stuck: the promise is warned of and broken, the ladder climbed to its top, and then a lead pays."""
    case = await house.open(case_start(CaseKind.REFUND, "H-7", change={"clocks": _sooner("12s")}), "processing")
    await case.told(MessageKind.APOLOGY)
    await _alerted(case, 3)
    await case.act(names.RESOLVE, Resolve(by=LEAD, outcome="goodwill", amounts=[Money(amount_minor=4990, currency="EUR")]))
    await case.rate(csat=4)
    await case.closed()
    return case


async def _imported(house: RealHouse) -> RealCase:
    """Opened elsewhere 40 days ago: under the demo book every date of it has passed."""
    long_ago = datetime.now(UTC) - timedelta(days=40)
    case = await house.open(case_start(CaseKind.REFUND, "H-8", opened_at=long_ago, origin=Origin.IMPORT), "processing")
    await case.told(MessageKind.UPDATE)
    await case.provider_says("paid_out", arn="74537604221222132710574")
    await case.rate(csat=4)
    await case.closed()
    return case


async def _shadow(house: RealHouse) -> RealCase:
    """A low score at the end, so that there are people to alert and a reply to give as well."""
    case = await house.open(case_start(CaseKind.REFUND, "H-9", shadow=True), "queued")
    await case.told(MessageKind.UPDATE)
    await case.provider_says("paid_out", arn="74537604221222132710575")
    await case.rate(csat=1)
    await _alerted(case, 0)
    await case.act(names.REPLY, Reply(by=LEAD, text_ref="t-9"))
    await case.closed()
    return case


async def _continued(house: RealHouse) -> Flooded:
    case = await house.open(case_start(CaseKind.REFUND, "H-10"), "queued")
    await case.told(MessageKind.ACKNOWLEDGEMENT)
    await case.act(names.REASSIGN, Reassign(by=LEAD, owner="lena"))
    first_run, before = (await case.handle.describe()).run_id, await case.snapshot()
    # People act while the run changes under them: each is answered.
    notes = [case.act(names.NOTE, Note(by=LEAD, text_ref=f"n-{number}")) for number in range(_NOTES)]
    signals, *_ = await asyncio.gather(_flood(case, first_run), *notes)
    after, told = await case.snapshot(), (await case.kinds()).count("update")
    await case.told(MessageKind.UPDATE, told + 1)
    await case.provider_says("paid_out", arn="74537604221222132710576")
    await case.rate(csat=5)
    await case.closed()
    return Flooded(case, first_run, signals, before, after)


async def _flood(case: RealCase, run_id: str) -> int:
    """Misspelt signals until the case has left that run; how many. They pause at the threshold: no run can end while signals pour in."""
    sent = 0

    async def look() -> bool:
        nonlocal sent
        info = (await case.handle.describe()).raw_info
        if info.execution.run_id == run_id and info.history_size_bytes < _ENOUGH_HISTORY:
            await asyncio.gather(*(case.handle.signal("mispelt", "x" * _SIGNAL_BYTES) for _ in range(_AT_A_TIME)))
            sent += _AT_A_TIME
        return info.execution.run_id != run_id

    await eventually(look, f"{case.case_id} goes on as a new run")
    return sent


def _sooner(span: str) -> list[dict[str, Any]]:
    """The book's clocks of a refund, its promise due after `span` instead of 35 s: the ladder as it stands there."""
    clocks: list[dict[str, Any]] = case_start(CaseKind.REFUND, "any").policy.policy.model_dump()["clocks"]
    return [{**clock, "span": span} if clock["id"] == "refund_promise" else clock for clock in clocks]


async def _alerted(case: RealCase, level: int) -> AlertView:
    """Wait until people were told, of that level or a higher one."""

    async def look() -> AlertView | None:
        return next((alert for alert in await case.house.queries.alerts(case.case_id) if alert.level >= level and alert.sent_at), None)

    return await eventually(look, f"{case.case_id}: an alert of level {level}")


async def _pages(case: RealCase) -> list[Posted]:
    """The alerts that left the house."""
    return [post for post in await Outbox(case.house.store).rows(case.case_id, limit=1000) if post.channel == ALERT]


async def _page(case: RealCase) -> str:
    metadata: WorkflowMetadata = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with real_house(tmp_path_factory.mktemp("happy")) as house:
        async with asyncio.TaskGroup() as stories:
            settled, often = stories.create_task(_settled(house)), stories.create_task(_opened_often(house))
            flooded = stories.create_task(_continued(house))
            won, delivered, by_signal, reopened, breached, imported, shadow = (
                stories.create_task(story(house)) for story in (_won, _delivered, _by_signal, _reopened, _breached, _imported, _shadow)
            )
        yield Lived(
            house=house,
            settled=settled.result()[0],
            page=settled.result()[1],
            won=won.result(),
            delivered=delivered.result(),
            by_signal=by_signal.result(),
            reopened=reopened.result(),
            opened_often=often.result()[0],
            answers=often.result()[1],
            breached=breached.result(),
            imported=imported.result(),
            shadow=shadow.result(),
            flooded=flooded.result(),
        )


async def test_a_refund_settles(lived: Lived) -> None:
    account = await Account.of(lived.settled)
    assert account.story() == ["acknowledgement", "resolution", "feedback_request"]
    assert account.updates() >= 1
    assert account.row.resolution is not None
    assert (account.row.resolution.outcome, account.row.resolution.by.who) == ("refunded", "simpay")
    assert account.row.resolution.amounts == [Money(amount_minor=4990, currency="EUR")]
    told = next(message for message in account.messages if message.kind is MessageKind.RESOLUTION)
    assert "74537604221222132710572" in (told.text or "")
    assert (account.row.csat, account.row.nps, account.row.clocks_met, account.row.clocks_breached) == (5, 10, 1, 0)


async def test_a_dispute_is_won(lived: Lived) -> None:
    account = await Account.of(lived.won)
    assert account.story() == ["acknowledgement", "news", "news", "resolution", "feedback_request"]
    assert account.row.resolution is not None
    assert account.row.resolution.outcome == "won"
    assert [alert.reason for alert in await lived.house.queries.alerts(lived.won.case_id)] == ["provider_needs_us"]


async def test_a_delay_is_delivered(lived: Lived) -> None:
    account = await Account.of(lived.delivered)
    assert account.story() == ["acknowledgement", "news", "resolution", "feedback_request", "feedback_reminder"]
    assert account.updates() >= 1
    assert account.row.resolution is not None
    assert account.row.resolution.outcome == "delivered"
    assert await lived.delivered.facts("feedback_expired")


async def test_a_lead_resolves_from_the_web_ui(lived: Lived) -> None:
    account = await Account.of(lived.by_signal)
    assert account.story() == ["acknowledgement", "resolution", "feedback_request"]
    record = account.row.resolution
    assert record is not None
    assert (record.outcome, record.amounts) == ("goodwill", [Money(amount_minor=500, currency="EUR")])
    assert (record.by.who, record.by.role, record.by.why) == ("mia", "lead", "kind")
    refused = [fact.detail["signal"] for fact in await lived.by_signal.facts("refused_signal")]
    assert refused == ["resolv", "resolve"]


async def test_a_refund_fails_after_success_and_reopens(lived: Lived) -> None:
    account = await Account.of(lived.reopened)
    assert account.story(1) == ["acknowledgement", "resolution"]
    assert account.story(2) == ["reopen", "news", "resolution", "feedback_request"]
    assert (account.row.cycle, account.row.escalation) == (2, 1)
    assert account.row.resolution is not None
    assert account.row.resolution.references == ["74537604221222132710573"]


async def test_the_same_case_is_opened_once(lived: Lived) -> None:
    assert lived.answers.count(True) == 1
    assert lived.answers[-1] is False
    account = await Account.of(lived.opened_often)
    assert account.story() == ["acknowledgement", "resolution", "feedback_request"]


async def test_clocks_warn_breach_and_climb_the_ladder(lived: Lived) -> None:
    case = lived.breached
    account = await Account.of(case)
    assert account.story() == ["acknowledgement", "apology", "resolution", "feedback_request"]
    [started] = await case.facts("clock_started")
    due_at = datetime.fromisoformat(str(started.detail["due_at"]))
    rungs = [(1, "owner", due_at - timedelta(seconds=3)), (2, "lead", due_at), (3, "head", due_at + timedelta(seconds=3.5))]
    fired = await case.facts("threshold_fired")
    assert [(fact.detail["level"], fact.detail["to"], fact.occurred_at) for fact in fired] == rungs
    assert all(fact.learned_at >= at for fact, (*_, at) in zip(fired, rungs, strict=True)), "none before its moment"
    assert not await case.facts("threshold_passed"), "each was told at its own moment"
    [breach] = await case.facts("clock_breached")
    assert (breach.detail["clock"], breach.occurred_at) == ("refund_promise", due_at)
    # The people of the three roles were told, and it left the house; the customer has an apology with a new date.
    # Of the clock alone: on a machine short of time a provider's silence may be told as well, since a day is seconds here.
    told = await lived.house.queries.alerts(case.case_id)
    alerts = [(alert.role, alert.level, alert.reason) for alert in told if alert.reason in ("at_risk", "breached")]
    assert alerts == [("owner", 1, "at_risk"), ("lead", 2, "breached"), ("head", 3, "breached")]
    assert len(await _pages(case)) >= len(alerts)
    apology = next(message for message in account.messages if message.kind is MessageKind.APOLOGY)
    assert apology.ended_at is not None
    assert apology.ended_at >= due_at
    assert "sorry" in (apology.text or "")
    # The breach stays on record after the resolution.
    assert (account.row.escalation, account.row.clocks_met, account.row.clocks_breached) == (3, 0, 1)
    assert account.row.resolution is not None
    assert (account.row.resolution.outcome, account.row.resolution.by.who) == ("goodwill", "mia")


async def test_an_old_case_is_told_once(lived: Lived) -> None:
    case = lived.imported
    account = await Account.of(case)
    assert account.story() == ["acknowledgement", "resolution", "feedback_request"]
    assert account.messages[0].also == [MessageKind.APOLOGY], "received, late, sorry: one message"
    # Clocks ran from opened_at; of three thresholds passed the highest is told once, the others are recorded.
    [started] = await case.facts("clock_started")
    assert started.occurred_at == account.row.opened_at == case.start.opened_at
    assert datetime.now(UTC) - account.row.opened_at > timedelta(days=39)
    assert [fact.detail["level"] for fact in await case.facts("threshold_fired")] == [3]
    assert [fact.detail["level"] for fact in await case.facts("threshold_passed")] == [1, 2]
    assert [(alert.level, alert.role) for alert in await lived.house.queries.alerts(case.case_id)] == [(3, "head")]
    assert (account.row.escalation, account.row.clocks_breached) == (3, 1)
    # From then on it is a case like any other.
    assert account.updates() >= 1
    assert account.row.resolution is not None
    assert account.row.resolution.outcome == "refunded"


async def test_a_shadow_case_sends_nothing_and_records_what_would_have_been_sent(lived: Lived) -> None:
    case = lived.shadow
    account = await Account.of(case)
    assert not await Outbox(lived.house.store).rows(case.case_id), "nothing left the house, to customers or to colleagues"
    assert account.story() == ["acknowledgement", "resolution", "feedback_request", "reply"]
    assert account.updates() >= 1
    for message in account.messages:
        assert (message.shadow, message.reason, message.deliveries, message.channel) == (True, "shadow", [], "email")
        assert case.case_id in (message.text or "")
    alerts = await lived.house.queries.alerts(case.case_id)
    assert [alert.reason for alert in alerts] == ["recovery"]
    assert all(alert.shadow and alert.people and alert.body for alert in alerts)
    # It lived as any other, but the figures leave it out.
    account.promises_add_up()
    assert (account.row.csat, account.row.status) == (1, CaseStatus.CLOSED)
    assert (await lived.house.queries.summary([case.case_id])).total == 0
    assert (await lived.house.queries.summary([case.case_id], include_shadow=True)).total == 1


async def test_a_flooded_case_goes_on_as_a_new_run(lived: Lived) -> None:
    flooded, case = lived.flooded, lived.flooded.case
    account = await Account.of(case)
    assert (await case.handle.describe()).run_id != flooded.first_run
    first = lived.house.client.get_workflow_handle(case.handle.id, run_id=flooded.first_run)
    assert [event.event_type for event in (await first.fetch_history()).events][-1] == _CONTINUED
    # What it answered in the new run: the same case, and it had taken everything in.
    before, after = flooded.before, flooded.after
    assert (after.owner, after.opened_at, after.resolve_by, after.clocks) == ("lena", before.opened_at, before.resolve_by, before.clocks)
    assert after.counts["facts"] >= before.counts["facts"] + flooded.signals + _NOTES
    # The promise that was open there was kept, and it settled like any other.
    assert after.promise is not None
    assert {promise.number: promise.end for promise in account.promises}[int(after.promise["number"])] is PromiseEnd.KEPT
    assert account.story() == ["acknowledgement", "resolution", "feedback_request"]
    # Each signal and each note once, though a case carries its last 200 facts only: the others are in the books.
    assert len(await case.facts("refused_signal")) == flooded.signals
    assert len(await case.facts("noted")) == _NOTES


async def test_nothing_is_lost_and_promises_add_up(lived: Lived) -> None:
    accounts = [await Account.of(case) for case in lived.told]
    for account in accounts:
        account.nothing_is_lost_or_doubled()
        account.promises_add_up()
        assert {promise.end for promise in account.promises} == {PromiseEnd.KEPT}
    sums = (await lived.house.queries.summary([case.case_id for case in lived.cases])).promises
    assert (sums.made, sums.kept) == (sum(len(account.promises) for account in accounts),) * 2
    assert (sums.late, sums.broken, sums.superseded, sums.withdrawn, sums.open) == (0, 0, 0, 0, 0)


async def test_operations_find_and_read_the_cases(lived: Lived) -> None:
    everything = {case.handle.id for case in lived.cases}
    client = lived.house.client
    assert await ids_found(client, f"MakegoodStatus = '{CaseStatus.CLOSED}'", len(everything)) == everything
    assert await ids_found(client, "MakegoodKind = 'dispute' AND MakegoodProvider = 'simpay'", 1) == {lived.won.handle.id}
    assert await ids_found(client, "MakegoodTags = 'spring'", 1) == {lived.settled.handle.id}
    assert await ids_found(client, "MakegoodKind = 'refund' AND MakegoodEscalation = 1", 1) == {lived.reopened.handle.id}
    climbed = {lived.breached.handle.id, lived.imported.handle.id}
    assert await ids_found(client, "MakegoodKind = 'refund' AND MakegoodEscalation >= 2", 2) == climbed
    description = await lived.settled.handle.describe()
    assert await description.static_summary() == "refund H-1 for Nordwind, order O-77, 49.90 EUR"
    assert "ruled by demo.refund" in (await description.static_details() or "")
    assert "**open**, cycle 1" in lived.page
    assert "**Next:**" in lived.page
    assert "next word" in lived.page
    assert "**closed**, cycle 1" in await _page(lived.settled)


async def test_the_histories_replay(lived: Lived) -> None:
    await replay(lived.cases)
    first = lived.house.client.get_workflow_handle(lived.flooded.case.handle.id, run_id=lived.flooded.first_run)
    replayer = Replayer(workflows=worker.WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=worker.sandbox())
    await replayer.replay_workflow(await first.fetch_history())
    first = lived.house.client.get_workflow_handle(lived.flooded.case.handle.id, run_id=lived.flooded.first_run)
    replayer = Replayer(workflows=worker.WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=worker.sandbox())
    await replayer.replay_workflow(await first.fetch_history())
