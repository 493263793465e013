"""Signatures: what the vendors' own packages sign is taken, anything else is not, and nothing raises."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook
from stripe import WebhookSignature
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from starter.web.webhooks.signatures import (
    SENDGRID_EVENTS_WINDOW,
    SENDGRID_INBOUND_WINDOW,
    STRIPE_TOLERANCE,
    SendGridKey,
    sendgrid_signed,
    stripe_signed,
    twilio_signed,
)
from tests.vendors.sendgrid import event_keys

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRETS = ["whsec_old", "whsec_new"]
BODY = b'{"id": "evt_1"}'
PRIVATE, PUBLIC = event_keys()
KEYS = [SendGridKey(event_keys()[1]), SendGridKey(PUBLIC)]
URL = "https://care.example.com/webhooks/twilio/status?n=abc"
FORM = [("MessageSid", "SM1"), ("Body", "Straße & more"), ("MessageStatus", "sent")]


def stripes(secret: str = "whsec_new", seconds: int = SECONDS, body: bytes = BODY) -> str:
    return str(WebhookSignature.generate_signature_header(body.decode(), secret, seconds))


@pytest.mark.parametrize("secret", SECRETS)
def test_stripe_under_each_active_secret(secret: str) -> None:
    assert stripe_signed(stripes(secret), BODY, SECRETS, NOW)


def test_stripe_with_two_signatures_while_its_secret_is_rolled() -> None:
    header = f"{stripes('whsec_unknown')},{stripes('whsec_old').partition(',')[2]}"
    assert stripe_signed(header, BODY, SECRETS, NOW)


def _stripe_forgeries() -> list[str | None]:
    good = stripes()
    moment, _, signature = good.partition(",")
    return [
        None,
        "",
        "nonsense",
        stripes("whsec_unknown"),
        stripes(body=b'{"id": "evt_2"}'),
        signature,  # without its moment
        moment,
        f"{moment},{moment},{signature}",  # two moments: which one was signed?
        f"t={SECONDS + 1},{signature}",
        f"{moment},v0={signature[3:]}",
        f"{moment},v1=",
        f"t=٣,{signature}",
        f"t={SECONDS}{'0' * 20},{signature}",
        good + "," + "x" * 5000,
        f"{moment},v1={signature[3:].upper()}",
    ]


@pytest.mark.parametrize("header", _stripe_forgeries())
def test_a_forged_stripe_signature(header: str | None) -> None:
    assert not stripe_signed(header, BODY, SECRETS, NOW)


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_the_age_of_a_stripe_signature_to_the_second(age_s: int, fresh: bool) -> None:
    assert STRIPE_TOLERANCE.total_seconds() == 300
    assert stripe_signed(stripes(seconds=SECONDS - age_s), BODY, SECRETS, NOW) is fresh


def grids(body: bytes = BODY, seconds: str = str(SECONDS)) -> str:
    return base64.b64encode(PRIVATE.sign(seconds.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def test_sendgrid_as_its_own_package_checks_it() -> None:
    assert EventWebhook(PUBLIC).verify_signature(BODY.decode(), grids(), str(SECONDS))
    assert sendgrid_signed(grids(), str(SECONDS), BODY, KEYS, NOW, SENDGRID_EVENTS_WINDOW)


def test_sendgrid_over_bytes_that_are_no_text() -> None:
    body = bytes(range(256))
    assert sendgrid_signed(grids(body), str(SECONDS), body, KEYS, NOW, SENDGRID_EVENTS_WINDOW)


@pytest.mark.parametrize(
    ("signature", "timestamp", "body"),
    [
        (None, str(SECONDS), BODY),
        (grids(), None, BODY),
        (grids(), str(SECONDS + 1), BODY),
        (grids(), str(SECONDS), BODY + b" "),
        ("not base64!", str(SECONDS), BODY),
        ("ä", str(SECONDS), BODY),
        ("AAAA", str(SECONDS), BODY),
        (grids()[:-4], str(SECONDS), BODY),
        ("A" * 5000, str(SECONDS), BODY),
        (grids(seconds="soon"), "soon", BODY),
        (grids(seconds=""), "", BODY),
        (grids(seconds="-5"), "-5", BODY),
    ],
    ids=[  # a signature is another one in each process, and pytest-xdist compares the names of tests
        "none",
        "no-timestamp",
        "another-timestamp",
        "another-body",
        "no-base64",
        "no-ascii",
        "too-short",
        "cut",
        "too-long",
        "timestamp-in-words",
        "timestamp-empty",
        "timestamp-negative",
    ],
)
def test_a_forged_sendgrid_signature(signature: str | None, timestamp: str | None, body: bytes) -> None:
    assert not sendgrid_signed(signature, timestamp, body, KEYS, NOW, SENDGRID_EVENTS_WINDOW)


@pytest.mark.parametrize(
    ("window", "age", "fresh"),
    [
        (SENDGRID_EVENTS_WINDOW, timedelta(hours=24), True),  # the last try again of an event
        (SENDGRID_EVENTS_WINDOW, timedelta(hours=25, seconds=1), False),
        (SENDGRID_INBOUND_WINDOW, timedelta(hours=72), True),  # ... of a mail
        (SENDGRID_INBOUND_WINDOW, timedelta(hours=73, seconds=1), False),
        (SENDGRID_EVENTS_WINDOW, timedelta(minutes=-5), True),
        (SENDGRID_EVENTS_WINDOW, timedelta(minutes=-5, seconds=-1), False),
    ],
)
def test_the_age_of_a_sendgrid_signature_covers_its_retries(window: timedelta, age: timedelta, fresh: bool) -> None:
    seconds = str(SECONDS - int(age.total_seconds()))
    assert sendgrid_signed(grids(seconds=seconds), seconds, BODY, KEYS, NOW, window) is fresh


def test_what_is_no_sendgrid_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    der = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for text in ("", "x", "AAAA", base64.b64encode(der).decode(), "-----BEGIN PUBLIC KEY-----"):
        with pytest.raises(ValueError, match="no"):
            SendGridKey(text)


def twilios(url: str = URL, form: list[tuple[str, str]] = FORM, token: str = "token") -> str:
    return str(RequestValidator(token).compute_signature(url, dict(form)))


def test_twilio_as_its_own_package_signs_it_under_each_token() -> None:
    for token in ("token", "other"):
        assert twilio_signed(twilios(token=token), URL, FORM, ["token", "other"])


@pytest.mark.parametrize("signed_over", [URL, URL.replace(".com/", ".com:443/"), "https://care.example.com/webhooks/twilio/status?n=abc"])
def test_twilio_with_and_without_the_default_port(signed_over: str) -> None:
    assert twilio_signed(twilios(signed_over), URL, FORM, ["token"])


def test_twilio_in_whatever_order_and_with_a_name_given_twice() -> None:
    assert twilio_signed(twilios(), URL, FORM[::-1], ["token"])
    assert twilio_signed(twilios(), URL, [*FORM, FORM[0]], ["token"])  # as its own package: the same value counts once


@pytest.mark.parametrize(
    ("signature", "url", "form"),
    [
        (None, URL, FORM),
        ("", URL, FORM),
        (twilios(token="stranger"), URL, FORM),
        (twilios(), URL.replace("n=abc", "n=abd"), FORM),
        (twilios(), URL.replace("care.", "evil."), FORM),
        (twilios(), URL.replace("https:", "http:"), FORM),
        (twilios(), URL, [*FORM, ("ErrorCode", "30005")]),
        (twilios(), URL, FORM[:-1]),
        ("ä\ud800", URL, FORM),
    ],
)
def test_a_forged_twilio_signature(signature: str | None, url: str, form: list[tuple[str, str]]) -> None:
    assert not twilio_signed(signature, url, form, ["token"])


@given(header=st.text(), body=st.binary(), seconds=st.text())
def test_nothing_that_a_stranger_sends_raises(header: str, body: bytes, seconds: str) -> None:
    assert not stripe_signed(header, body, SECRETS, NOW)
    assert not sendgrid_signed(header, seconds, body, KEYS, NOW, SENDGRID_EVENTS_WINDOW)
    assert not sendgrid_signed(header, str(SECONDS), body, KEYS, NOW, SENDGRID_EVENTS_WINDOW)
    assert not twilio_signed(header, URL, [(seconds, header)], ["token"])
