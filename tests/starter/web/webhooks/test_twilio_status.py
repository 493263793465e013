"""/webhooks/twilio/status: callbacks go to the ledger by our id in their address; what did not arrive is for the case."""

import pytest

from policies.case.commands import DeliveryReport
from policies.case.vocabulary import Channel
from store.delivery_events import accepted_by_events
from store.delivery_reports import PARK
from store.engine import Store
from store.parks import ParkBooks
from store.suppressions import SuppressionReason
from tests.starter.web.webhooks.harness import Hooks, hooks
from tests.store.rows import suppressions_of
from tests.store.samples import CASE

NUMBER = "+4930123456"
SID = "SM" + "0" * 31 + "1"
CALL = "CA" + "0" * 31 + "1"
STOP, INVALID = SuppressionReason.STOP, SuppressionReason.INVALID


async def callback(h: Hooks, delivery_id: str | None, status: str, code: str | None = None, sid: str = SID) -> int:
    path = "/webhooks/twilio/status" + (f"?n={delivery_id}" if delivery_id is not None else "")
    named = {"CallSid": sid, "CallStatus": status} if sid.startswith("CA") else {"MessageSid": sid, "MessageStatus": status}
    form = {**named, "To": NUMBER, "From": "+15005550006"}
    return (await h.twilio(path, **form, **({"ErrorCode": code} if code else {}))).status_code


# status, error code -> state, reason, this number will never do, told to the case, suppressed
MEANINGS: list[tuple[str, str | None, str, str | None, bool, bool, SuppressionReason | None]] = [
    ("queued", None, "queued", None, False, False, None),
    ("accepted", None, "queued", None, False, False, None),
    ("sending", None, "processed", None, False, False, None),
    ("sent", None, "sent", None, False, False, None),
    ("delivered", None, "delivered", None, False, False, None),
    ("delivered", "30005", "delivered", None, False, False, None),  # a code beside a good end is none
    ("read", None, "read", None, False, False, None),
    ("undelivered", "30003", "undelivered", "handset_off", False, True, None),
    ("undelivered", "30004", "undelivered", "blocked", True, True, None),
    ("undelivered", "30005", "undelivered", "unknown_number", True, True, INVALID),
    ("undelivered", "30006", "undelivered", "landline", True, True, INVALID),
    ("undelivered", "30007", "undelivered", "filtered", True, True, None),
    ("undelivered", "30008", "undelivered", "unknown_error", False, True, None),
    ("failed", "21610", "failed", "opted_out", True, True, STOP),
    ("failed", "21211", "failed", "invalid_number", True, True, INVALID),
    ("failed", "30001", "failed", "queue_overflow", False, True, None),
    ("failed", "30036", "failed", "expired", False, True, None),  # of what must be said, and no newer word says
    ("failed", "39999", "failed", "twilio_39999", False, True, None),
    ("failed", "<script>", "failed", "failed", False, True, None),
    ("canceled", None, "failed", "canceled", False, True, None),
]
CALLS: list[tuple[str, str, str | None, bool]] = [
    ("initiated", "processed", None, False),
    ("ringing", "sent", None, False),
    ("in-progress", "answered", None, False),
    ("completed", "delivered", None, False),
    ("busy", "undelivered", "busy", True),
    ("no-answer", "undelivered", "no_answer", True),
    ("failed", "failed", "failed", True),
]


@pytest.mark.parametrize(("status", "code", "state", "reason", "permanent", "told", "why"), MEANINGS)
async def test_what_a_status_means(
    sqlite_store: Store,
    status: str,
    code: str | None,
    state: str,
    reason: str | None,
    permanent: bool,
    told: bool,
    why: SuppressionReason | None,
) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    assert await callback(h, delivery_id, status, code) == 204
    (standing,) = await h.reported()
    assert (standing.state, standing.reason, standing.permanent) == (state, reason, permanent)
    rows = await h.rows()
    assert bool(rows) is told
    if told:
        report = DeliveryReport.model_validate(rows[0].payload["report"])
        assert (rows[0].case_id, report.channel, report.state, report.reason) == (CASE, Channel.SMS, state, reason)
        assert NUMBER not in str(rows[0].payload)
    assert [one.reason for one in await suppressions_of(h.store, Channel.SMS, NUMBER)] == ([why] if why else [])


