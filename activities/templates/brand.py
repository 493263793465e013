"""Whose name a message carries, and where its links lead.

Owns the two shapes that a caller fills from settings and from its link signer. Must never read settings itself. Handed to
`rendering.render` by the message activity.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from policies.contract import Contract


class Brand(Contract):
    """A shop as the customer knows it."""

    name: str = Field(min_length=1)
    sender: str = Field(min_length=1)  # what the channel adapter sends from: a mailbox or a number
    reply_address: str | None = None
    phone: str | None = None
    tone: Literal["warm", "sober"] = "warm"  # greeting and closing words only; facts read the same

    @model_validator(mode="after")
    def _a_person_can_be_reached(self) -> Self:
        if not (self.reply_address or self.phone):
            raise ValueError("brand: every message says how to reach a person; give reply_address or phone")
        return self


class Links(Contract):
    """Addresses made for one customer and one case. Where one is missing the text asks for a reply instead."""

    case: str | None = None
    not_solved: str | None = None
    survey: str | None = None
    preferences: str | None = None

    def all(self) -> list[str]:
        return [link for link in (self.case, self.not_solved, self.survey, self.preferences) if link]
