"""Wishes of a customer: the same rules as in a request."""

from typing import Any

import pytest
from pydantic import ValidationError

from policies.case.vocabulary import MessageClass
from starter.desk import PreferenceChanges
from starter.plain_errors import lines


def test_mandatory_messages_cannot_be_stopped() -> None:
    with pytest.raises(ValidationError, match="mandatory messages cannot be opted out of"):
        PreferenceChanges(opted_out=[MessageClass.MANDATORY])


def test_only_what_is_given_is_a_change() -> None:
    assert PreferenceChanges(email=None).model_fields_set == {"email"}
    assert PreferenceChanges().model_fields_set == set()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"quiet_from": "21:00"}, "quiet_from and quiet_until go together"),
        ({"zone": "Berlin"}, "zone: is no IANA time zone; right would be for example Europe/Berlin"),
        ({"email": "ada@test.test"}, "email: nothing can be delivered there"),
        ({"phone": "+12345678"}, "phone: no such number can exist"),
        ({"colour": 1}, "colour: is unknown"),
        ({"channels": ["fax"]}, "channels[0]: right would be 'email', 'sms' or 'voice'"),
    ],
)
def test_a_change_that_cannot_be_is_refused_without_its_value(given: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PreferenceChanges.model_validate(given)
    told = "\n".join(lines(refused.value, PreferenceChanges, values=False))
    assert line in told
    assert "ada@" not in told
    assert "12345678" not in told