async def test_a_suspended_account_parks_the_channel_and_the_operator_is_told_beside_the_case(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    for _ in range(3):
        assert await callback(h, delivery_id, "failed", "30002") == 204
    (park,) = await ParkBooks(h.store).standing()
    assert (park.channel, park.provider, park.sender, park.reason) == (Channel.SMS, "twilio", "", "account_suspended")
    park_row, case_row = reversed(await h.rows())
    assert (park_row.kind, park_row.payload["alert_id"]) == (PARK, park.alert_id)
    assert DeliveryReport.model_validate(case_row.payload["report"]).operator
    assert await suppressions_of(h.store, Channel.SMS, NUMBER) == []  # the customer's number is not at fault


async def test_stop_told_with_a_message_stops_calls_as_well(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    await callback(h, delivery_id, "failed", "21610")
    assert [one.reason for one in await suppressions_of(h.store, Channel.VOICE, NUMBER)] == [STOP]


@pytest.mark.parametrize(("status", "state", "reason", "told"), CALLS)
async def test_what_the_end_of_a_call_means(sqlite_store: Store, status: str, state: str, reason: str | None, told: bool) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.VOICE, provider_id=CALL)
    assert await callback(h, delivery_id, status, sid=CALL) == 204
    (standing,) = await h.reported()
    assert (standing.state, standing.reason, bool(await h.rows())) == (state, reason, told)


async def test_five_times_and_out_of_order_the_end_stands_and_is_told_once(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    for _ in range(5):
        for status, code in (("undelivered", "30003"), ("sent", None), ("queued", None)):
            assert await callback(h, delivery_id, status, code) == 204
    (standing,) = await h.reported()
    assert (standing.state, len(standing.events), len(await h.rows())) == ("undelivered", 3, 1)


async def test_a_callback_heals_an_attempt_whose_answer_was_lost(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id="")
    await callback(h, delivery_id, "sent")
    proven = await h.store.read(lambda connection: accepted_by_events(connection, delivery_id))
    assert proven is not None
    assert (proven.provider_id, proven.at) == (SID, h.clock.now)


async def test_a_callback_without_our_id_is_known_by_the_sid_and_a_strangers_by_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.sent(channel=Channel.SMS, provider_id=SID)
    assert await callback(h, None, "delivered") == 204
    assert await callback(h, "someone-elses", "failed", sid="SM" + "f" * 32) == 204
    assert await callback(h, "x%27%3B%20--", "failed", sid="SM" + "e" * 32) == 204
    assert [(one.state, len(one.events)) for one in await h.reported()] == [("delivered", 1)]
    assert await h.rows() == []


@pytest.mark.parametrize(("sid", "status"), [("SM1", "sent"), (SID, "teleported"), (SID, ""), ("", "sent")])
async def test_what_is_no_report_is_taken_and_forgotten(sqlite_store: Store, sid: str, status: str) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    assert await callback(h, delivery_id, status, sid=sid) == 204
    assert await h.reported() == []


async def test_a_forged_one_changes_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    path, form = (
        f"/webhooks/twilio/status?n={delivery_id}",
        {"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": "21610", "To": NUMBER},
    )
    answers = [
        await h.twilio(path, token="z" * 32, **form),
        await h.twilio(path, public_url="https://evil.example", **form),  # signed for another host than ours
        await h.client.post(path, data=form),
        await h.client.post(path, content=b"\xff\xfe=1", headers={"X-Twilio-Signature": "x"}),
        await h.client.post(path, content="&".join("a=1" for _ in range(400)), headers={"X-Twilio-Signature": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert (await h.rows(), await h.reported(), await suppressions_of(h.store, Channel.SMS, NUMBER)) == ([], [], [])


async def test_the_host_header_counts_for_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent(channel=Channel.SMS, provider_id=SID)
    h.client.headers["host"] = "10.0.0.7:8080"  # behind a proxy: the public address is the settings'
    assert await callback(h, delivery_id, "delivered") == 204
    assert [one.state for one in await h.reported()] == ["delivered"]


async def test_without_a_token_it_is_closed(sqlite_store: Store) -> None:
    h = hooks(sqlite_store, locked=True)
    assert await callback(h, "x", "sent") == 503
    assert (await h.text("STOP")).status_code == 503
