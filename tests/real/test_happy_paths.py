"""Happy paths on the real development server, all at the same time: what the customer gets, what the books hold, what operations see."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client

from policies.case.commands import ReportFact
from policies.case.vocabulary import CaseKind, CaseStatus, MessageKind, PromiseEnd
from policies.money import Money
from tests.life.harness import LEAD
from tests.real.harness import Account, RealCase, RealHouse, case_start, ids_found, real_house, replay
from workflows import names

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
    answers: list[bool]  # to the requests that opened the last case

    @property
    def cases(self) -> list[RealCase]:
        return [self.settled, self.won, self.delivered, self.by_signal, self.reopened, self.opened_often]


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


async def _page(case: RealCase) -> str:
    metadata: WorkflowMetadata = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with real_house(tmp_path_factory.mktemp("happy")) as house:
        (settled, page), won, delivered, by_signal, reopened, (often, answers) = await asyncio.gather(
            _settled(house), _won(house), _delivered(house), _by_signal(house), _reopened(house), _opened_often(house)
        )
        yield Lived(house, settled, won, delivered, by_signal, reopened, often, page, answers)


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


async def test_nothing_is_lost_and_promises_add_up(lived: Lived) -> None:
    accounts = [await Account.of(case) for case in lived.cases]
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
    assert await ids_found(client, "MakegoodKind = 'refund' AND MakegoodEscalation >= 1", 1) == {lived.reopened.handle.id}
    description = await lived.settled.handle.describe()
    assert await description.static_summary() == "refund H-1 for Nordwind, order O-77, 49.90 EUR"
    assert "ruled by demo.refund" in (await description.static_details() or "")
    assert "**open**, cycle 1" in lived.page
    assert "**Next:**" in lived.page
    assert "next word" in lived.page
    assert "**closed**, cycle 1" in await _page(lived.settled)


async def test_the_histories_replay(lived: Lived) -> None:
    await replay(lived.cases)
