"""What the simulated provider says of each reference and when; its outages; how often it was asked.

Owns the plans, the switched outage and the counters, kept in one JSON file if there is one. Must never know our
words: plans speak the vendor's. Called by app.py.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field

from policies.contract import Strict


class Kind(StrEnum):
    REFUND = "refund"
    DISPUTE = "dispute"
    TRACKING = "tracking"


class Trouble(StrEnum):
    """How an outage shows."""

    UNAVAILABLE = "503"
    BUSY = "429"
    SILENT = "timeout"


class Step(Strict):
    """From `after_s` seconds after the plan was loaded. `fields` are added to those of the steps before."""

    after_s: float = Field(ge=0)
    status: str
    fields: dict[str, Any] = Field(default_factory=dict)
    at: str | None = None  # the vendor's own time of the change, if it is not that of the step


class Outage(Strict):
    """A window of trouble for one reference, in seconds after the plan was loaded."""

    from_s: float = Field(ge=0)
    until_s: float
    trouble: Trouble = Trouble.UNAVAILABLE
    retry_after_s: int | None = None


class Plan(Strict):
    kind: Kind
    reference: str = Field(min_length=1, max_length=200)
    steps: list[Step] = Field(min_length=1)
    outages: list[Outage] = Field(default_factory=list)


class Switch(Strict):
    """An outage of everything (or of some kinds), switched by hand."""

    on: bool
    trouble: Trouble = Trouble.UNAVAILABLE
    retry_after_s: int | None = None
    kinds: list[Kind] = Field(default_factory=lambda: list(Kind))


class Count(Strict):
    """How often a reference was asked for, and how often that was answered with a status."""

    checks: int = 0
    answered: int = 0


class _Loaded(Strict):
    plan: Plan
    loaded_at: float  # POSIX seconds: it goes on where it was after a restart


class _State(Strict):
    plans: dict[str, _Loaded] = Field(default_factory=dict)
    switch: Switch = Field(default_factory=lambda: Switch(on=False))
    counts: dict[str, Count] = Field(default_factory=dict)


class Current(Strict):
    """What is true of one reference at a moment."""

    status: str
    changed_at: float
    changed_at_text: str | None
    fields: dict[str, Any]


class Plans:
    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._state = _State.model_validate_json(file.read_bytes()) if file is not None and file.exists() else _State()
        self._unsaved = False

    def load(self, plans: list[Plan], now: float) -> None:
        """Take plans; one for the same reference replaces the old one."""
        for plan in plans:
            self._state.plans[_key(plan.kind, plan.reference)] = _Loaded(plan=plan, loaded_at=now)
        self._save()

    def switch(self, switch: Switch) -> None:
        self._state.switch = switch
        self._save()

    def trouble(self, kind: Kind, reference: str, now: float) -> tuple[Trouble, int | None] | None:
        """The trouble of this moment with its Retry-After; None if all is well."""
        switch = self._state.switch
        if switch.on and kind in switch.kinds:
            return switch.trouble, switch.retry_after_s
        loaded = self._state.plans.get(_key(kind, reference))
        for outage in loaded.plan.outages if loaded else ():
            if loaded and outage.from_s <= now - loaded.loaded_at < outage.until_s:
                return outage.trouble, outage.retry_after_s
        return None

    def current(self, kind: Kind, reference: str, now: float) -> Current | None:
        """The status of this moment; None if the reference is not known (yet)."""
        loaded = self._state.plans.get(_key(kind, reference))
        if loaded is None:
            return None
        age, current, fields = now - loaded.loaded_at, None, dict[str, Any]()
        for step in sorted(loaded.plan.steps, key=lambda step: step.after_s):
            if step.after_s <= age:
                fields = fields | step.fields
                at = loaded.loaded_at + step.after_s
                current = Current(status=step.status, changed_at=at, changed_at_text=step.at, fields=fields)
        return current

    def count(self, kind: Kind, reference: str, *, answered: bool) -> None:
        count = self._state.counts.setdefault(_key(kind, reference), Count())
        count.checks += 1
        count.answered += answered
        self._unsaved = True

    def counts(self) -> dict[str, Count]:
        """`kind/reference` -> count."""
        return dict(self._state.counts)

    def save_counts(self) -> None:
        """Write what was only counted; plans and switches are written at once."""
        if self._unsaved:
            self._save()

    def _save(self) -> None:
        self._unsaved = False
        if self._file is None:
            return
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(self._state.model_dump_json(), encoding="utf-8")
        os.replace(new, self._file)  # never half a file


def _key(kind: Kind, reference: str) -> str:
    return f"{kind}/{reference}"
