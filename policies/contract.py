"""Base models of everything that crosses a boundary, and the shared field types.

Owns the two tempers of a model: `Contract` (crosses Temporal or the store: tolerant, grows by optional fields only) and `Strict`
(what people and other systems hand in: an unknown field is refused and named). Must never hold a field of its own.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints


class Contract(BaseModel):
    """Crosses Temporal or the store and lives for months: unknown fields are ignored, new fields must be optional."""

    # Input values may be personal; pydantic would otherwise quote them in errors that reach logs and histories.
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Strict(BaseModel):
    """Handed in by people, files and other systems: an unknown or misspelt field is refused by name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 at the wrong end of the globe; any other error than ValueError would wedge a workflow
        raise ValueError("no moment in UTC; right would be a date between the years 1 and 9999") from None


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An aware moment, kept in UTC."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A code of the policy book: lower case, digits and underscores."""
