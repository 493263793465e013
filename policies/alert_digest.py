"""A digest instead of a storm: which alerts pass at once, which are gathered, and when a window of gathering is over.

Owns the setting of the policy book, who shares a digest, and the arithmetic of its window. Must never know what an alert says, and keeps
no list of what was gathered: the books have each alert. Called by the activity `alert_people` (who decides whether an alert is told
through a digest at all) and by the workflow AlertDigest (pure, since it is workflow code).
"""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from pydantic import Field, model_validator

from policies.contract import Contract, Instant
from policies.time.spans import Span

_URGENT = 3  # from this level on an alert waits for nothing
_OWNER = "owner"
_ROLE = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_LONGEST = timedelta(days=1)  # who hears of a case a day later is not alerted
_SHORTEST = timedelta(seconds=1)  # the engine fires nothing sooner
_AT_ONCE = 5  # enough to see what is going on; who gets more messages in a quarter of an hour reads none of them


class AlertDigest(Contract):
    """The policy's setting. `window`: how long alerts of one role are gathered ("0s": not at all); `at_once`: how many of a window pass
    first.
    """

    window: Span
    at_once: int = Field(default=_AT_ONCE, ge=0, le=100)

    @model_validator(mode="after")
    def _a_window_that_can_be_waited_for(self) -> Self:
        if not self.window.is_elapsed:
            raise ValueError(f'alert_digest: window "{self.window}" must be elapsed time (s, m or h), for example 15m')
        if self.window.amount and not _SHORTEST <= self.window.elapsed() <= _LONGEST:
            raise ValueError(f'alert_digest: window "{self.window}": right would be 1s to 24h, or 0s to tell every alert at once')
        return self


def gathers(digest: AlertDigest | None, level: int, *, shadow: bool) -> bool:
    """True if an alert of this level is told through the digest of its role. A case in shadow mode tells nobody anyway."""
    return digest is not None and bool(digest.window.amount) and level < _URGENT and not shadow


def digest_of(role: str, owner: str | None) -> str:
    """Who shares a digest, as its workflow's id: one per role; alerts to owners are about persons, so one per person.

    A person's name stands in no id: what looks like none of our roles is a hash, too.
    """
    name = role if _ROLE.match(role) else _hashed(role)
    return f"alert-digest-{name}-{_hashed(owner)}" if role == _OWNER and owner else f"alert-digest-{name}"


def _hashed(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:12]


class AlertRaised(Contract):
    """What a digest is told of an alert: its id in the books, and the setting of the policy that rules its case."""

    alert_id: str
    window_s: float = Field(ge=1, le=86_400)
    at_once: int = Field(ge=0)


class DigestState(Contract):
    """What a digest remembers. `passing`: alerts to be told at once; `owed`: the books may hold some that nobody was told of."""

    ends_at: Instant | None = None
    window_s: float = 1.0
    passed: int = 0
    passing: list[str] = Field(default_factory=list)
    gathered: int = 0
    owed: bool = True  # a digest that was ended by force may have left some: the first window looks


def raised(state: DigestState, alert: AlertRaised, now: datetime) -> None:
    """An alert came in: it passes, or is gathered. The first one opens the window; nothing waits longer than its own policy says."""
    ends_at = now + timedelta(seconds=alert.window_s)
    state.ends_at = ends_at if state.ends_at is None else min(state.ends_at, ends_at)
    state.window_s = alert.window_s
    if state.passed < alert.at_once:
        state.passed += 1
        if alert.alert_id not in state.passing:  # told of twice, after a retry
            state.passing.append(alert.alert_id)
    else:
        state.gathered += 1


def pass_on(state: DigestState) -> list[str]:
    """The alerts to be told at once; each is handed out once."""
    passing, state.passing = state.passing, []
    return passing


def not_told(state: DigestState) -> None:
    """People could not be told within the job's limit: the alert waits in the books for the end of a window."""
    state.owed = True


def is_over(state: DigestState, now: datetime) -> bool:
    return state.ends_at is None or state.ends_at <= now


def is_quiet(state: DigestState) -> bool:
    """A window that brought nothing, with nothing left to tell, is the last one."""
    return not (state.passed or state.passing or state.gathered or state.owed)


def next_window(state: DigestState, now: datetime) -> bool:
    """Begin the next window; True if the books are to be looked through for alerts that were gathered in the last one."""
    due = bool(state.gathered or state.owed)
    state.ends_at = now + timedelta(seconds=state.window_s)
    state.passed = state.gathered = 0
    state.owed = False
    return due


def details(state: DigestState) -> str:
    """For the page of the engine's web UI."""
    until = f" until {state.ends_at:%Y-%m-%d %H:%M:%S} UTC" if state.ends_at is not None else ""
    return f"{state.passed} passed on at once, {state.gathered} gathered{until}" + ("; some wait from before" if state.owed else "")
