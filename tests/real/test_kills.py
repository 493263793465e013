"""kill -9 of the worker and of the server in the middle of cases: nothing lost, nothing sent twice, the promise kept as soon as possible."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from policies.case.commands import GiveFeedback
from policies.case.vocabulary import CaseKind, MessageKind
from store.standing import MessageState
from tests.life.harness import CUSTOMER
from tests.real.harness import Account, RealCase, RealHouse, case_start, eventually, real_house, replay
from workflows import names

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_OVERDUE_S = 6.0  # house.md, budgets
_SETTLED = {CaseKind.REFUND: "paid_out", CaseKind.DISPUTE: "decided_for_cardholder", CaseKind.DELAY: "handed_over"}
_UNDER_WAY = {CaseKind.REFUND: "processing", CaseKind.DISPUTE: "with_bank", CaseKind.DELAY: "on_the_road"}


@dataclass
class Lived:
    house: RealHouse
    cases: list[RealCase]
    killed: list[str] = field(default_factory=list)


async def _kill(lived: Lived, part: str) -> None:
    stack = lived.house.stack
    (stack.kill_worker if part == "worker" else stack.kill_server)()
    lived.killed.append(part)


async def _begun(lived: Lived, kind: MessageKind) -> int:
    summary = await lived.house.queries.summary([case.case_id for case in lived.cases])
    return sum(summary.messages.get(kind.value, {}).values())


async def _next(lived: Lived, kind: MessageKind) -> None:
    """Wait until the ledger has one more message of that kind: the others of its round are somewhere between timer and outcome."""
    before = await _begun(lived, kind)

    async def look() -> bool:
        return await _begun(lived, kind) > before

    await eventually(look, f"another {kind.value} on its way")


async def _back(lived: Lived) -> None:
    async def look() -> bool:
        return sum("runs again" in event for event in lived.house.events) == len(lived.killed)

    await eventually(look, "everything that was killed runs again")


async def _all_told(lived: Lived, kind: MessageKind, times: int = 1) -> None:
    await asyncio.gather(*(case.told(kind, times) for case in lived.cases))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with real_house(tmp_path_factory.mktemp("kills")) as house:
        kinds = [CaseKind.REFUND, CaseKind.DISPUTE, CaseKind.DELAY] * 4
        starts = [case_start(kind, f"K-{number}", change={"tail": "5s"}) for number, kind in enumerate(kinds)]
        cases = [RealCase(house, start, created=False) for start in starts]
        lived = Lived(house, cases)
        t0=datetime.now()
        def mark(x): sys.stderr.write(f"{(datetime.now()-t0).total_seconds():6.2f} {x}\n")
        opening = asyncio.gather(*(house.open(start, _UNDER_WAY[start.kind]) for start in starts))
        await _next(lived, MessageKind.ACKNOWLEDGEMENT)
        await _kill(lived, "worker")
        mark("k1")
        await _back(lived); mark("back")
        await opening
        await _all_told(lived, MessageKind.ACKNOWLEDGEMENT)
        mark("acked")
        await _next(lived, MessageKind.UPDATE)
        await _kill(lived, "worker")
        mark("k2")
        await _back(lived); mark("back")
        await _all_told(lived, MessageKind.UPDATE)
        mark("updated")
        await _next(lived, MessageKind.UPDATE)
        await _kill(lived, "server")
        mark("k3")
        await _back(lived); mark("back")
        await _all_told(lived, MessageKind.UPDATE, 2)
        mark("updated2")
        await asyncio.gather(*(case.provider_says(_SETTLED[case.start.kind]) for case in cases))
        await _next(lived, MessageKind.RESOLUTION)
        await _kill(lived, "worker")
        mark("k4")
        await _back(lived); mark("back")
        await _all_told(lived, MessageKind.RESOLUTION)
        mark("resolved")
        await _next(lived, MessageKind.FEEDBACK_REQUEST)
        await _kill(lived, "server")
        mark("k5")
        await _back(lived); mark("back")
        await _all_told(lived, MessageKind.FEEDBACK_REQUEST)
        mark("asked")
        await asyncio.gather(*(case.act(names.FEEDBACK, GiveFeedback(by=CUSTOMER, csat=4)) for case in cases))
        await asyncio.gather(*(case.closed() for case in cases))
        mark("closed")
        for e in house.events: mark(e)
        yield lived


async def test_x(lived: Lived) -> None:
    for case in lived.cases:
        a = await Account.of(case)
        acks = (a.messages[0].ended_at - a.row.opened_at).total_seconds()
        res = next(m for m in a.messages if m.kind is MessageKind.RESOLUTION)
        fb = next(m for m in a.messages if m.kind is MessageKind.FEEDBACK_REQUEST)
        sys.stderr.write(f"{case.case_id[:16]} ack {acks:.2f} upd {[(round(s,2), m.split('.')[-2]) for s,m in a.overdue_s]} fb {(fb.ended_at-res.ended_at).total_seconds()-3.5:.2f} {a.kinds()} {[d.attempt for m in a.messages for d in m.deliveries]}\n")
        try:
            a.nothing_is_lost_or_doubled(); a.promises_add_up()
        except AssertionError as e: sys.stderr.write(f"!! {str(e)[:1000]}\n")
    await replay(lived.cases)
