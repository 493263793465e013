"""Figures for monitoring: counted from the rows, in six statements, at most every ten seconds, for those who may."""

import re
from datetime import timedelta

from policies.case.vocabulary import CaseKind, CaseStatus, Channel, MessageKind, MessageOutcome, PromiseEnd
from store.api_keys import Scope
from store.engine import Store
from store.inbox import Inbox, InboxEvent, InboxState
from store.recorder import Recorder
from store.standing import DeliveryState
from tests.starter.web.api.harness import Api, api_of, counted
from tests.store.samples import MONDAY, ended, entry, hours, plan, promise, result


async def house(store: Store) -> Api:
    recorder = Recorder(store)
    for case_id, changes in (
        ("a", {"ended_promises": [ended(1, PromiseEnd.KEPT), ended(2, PromiseEnd.LATE, 60)], "open_promise": promise(3)}),
        ("b", {"status": CaseStatus.ON_HOLD, "ended_promises": [ended(1, PromiseEnd.KEPT)]}),
        ("c", {"status": CaseStatus.CLOSED, "kind": CaseKind.DISPUTE, "next_at": None, "closed_at": hours(1)}),
        ("shadow", {"shadow": True, "ended_promises": [ended(1, PromiseEnd.BROKEN)]}),
    ):
        await recorder.commit_entry(entry(case_id, **changes))
    for number, (channel, outcome) in enumerate(
        ((Channel.EMAIL, MessageOutcome.ACCEPTED), (Channel.EMAIL, MessageOutcome.UNKNOWN), (Channel.SMS, MessageOutcome.REFUSED))
    ):
        message = plan(f"m{number}", "a", kind=MessageKind.UPDATE, seq=number + 1, channels=[channel])
        await recorder.open_message(entry("a"), message, MONDAY)
        delivery = await recorder.claim_delivery(f"m{number}", channel, MONDAY, 15, reuse=False)
        told = result(outcome, channel=channel)
        await recorder.end_sending(f"m{number}", delivery.delivery_id, DeliveryState(outcome.value), MONDAY, told)
    inbox = Inbox(store)
    for number, (state, hour) in enumerate(((InboxState.NEW, 1), (InboxState.NEW, 2), (InboxState.WAITING, 0), (InboxState.DONE, 0))):
        await inbox.put(InboxEvent(provider="stripe", event_key=f"e{number}", kind="refund"), hours(hour), state)
    for sender in ("help@shop.example", ""):  # the other way round, a refused sender shows that the account is good
        await Recorder(store).park(Channel.EMAIL, "sendgrid", "sendgrid_401", MONDAY, timedelta(minutes=15), sender)
    api = api_of(store)
    api.clock.now = hours(3)
    return api


async def figures(api: Api) -> dict[str, str]:
    async with api.caller(Scope.METRICS) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))


async def test_what_is_counted(store: Store) -> None:
    seen = await figures(await house(store))
    assert seen == {
        'makegood_cases_opened_total{kind="delay"}': "0",
        'makegood_cases_opened_total{kind="dispute"}': "1",
        'makegood_cases_opened_total{kind="refund"}': "2",
        'makegood_cases_open{kind="refund",status="on_hold"}': "1",
        'makegood_cases_open{kind="refund",status="open"}': "1",
        'makegood_promises_ended_total{end="broken"}': "0",
        'makegood_promises_ended_total{end="kept"}': "2",
        'makegood_promises_ended_total{end="late"}': "1",
        'makegood_promises_ended_total{end="superseded"}': "0",
        'makegood_promises_ended_total{end="withdrawn"}': "0",
        "makegood_promises_open": "1",
        'makegood_messages{kind="update",outcome="accepted"}': "1",
        'makegood_messages{kind="update",outcome="refused"}': "1",
        'makegood_messages{kind="update",outcome="unknown"}': "1",
        'makegood_deliveries{channel="email",outcome="accepted"}': "1",
        'makegood_deliveries{channel="email",outcome="unknown"}': "1",
        'makegood_deliveries{channel="sms",outcome="refused"}': "1",
        'makegood_deliveries_unknown{channel="email"}': "1",
        'makegood_deliveries_unknown{channel="sms"}': "0",
        'makegood_channels_parked{channel="email",provider="sendgrid"}': "2",
        'makegood_webhook_oldest_seconds{state="new"}': "7200",
        'makegood_webhook_oldest_seconds{state="waiting"}': "10800",
        'makegood_webhooks{state="failed"}': "0",
        'makegood_webhooks{state="new"}': "2",
        'makegood_webhooks{state="waiting"}': "1",
    }


async def test_the_form_is_prometheus_own(sqlite_store: Store) -> None:
    api = await house(sqlite_store)
    async with api.caller(Scope.READ) as client:
        text = (await client.get("/metrics")).text
    assert text.endswith("\n")
    known: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            known.add(line.split()[2])
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[a-z_]+"(,[a-z_]+="[a-z_]+")*\})? [0-9.e+]+', line)
            assert match is not None, line
            assert match[1] in known


async def test_an_empty_house_has_figures_too(store: Store) -> None:
    seen = await figures(api_of(store))
    assert (seen["makegood_promises_open"], seen['makegood_webhook_oldest_seconds{state="new"}']) == ("0", "0")


async def test_six_statements_at_most_every_ten_seconds(store: Store) -> None:
    api = await house(store)
    numbers = []
    began = api.ticks.now
    async with api.caller(Scope.METRICS) as client:
        for seconds in (0, 5, 9.9, 10):
            api.ticks.now = began + seconds
            with counted() as statements:
                await client.get("/metrics")
            numbers.append(len([statement for statement in statements if "SELECT" in statement and "api_keys" not in statement]))
    assert numbers == [6, 0, 0, 6]


async def test_nobody_reads_them_without_a_key_not_even_from_this_machine(sqlite_store: Store) -> None:
    api = api_of(sqlite_store)
    async with api.stranger() as client:
        assert (await client.get("/metrics")).status_code == 401
    async with api.caller(Scope.READ, address="127.0.0.1") as client:
        assert (await client.get("/metrics", headers={"authorization": ""})).status_code == 401
        assert (await client.get("/metrics")).status_code == 200
        api.backends.opened = None
        assert (await client.get("/metrics")).status_code == 503
