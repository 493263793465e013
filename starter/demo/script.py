"""The demo's script: what the simulated provider says and when, what people do and when.

Owns the form of examples/demo.toml. Must never decide anything about a case. Read by the director.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from policies.contract import Strict
from policies.money import Money
from starter.simulator.plans import Plan


class ScriptInvalid(ValueError):
    """demo.toml cannot be used; the message names the key and what would be right."""


class Act(Strict):
    """Something a person does with a case, `after_s` seconds after it was opened or as soon as `when` holds."""

    case: str  # business reference
    do: Literal["hold", "resume", "resolve", "escalate", "reply", "note", "report_fact", "customer_reply", "feedback", "phone_contact"]
    after_s: float | None = Field(default=None, ge=0)
    when: Literal["feedback_asked", "breached", "reopened", "customer_replied", "recovery"] | None = None
    who: str = "lena.lead"
    why: str | None = None
    text: str | None = None
    reason: str | None = None
    outcome: str | None = None
    amounts: list[Money] = Field(default_factory=list)
    name: str | None = None
    old_reference: str | None = None
    new_reference: str | None = None
    csat: int | None = None
    nps: int | None = None
    supplied: bool = False


class Script(Strict):
    provider: list[Plan]
    act: list[Act]


def load_script(path: Path) -> Script:
    """Read the script. Raises ScriptInvalid."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Script.model_validate(content)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScriptInvalid(f"{path}: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ScriptInvalid(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
