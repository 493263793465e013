"""The small locks: the token in a form, the count of what was wrong, the reading of Accept-Language."""

import pytest
from starlette.requests import Request

from starter.web.attempts import Attempts
from starter.web.csrf_token import CsrfTokens
from starter.web.languages import asked_language, language_of

OLD, NEW = "o" * 32, "n" * 32


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def request_from(address: str | None, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (address, 1) if address is not None else None, "headers": raw})


def test_a_form_token_is_good_for_its_session_and_for_a_working_day() -> None:
    clock = Seconds()
    tokens = CsrfTokens([NEW], clock)
    token = tokens.issue("session-1")
    assert tokens.accepts("session-1", token)
    assert not tokens.accepts("session-2", token)
    assert not tokens.accepts("session-1", token[:-3])
    clock.now += 12 * 3600
    assert tokens.accepts("session-1", token)
    clock.now += 1
    assert not tokens.accepts("session-1", token)


def test_form_tokens_survive_a_new_key_and_not_a_foreign_one() -> None:
    token = CsrfTokens([OLD]).issue("session-1")
    assert CsrfTokens([NEW, OLD]).accepts("session-1", token)
    assert not CsrfTokens([NEW]).accepts("session-1", token)


def test_a_form_token_shows_no_session() -> None:
    assert "session-1" not in CsrfTokens([NEW]).issue("session-1")


@pytest.mark.parametrize("token", ["", "x", "a.b", "x" * 10_000, "é", "WyJhIiwgMV0.x"])
def test_no_text_of_a_stranger_is_a_form_token(token: str) -> None:
    assert not CsrfTokens([NEW]).accepts("session-1", token)


def test_failures_are_counted_by_address_and_window() -> None:
    clock = Seconds()
    attempts = Attempts(2, 60, clock=clock)
    one, other = request_from("192.0.2.1"), request_from("192.0.2.2")
    assert [attempts.failed(one) for _ in range(2)] == [None, None]
    clock.now += 20
    assert attempts.failed(one) == 40
    assert attempts.failed(other) is None
    clock.now += 40
    assert attempts.failed(one) is None


def test_a_network_and_a_caller_without_an_address_count_as_one_each() -> None:
    attempts = Attempts(1, 60, clock=Seconds())
    assert attempts.failed(request_from("2001:db8::1")) is None
    assert attempts.failed(request_from("2001:db8::ffff:1")) is not None
    assert attempts.failed(request_from("2001:db8:0:1::1")) is None
    assert attempts.failed(request_from(None)) is None
    assert attempts.failed(request_from("no address")) is not None


def test_memory_is_bounded_and_the_quietest_is_forgotten_first() -> None:
    attempts = Attempts(1, 60, remembered=2, clock=Seconds())
    busy = request_from("192.0.2.1")
    attempts.failed(busy)
    for last in range(2, 6):
        attempts.failed(request_from(f"192.0.2.{last}"))
        assert attempts.failed(busy) is not None
    assert attempts.failed(request_from("192.0.2.2")) is None


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl,en;q=0.5,de;q=0.7", "de"),
        ("de;q=0,en;q=0.1", "en"),
        ("fr", "fr"),
        ("nl", "en"),
        ("", "en"),
        ("de;q=high, en;q=0.1", "en"),
        (",;=,de", "de"),
    ],
)
def test_the_browsers_best_language_that_we_speak(header: str, language: str) -> None:
    assert asked_language(request_from("192.0.2.1", accept_language=header)) == language


@pytest.mark.parametrize(("locale", "language"), [("de_CH", "de"), ("EN", "en"), ("fr-FR", "fr"), ("nl", None), ("", None), (None, None)])
def test_the_language_of_a_locale(locale: str | None, language: str | None) -> None:
    assert language_of(locale) == language
