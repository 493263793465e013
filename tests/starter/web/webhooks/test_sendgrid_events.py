"""/webhooks/sendgrid: events go to the ledger, addresses are suppressed at once, and only what did not arrive is for the case."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from policies.case.commands import DeliveryReport
from policies.case.vocabulary import Channel, MessageClass
from store.delivery_reports import DELIVERY
from store.engine import Store
from store.parks import ParkBooks
from store.suppressions import Covers, SuppressionReason
from tests.starter.web.webhooks.harness import Hooks, hooks
from tests.store.rows import suppressions_of
from tests.store.samples import CASE
from tests.vendors.sendgrid import signed_events

ADDRESS = "Ada@Example.org"


def event(h: Hooks, name: str, delivery_id: str | None, key: str = "evt_1", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"email": ADDRESS, "timestamp": h.seconds() - 60, "event": name, "sg_event_id": key}
    found["sg_message_id"] = "X-1.recvd-7f5c-1-65E0-2.0"
    if delivery_id is not None:
        found["notification_id"] = delivery_id
    return {**found, **more}


BOUNCED, SPAM, UNSUBSCRIBE, INVALID = (
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.SPAM,
    SuppressionReason.UNSUBSCRIBE,
    SuppressionReason.INVALID,
)
# event, its fields -> state, reason, this address will never do, told to the case, why it is suppressed, for which classes
MEANINGS: list[tuple[str, dict[str, Any], str, str | None, bool, bool, SuppressionReason | None, Covers | None]] = [
    ("processed", {}, "processed", None, False, False, None, None),
    ("deferred", {"response": "400 later"}, "deferred", "deferred", False, False, None, None),
    ("delivered", {"response": "250 OK"}, "delivered", None, False, False, None, None),
    ("bounce", {"type": "bounce", "reason": "550 <ada@example.org> unknown"}, "bounced", "bounced", True, True, BOUNCED, Covers.ALL),
    ("bounce", {"type": "bounce", "bounce_classification": "Invalid Address"}, "bounced", "invalid_address",
     True, True, BOUNCED, Covers.ALL),
    ("bounce", {"type": "blocked"}, "blocked", "blocked", False, True, None, None),
    ("bounce", {"type": "blocked", "bounce_classification": "Frequency or Volume Too High"}, "blocked", "frequency_or_volume_too_high",
     False, True, None, None),
    ("bounce", {"type": "bounce", "bounce_classification": "<b>"}, "bounced", "bounced", True, True, BOUNCED, Covers.ALL),
    ("dropped", {"reason": "Bounced Address"}, "dropped", "bounced_address", True, True, BOUNCED, Covers.ALL),
    ("dropped", {"reason": "Spam Reporting Address"}, "dropped", "spam_reporting_address", True, True, SPAM, Covers.ALL),
    ("dropped", {"reason": "Unsubscribed Address"}, "dropped", "unsubscribed_address", True, True, UNSUBSCRIBE, Covers.ALL),
    ("dropped", {"reason": "Invalid"}, "dropped", "invalid_address", True, True, INVALID, Covers.ALL),
    ("dropped", {"reason": "Invalid SMTPAPI header"}, "dropped", "invalid_header", False, True, None, None),
    ("dropped", {"reason": "Spam Content (if spam checker app enabled)"}, "dropped", "spam_content", False, True, None, None),
    ("dropped", {"reason": "Recipient List over Package Quota"}, "dropped", "over_quota", False, True, None, None),
    ("dropped", {"reason": 7}, "dropped", "dropped", False, True, None, None),
    ("spamreport", {}, "spam", "spam", False, False, SPAM, Covers.ALL),
    ("unsubscribe", {}, "unsubscribed", "unsubscribe", False, False, UNSUBSCRIBE, Covers.STATUS),
    ("group_unsubscribe", {"asm_group_id": 1}, "unsubscribed", "unsubscribe", False, False, UNSUBSCRIBE, Covers.STATUS),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fields", "state", "reason", "permanent", "told", "why", "covers"), MEANINGS)
async def test_what_an_event_means(
    sqlite_store: Store,
    name: str,
    fields: dict[str, Any],
    state: str,
    reason: str | None,
    permanent: bool,
    told: bool,
    why: SuppressionReason | None,
    covers: Covers | None,
) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent()
    assert (await h.sendgrid(event(h, name, delivery_id, **fields))).status_code == 200
    (standing,) = await h.reported()
    assert (standing.state, standing.reason, standing.permanent) == (state, reason, permanent)
    rows = [row for row in await h.rows() if row.kind == DELIVERY]
    assert bool(rows) is told
    if told:
        report = DeliveryReport.model_validate(rows[0].payload["report"])
        assert (rows[0].case_id, report.message_id, report.state, report.permanent, report.reason) == (CASE, "m1", state, permanent, reason)
        assert "ada" not in str(rows[0].payload).lower()
    suppressed = await suppressions_of(h.store, Channel.EMAIL, ADDRESS)
    assert [(one.reason, one.covers) for one in suppressed] == ([(why, covers)] if why else [])


async def test_a_plan_whose_credits_are_used_up_parks_the_channel_and_delivers_again_when_mended(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    one, two = await h.sent(), await h.sent("m2", provider_id="X-2")
    over = {"reason": "Recipient List over Package Quota"}
    await h.sendgrid(event(h, "dropped", one, "e1", **over), event(h, "dropped", two, "e2", **over))
    (park,) = await ParkBooks(h.store).standing()
    assert (park.channel, park.provider, park.sender, park.reason) == (Channel.EMAIL, "sendgrid", "", "over_quota")
    h.clock.now += timedelta(minutes=20)
    trial = await h.sent("m3", provider_id="X-3", at=h.clock.now)
    h.clock.now += timedelta(minutes=1)
    await h.sendgrid(event(h, "delivered", trial, "e3"))
    assert await ParkBooks(h.store).standing() == []


async def test_a_batch_sent_again_in_another_order_changes_nothing_more(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    one, two = await h.sent(), await h.sent("m2", provider_id="X-2")
    batch = [
        event(h, "processed", one, "e1"),
        event(h, "bounce", one, "e2", type="bounce"),
        event(h, "delivered", two, "e3"),
        event(h, "open", two, "e4"),
        event(h, "click", two, "e5", url="https://x"),
    ]
    for n in range(5):
        assert (await h.sendgrid(*(batch if n % 2 else batch[::-1]), timestamp=h.seconds() - n * 3600)).status_code == 200
    states = {standing.message_id: (standing.state, len(standing.events)) for standing in await h.reported()}
    assert states == {"m1": ("bounced", 2), "m2": ("delivered", 1)}
    assert len(await h.rows()) == 1


async def test_resubscribing_lifts_what_unsubscribing_stopped(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent()
    await h.sendgrid(event(h, "group_unsubscribe", delivery_id, "e1"))
    assert await h.suppressions.is_suppressed(Channel.EMAIL, ADDRESS, MessageClass.STATUS) is UNSUBSCRIBE
    await h.sendgrid(event(h, "group_resubscribe", delivery_id, "e2", timestamp=h.seconds()))
    assert await h.suppressions.is_suppressed(Channel.EMAIL, ADDRESS, MessageClass.STATUS) is None


async def test_mail_of_another_system_on_the_same_account_is_not_ours_to_keep(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.sent()
    strangers = [
        event(h, "bounce", None, "e1", type="bounce", sg_message_id="Y-9.recvd"),
        event(h, "spamreport", "0" * 32, "e2"),
        {"event": "account_status_change", "type": "compliance_suspend", "sg_event_id": "e3", "timestamp": h.seconds()},
    ]
    assert (await h.sendgrid(*strangers)).status_code == 200
    assert (await h.rows(), await h.reported(), await suppressions_of(h.store, Channel.EMAIL, ADDRESS)) == ([], [], [])


async def test_an_event_without_our_id_is_known_by_the_message_id(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.sent()
    await h.sendgrid(event(h, "delivered", None))
    assert [one.state for one in await h.reported()] == ["delivered"]


ODD: list[Any] = [7, None, [], {}, {"event": "delivered"}, {"event": ["bounce"], "sg_event_id": "x", "sg_message_id": "y"},
                  {"event": "delivered", "sg_event_id": 7, "notification_id": "x"}]  # fmt: skip


async def test_odd_things_in_a_batch_do_not_keep_the_rest_from_being_taken(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent()
    odd = event(h, "deferred", delivery_id, "e1", timestamp=10**20)
    assert (await h.sendgrid(*ODD, odd, event(h, "delivered", delivery_id, "e2", timestamp="yesterday"))).status_code == 200
    (standing,) = await h.reported()
    assert [one.at for one in standing.events] == [h.clock.now, h.clock.now]  # dates that no event can have


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff\xfe", b"null"])
async def test_what_is_signed_and_no_batch_is_refused_in_words(sqlite_store: Store, body: bytes) -> None:
    h = hooks(sqlite_store)
    _, headers = _signed(h, body)
    answer = await h.client.post("/webhooks/sendgrid", content=body, headers=headers)
    assert (answer.status_code, "right would be a JSON array" in answer.json()["detail"]) == (400, True)


def _signed(h: Hooks, body: bytes) -> tuple[bytes, dict[str, str]]:
    moment = str(h.seconds())
    signature = h.events_key.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": moment,
    }
    return body, headers


async def test_a_forged_one_changes_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    delivery_id = await h.sent()
    body, headers = signed_events([event(h, "spamreport", delivery_id)], h.inbound_key, h.seconds())
    too_old = await h.sendgrid(event(h, "spamreport", delivery_id), timestamp=h.seconds() - 25 * 3600 - 1)
    strangers_key = await h.client.post("/webhooks/sendgrid", content=body, headers=headers)
    unsigned = await h.client.post("/webhooks/sendgrid", json=[event(h, "spamreport", delivery_id)])
    assert [answer.status_code for answer in (too_old, strangers_key, unsigned)] == [403, 403, 403]
    assert (await h.rows(), await h.reported(), await suppressions_of(h.store, Channel.EMAIL, ADDRESS)) == ([], [], [])


async def test_without_a_key_it_is_closed(sqlite_store: Store) -> None:
    h = hooks(sqlite_store, locked=True)
    assert (await h.sendgrid()).status_code == 503
