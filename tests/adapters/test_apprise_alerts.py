"""Alerts through the real apprise against a service on loopback (its json:// scheme)."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from activities.adapters.apprise_alerts import AppriseAlerts, check_target
from activities.adapters.outcomes.table import Fault, outcome_table
from activities.ports import AlertMessage, AlertPort, SendFailed, SendOutcome
from tests.adapters import faults
from tests.vendors import answers
from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, refused_url, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALERT = AlertMessage(
    alert_id="a-1",
    case_id="shop-1001-abcdef12",
    to=["lena.lead@shop.example", "hans.head@shop.example"],
    role="lead",
    level=2,
    title="[level 2] refund shop-1001-abcdef12: is breached",
    body="shop: refund shop-1001-abcdef12 is breached.",
)
RETRY, OPERATOR = SendOutcome.RETRY, SendOutcome.OPERATOR


class Service(Loopback):
    """Where people work. Answers by path: /<status>/..., else 200; the answer to /<status> is the same every time."""

    def answer(self, request: Request) -> Reply:
        first = request.path.split("/")[1]
        return Reply(int(first) if first.isdecimal() else 200)

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(request.path, json.loads(request.body)) for request in self.requests]


@pytest_asyncio.fixture(loop_scope="module")
async def service() -> AsyncIterator[Service]:
    async with serving(Service()) as service:
        yield service


def at(url: str, path: str) -> str:
    return f"json://token-s3cret:pass@{urlsplit(url).netloc}{path}"


async def failure(alerts: AppriseAlerts) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await alerts.alert(ALERT, AT)
    return raised.value


async def test_a_role_is_told_where_it_works(service: Service) -> None:
    alerts: AlertPort = AppriseAlerts({"lead": [at(service.url, "/slack"), at(service.url, "/pager")]}, [at(service.url, "/fallback")])
    await alerts.alert(ALERT, AT)
    told = service.told()
    assert sorted(path for path, _ in told) == ["/pager", "/slack"]
    for _, said in told:
        assert said["title"] == ALERT.title
        assert said["message"] == f"{ALERT.body}\nFor: lena.lead@shop.example, hans.head@shop.example"
        assert said["type"] == "failure"


async def test_a_role_without_addresses_goes_to_the_fallback_and_each_address_is_told_once(service: Service) -> None:
    fallback = at(service.url, "/fallback")
    await AppriseAlerts({"head": [at(service.url, "/head")]}, [fallback, fallback]).alert(ALERT, AT)
    assert [path for path, _ in service.told()] == ["/fallback"]


async def test_an_address_with_a_person_in_it_is_one_for_each_person(service: Service) -> None:
    await AppriseAlerts({"lead": [at(service.url, "/to/{person}")]}, [at(service.url, "/fallback")]).alert(ALERT, AT)
    assert sorted(path for path, _ in service.told()) == ["/to/hans.head@shop.example", "/to/lena.lead@shop.example"]


@pytest.mark.parametrize(("level", "kind"), [(0, "info"), (1, "warning"), (2, "failure"), (3, "failure")])
async def test_the_level_shows(service: Service, level: int, kind: str) -> None:
    await AppriseAlerts({}, [at(service.url, "/x")]).alert(ALERT.model_copy(update={"level": level}), AT)
    assert service.told()[0][1]["type"] == kind


STATUSES = [
    *((Fault(status=status), OPERATOR) for status in (400, 401, 403, 404, 405, 410)),
    *((Fault(status=status), RETRY) for status in (408, 425, 429, 500, 502, 503, 418)),
]


@pytest.mark.parametrize(("fault", "outcome"), STATUSES)
async def test_what_a_refusal_means(service: Service, fault: Fault, outcome: SendOutcome) -> None:
    error = await failure(AppriseAlerts({}, [at(service.url, f"/{fault.status}")]))
    assert (error.outcome, error.reason) == (outcome, f"apprise_{fault.status}")


async def test_one_address_worth_trying_again_makes_the_whole_worth_it(service: Service) -> None:
    error = await failure(AppriseAlerts({}, [at(service.url, "/403"), at(service.url, "/503")]))
    assert (error.outcome, error.reason) == (RETRY, "apprise_503")


async def test_some_told_is_success_and_the_log_says_who_is_not(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    await AppriseAlerts({}, [at(service.url, "/403/a"), at(service.url, "/slack"), at(service.url, "/503/b")]).alert(ALERT, AT)
    (record,) = [record for record in caplog.records if record.name == "activities.adapters.apprise_alerts"]
    assert record.getMessage() == ("alert not told everywhere: alert=a-1 role=lead failed=0:json:apprise_403, 2:json:apprise_503 of 3")


async def test_nobody_listens(service: Service) -> None:
    error = await failure(AppriseAlerts({}, [at(refused_url(), "/x")]))
    assert (error.outcome, error.reason) == (RETRY, "apprise_failed")


async def test_a_service_that_does_not_answer_in_time(service: Service) -> None:
    service.script([answers.silent()])
    error = await failure(AppriseAlerts({}, [at(service.url, "/x")], timeout_s=0.2))
    assert (error.outcome, error.reason) == (RETRY, "apprise_timeout")


async def test_an_address_that_means_nothing_needs_a_person(service: Service) -> None:
    error = await failure(AppriseAlerts({}, ["nosuchservice://s3cret"]))
    assert (error.outcome, error.reason) == (OPERATOR, "apprise_invalid")
    with pytest.raises(ValueError, match="nosuchservice") as raised:
        check_target("nosuchservice://s3cret")
    assert "s3cret" not in str(raised.value)


async def test_every_row_of_the_table_is_tested() -> None:
    met = [fault for fault, _ in STATUSES]
    met += [Fault(transport=word) for word in ("invalid", "failed", "timeout", "not_started")]  # the last one: test_bounded_calls
    assert faults.untested(outcome_table("apprise"), met) == []


async def test_what_one_service_says_is_not_taken_for_the_answer_of_another(service: Service) -> None:
    service.script([answers.silent(), answers.reply(403)])
    alerts = AppriseAlerts({}, [at(service.url, "/x")])
    both = {asyncio.create_task(failure(alerts)) for _ in range(2)}
    first, waiting = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result().reason for task in first] == ["apprise_403"]
    service.release()  # the other one's connection ends without a word
    assert [(await task).reason for task in waiting] == ["apprise_failed"]


async def test_ten_alerts_in_a_row_are_not_slowed_down(service: Service) -> None:
    """apprise sleeps up to 5.5 s between two messages of one service; what a role is told must not wait for that."""
    mail = [at(service.url, "/slack")]
    before = threading.active_count()
    await asyncio.gather(*(AppriseAlerts({}, mail).alert(ALERT.model_copy(update={"alert_id": f"a{n}"}), AT) for n in range(10)))
    assert len(service.requests) == 10
    assert threading.active_count() < before + 40


async def test_no_token_and_nobody_reaches_a_log_or_an_error(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "apprise", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    errors = [
        await failure(AppriseAlerts({}, [at(service.url, "/403?+X-Key=s3cret")])),
        await failure(AppriseAlerts({}, [at(refused_url(), "/s3cret")])),
        await failure(AppriseAlerts({}, ["nosuchservice://s3cret", "json://"])),
    ]
    await AppriseAlerts({}, [at(service.url, "/s3cret"), at(service.url, "/503")]).alert(ALERT, AT)
    told = [record.getMessage() for record in caplog.records] + [repr(error) + repr(error.__cause__) for error in errors]
    assert told
    for text in told:
        for hidden in ("s3cret", "lena", ALERT.body):
            assert hidden not in text
