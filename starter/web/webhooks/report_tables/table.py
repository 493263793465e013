"""Reads a table of reports and judges one report by it: the first row that fits decides, in the order of the file.

Owns the form of the tables. Must never see an address or a text of a message. Called by the endpoints' words.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from policies.contract import Code, Strict

_HERE = Path(__file__).resolve().parent


class ReportTableInvalid(ValueError):
    """A table of ours cannot be used; the message names the file, the row and what is wrong with it."""


class Means(StrEnum):
    """What becomes of a message that did not arrive."""

    PERMANENT = "permanent"  # this address will never do on this channel
    TRANSIENT = "transient"  # not now: what must be said is said once more
    OPERATOR = "operator"  # our account or sender: it is parked, and what was not said waits until it is mended
    SUPERSEDED = "superseded"  # it ended so that a newer word can take its place: nothing but an entry in the ledger


@dataclass(frozen=True)
class Said:
    """What a report says: the provider's code, or its words, which are matched only (they may quote an address)."""

    code: int | None = None
    words: str = ""


class Row(Strict):
    """`code` or `begins` (a beginning of the provider's words, whatever its case) must fit. `why` is for people."""

    code: list[int] = Field(default_factory=list)
    begins: str | None = Field(default=None, min_length=1)
    reason: Code
    means: Means
    suppress: Literal["hard_bounce", "spam", "stop", "unsubscribe", "invalid"] | None = None
    scope: Literal["account", "sender"] = "account"  # of an operator's fault: what is parked
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_one_condition_and_consistent(self) -> Self:
        if bool(self.code) == (self.begins is not None):
            raise ValueError("a row needs either code or begins")
        if self.suppress is not None and self.means is not Means.PERMANENT:
            raise ValueError('suppress belongs to means = "permanent": an address that may do again is not stopped')
        if self.scope == "sender" and self.means is not Means.OPERATOR:
            raise ValueError('scope = "sender" belongs to means = "operator": nothing else is parked')
        return self

    def fits(self, said: Said) -> bool:
        if self.begins is not None:
            return said.words.strip().casefold().startswith(self.begins.casefold())
        return said.code in self.code


class ReportTable(Strict):
    """What no row fits is transient: the case hears of it, and nothing is concluded for the address or the account."""

    provider: Code
    version: int = Field(ge=1)  # counted up with every change of meaning
    rows: list[Row] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_row_can_be_met(self) -> Self:
        for place, row in enumerate(self.rows):
            for said in _examples(row):
                earlier = next(number for number, other in enumerate(self.rows) if other.fits(said))
                if earlier != place:
                    raise ValueError(f"rows[{place}] can never be met: rows[{earlier}] fits first")
        return self

    def judge(self, said: Said) -> Row | None:
        """The first fitting row; None: nobody knows what was said."""
        return next((row for row in self.rows if row.fits(said)), None)


@cache
def report_table(provider: str) -> ReportTable:
    """The table of "sendgrid" or "twilio". Raises ReportTableInvalid."""
    return read_table(_HERE / f"{provider}.toml")


def read_table(path: Path) -> ReportTable:
    """Raises ReportTableInvalid."""
    try:
        return ReportTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ReportTableInvalid(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReportTableInvalid(f"{path}: no valid TOML ({error})") from None
    except ValidationError as error:
        lines = (
            f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise ReportTableInvalid("\n".join(lines)) from None


def _examples(row: Row) -> list[Said]:
    return [Said(code=code) for code in row.code] if row.begins is None else [Said(words=row.begins)]
