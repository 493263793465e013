"""Reads an outcome table and judges one fault by it: the first row that fits decides, in the order of the file.

Owns the form of the tables and the code of ours that a verdict carries ("twilio_21610"). Must never see an address or a text of a
message. Called by the channel and alert adapters.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from activities.adapters.toml_file import load
from activities.ports import SendOutcome
from policies.contract import Code, Strict

_HERE = Path(__file__).resolve().parent
_LONGEST_CODE = 999_999  # vendors' codes have five digits; what is longer is none, and must not become one of ours


class OutcomeTableInvalid(ValueError):
    """A table of ours cannot be used; the message names the file, the row and what would be right."""


@dataclass(frozen=True)
class Fault:
    """What is known of a failed call: how far it came (`transport`), or what the vendor answered."""

    transport: str | None = None
    status: int | None = None
    code: int | None = None
    field: str | None = None  # the part of the request that the vendor complains of
    says: str = ""  # the vendor's words, to be matched only: they may quote an address


@dataclass(frozen=True)
class Verdict:
    outcome: SendOutcome
    reason: str
    suppress: str | None = None
    of_sender: bool = False  # one sender of ours is at fault, not the account
    busy: bool = False
    why: str = ""  # for people


class Row(Strict):
    """Conditions that must all hold, and what they mean. `why` is for people: docs/channels.md tells the same."""

    transport: list[Code] = Field(default_factory=list)
    status: list[int | Literal["3xx", "4xx", "5xx"]] = Field(default_factory=list)
    code: list[int] = Field(default_factory=list)
    field: str | None = None  # a beginning of the vendor's field name
    says: str | None = None  # a part of the vendor's words
    outcome: SendOutcome
    reason: Code | None = None  # instead of <provider>_<code>
    # "stop": the person said no; "invalid": no address for this channel.
    suppress: Literal["stop", "invalid"] | None = None
    # Of an operator's fault: "account" parks the channel for all, "sender" only what leaves by the sender at fault.
    scope: Literal["account", "sender"] = "account"
    busy: bool = False  # of a retry: the vendor has too much to do, and nobody is to be told
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not (self.transport or self.status or self.code or self.field or self.says):
            raise ValueError("a row needs at least one of transport, status, code, field, says")
        if self.scope == "sender" and self.outcome is not SendOutcome.OPERATOR:
            raise ValueError('scope = "sender" belongs to outcome = "operator": nothing else is parked')
        if self.busy and self.outcome is not SendOutcome.RETRY:
            raise ValueError('busy = true belongs to outcome = "retry": nothing else is tried again by itself')
        return self

    def fits(self, fault: Fault) -> bool:
        return (
            (not self.transport or fault.transport in self.transport)
            and (not self.status or fault.status in self.status or _hundreds(fault.status) in self.status)
            and (not self.code or fault.code in self.code)
            and (self.field is None or (fault.field or "").startswith(self.field))
            and (self.says is None or self.says.casefold() in fault.says.casefold())
        )


class OutcomeTable(Strict):
    """`otherwise` is what a fault means that no row fits."""

    provider: Code
    version: int = Field(ge=1)  # counted up with every change of meaning: the ledger's old rows were judged by the old one
    otherwise: SendOutcome
    rows: list[Row] = Field(min_length=1)

    def judge(self, fault: Fault) -> Verdict:
        """What a failed call means."""
        row = next((row for row in self.rows if row.fits(fault)), None)
        reason = (row.reason if row else None) or f"{self.provider}_{_named(fault)}"
        if row is None:
            return Verdict(self.otherwise, reason, why="It stands in no row of the outcome table.")
        return Verdict(row.outcome, reason, row.suppress, of_sender=row.scope == "sender", busy=row.busy, why=row.why)


@cache
def outcome_table(provider: str) -> OutcomeTable:
    """The table of "sendgrid", "twilio" or "apprise". Raises OutcomeTableInvalid."""
    return load(_HERE / f"{provider}.toml", OutcomeTable, OutcomeTableInvalid)


def _hundreds(status: int | None) -> str | None:
    return f"{status // 100}xx" if status is not None else None


def _named(fault: Fault) -> str:
    for number in (fault.code, fault.status):
        if number is not None and 0 < number <= _LONGEST_CODE:
            return str(number)
    return fault.transport or "failed"
