"""/webhooks/stripe: refunds and disputes become readings, once each; what is forged or malformed changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from policies.case.plans import Reading
from starter.web.webhooks.stripe_accounts import StripeAccount
from store.engine import Store
from store.inbox import InboxState
from tests.starter.web.webhooks.harness import Hooks, hooks
from tests.store.samples import MONDAY


def refund(status: str = "succeeded", reference: str = "re_1", **more: Any) -> dict[str, Any]:
    return {"id": reference, "object": "refund", "status": status, "amount": 4990, "currency": "eur", **more}


def event(object_: dict[str, Any], type_: str = "refund.updated", id_: str = "evt_1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "object": "event", "type": type_, "created": int(MONDAY.timestamp()) - 60, "data": {"object": object_}, **more}


async def readings(h: Hooks) -> list[Reading]:
    return [Reading.model_validate(row.payload) for row in reversed(await h.rows())]


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
async def test_a_refund_becomes_a_reading_with_the_events_own_time_and_id(sqlite_store: Store, type_: str) -> None:
    h = hooks(sqlite_store)
    card = {"type": "card", "card": {"type": "refund", "reference": "74000000000000000000001", "reference_status": "available"}}
    assert (await h.stripe(event(refund(destination_details=card), type_))).status_code == 200
    (row,), (reading,) = await h.rows(), await readings(h)
    assert (row.provider, row.event_key, row.kind, row.reference, row.state) == ("stripe", "evt_1", "reading", "re_1", InboxState.NEW)
    assert (reading.status, reading.trace, reading.event_id) == ("succeeded", "74000000000000000000001", "evt_1")
    assert (reading.occurred_at, reading.read_at) == (MONDAY.replace(hour=8, minute=59), MONDAY)


@pytest.mark.parametrize("type_", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated", "word_of_the_future"])
async def test_every_event_of_a_dispute_is_taken(sqlite_store: Store, type_: str) -> None:
    h = hooks(sqlite_store)
    dispute = {"id": "dp_1", "object": "dispute", "status": "lost", "evidence": {"customer_email_address": "ada@example.org"}}
    assert (await h.stripe(event(dispute, f"charge.dispute.{type_}"))).status_code == 200
    (row,) = await h.rows()
    assert (row.reference, row.payload["status"], row.payload["type"]) == ("dp_1", "lost", "dispute")
    assert "ada@" not in str(row.payload)


async def test_a_charge_with_several_refunds_is_a_reading_for_each(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    charge = {"id": "ch_1", "object": "charge", "refunds": {"data": [refund(reference="re_1"), refund("pending", "re_2"), 7]}}
    for _ in range(2):
        assert (await h.stripe(event(charge, "charge.refunded"))).status_code == 200
    found = await readings(h)
    assert [(one.reference, one.status, one.event_id) for one in found] == [
        ("re_1", "succeeded", "evt_1/re_1"),
        ("re_2", "pending", "evt_1/re_2"),
    ]


async def test_five_times_the_same_event_is_one_row(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    answers = [await h.stripe(event(refund()), timestamp=h.seconds() + n) for n in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(await h.rows()) == 1


MEANINGLESS: list[dict[str, Any]] = [
    event(refund(), "invoice.paid"),
    event({"id": "ch_1", "object": "charge"}, "charge.refunded"),  # a newer API version lists no refunds there
    event({"object": "refund", "status": "succeeded"}),
    event({"id": "po_1", "object": "payout"}),
    {"id": "evt_1", "type": "refund.updated"},
    {"id": "evt_1", "type": "refund.updated", "data": {"object": "re_1"}},
    {"id": "evt_1", "type": 7, "data": {}},
]


@pytest.mark.parametrize("meaningless", MEANINGLESS)
async def test_what_is_nothing_of_ours_is_taken_and_forgotten(sqlite_store: Store, meaningless: dict[str, Any]) -> None:
    h = hooks(sqlite_store)
    assert (await h.stripe(meaningless)).status_code == 200
    assert await h.rows() == []


@pytest.mark.parametrize("body", ["", "{", "[]", "7", '{"type": "refund.updated"}', '{"id": 7}', "[" * 100_000])
async def test_what_is_signed_and_no_event_is_refused_in_words(sqlite_store: Store, body: str) -> None:
    h = hooks(sqlite_store)
    answer = await h.stripe(body)
    assert answer.status_code == 400
    assert "right would be a Stripe event" in answer.json()["detail"]
    assert await h.rows() == []


ODD_TIMES: list[Any] = [None, -1, 0, 10**30, 1.5, "soon", True]


@pytest.mark.parametrize("created", ODD_TIMES)
async def test_an_event_without_a_date_that_it_can_have_has_none(sqlite_store: Store, created: Any) -> None:
    h = hooks(sqlite_store)
    assert (await h.stripe({**event(refund()), "created": created})).status_code == 200
    (reading,) = await readings(h)
    assert reading.occurred_at is None


FORGERIES: list[tuple[str, Callable[[Hooks], Any]]] = [
    ("another secret", lambda h: h.stripe(event(refund()), secret="whsec_" + "z" * 32)),
    ("too old", lambda h: h.stripe(event(refund()), timestamp=h.seconds() - 301)),
    ("no signature", lambda h: h.client.post("/webhooks/stripe", json=event(refund()))),
]


@pytest.mark.parametrize(("name", "forge"), FORGERIES, ids=[name for name, _ in FORGERIES])
async def test_a_forged_one_changes_nothing(sqlite_store: Store, name: str, forge: Callable[[Hooks], Any]) -> None:
    h = hooks(sqlite_store)
    answer = await forge(h)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert await h.rows() == []


async def test_without_a_secret_it_is_closed_and_never_open(sqlite_store: Store) -> None:
    h = hooks(sqlite_store, locked=True)
    answer = await h.stripe(event(refund()))
    assert answer.status_code == 503
    assert "MAKEGOOD_STRIPE_WEBHOOK_SECRETS" in answer.json()["detail"]
    assert await h.rows() == []


async def test_a_body_that_is_too_large_is_not_read(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    assert (await h.stripe(event(refund(note="x" * 600_000)))).status_code == 413
    assert await h.rows() == []


async def test_a_status_of_the_future_is_in_progress(sqlite_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    h = hooks(sqlite_store)
    assert (await h.stripe(event(refund("frozen")))).status_code == 200
    (reading,) = await readings(h)
    assert reading.status == "pending"
    assert "a status that this version does not know" in caplog.text


EU, US = "whsec_" + "e" * 32, "whsec_" + "u" * 32


async def test_an_event_goes_to_the_cases_of_the_account_whose_secret_fits(sqlite_store: Store) -> None:
    both = "whsec_" + "o" * 32
    known = (StripeAccount("stripe-eu", (both, EU)), StripeAccount("stripe-us", (US, both)), StripeAccount("idle"))
    h = hooks(sqlite_store, stripe_accounts=known)
    for secret in (EU, US):
        assert (await h.stripe(event(refund()), secret=secret)).status_code == 200
    assert [(row.provider, row.event_key) for row in reversed(await h.rows())] == [("stripe-eu", "evt_1"), ("stripe-us", "evt_1")]
    assert [reading.provider for reading in await readings(h)] == ["stripe-eu", "stripe-us"]
    assert (await h.stripe(event(refund(), id_="evt_2"), secret=both)).status_code == 200  # one account under two names
    assert sorted(row.provider for row in await h.rows() if row.event_key == "evt_2") == ["stripe-eu", "stripe-us"]
    assert (await h.stripe(event(refund(), id_="evt_3"), secret="whsec_" + "z" * 32)).status_code == 403


async def test_an_event_of_a_connected_account_goes_to_that_one(sqlite_store: Store) -> None:
    known = (StripeAccount("platform", (EU,)), StripeAccount("shop-a", (EU,), "acct_a"), StripeAccount("shop-b", (EU,), "acct_b"))
    h = hooks(sqlite_store, stripe_accounts=known)
    for number, account in enumerate(("acct_b", "acct_other", None)):
        named = {"account": account} if account else {}
        assert (await h.stripe(event(refund(), id_=f"evt_{number}", **named), secret=EU)).status_code == 200
    assert [row.provider for row in reversed(await h.rows())] == ["shop-b", "platform", "platform"]


async def test_what_stripe_says_beside_the_status_comes_along(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.stripe(event(refund("pending", pending_reason="insufficient_funds")))
    dispute = {"id": "dp_1", "object": "dispute", "status": "needs_response", "is_charge_refundable": False}
    await h.stripe(event(dispute, "charge.dispute.created", "evt_2"))
    first, second = await readings(h)
    assert (first.pending_reason, second.charge_refundable) == ("insufficient_funds", False)
