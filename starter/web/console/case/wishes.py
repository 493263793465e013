"""What an act's form is read from, and what it becomes: a wish for the desk.

Owns these two shapes. Must never do anything. Made by the modules of the forms, carried out by act_pages.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from policies.book import Policy
from policies.case import commands as c
from policies.case.facts import Actor
from starter.desk import CaseKey, Desk
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.console import Console
from starter.web.console.forms import Form
from starter.web.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Asked:
    """One form that was sent, and the case it is about."""

    console: Console
    visit: Visit
    case: CaseSeen
    policy: Policy | None

    @property
    def form(self) -> Form:
        return self.visit.form


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, once it is clear. `content`: what makes it another act than the same form with other words."""

    do: Callable[[Desk, CaseKey, Actor, str | None], Awaitable[object]]
    content: tuple[object, ...]
    command: tuple[str, Callable[[Actor], c.Command]] | None = None  # of which a letter can be foreseen
    texts: list[str] = field(default_factory=list)
    noted: dict[str, str | int | bool | None] = field(default_factory=dict)  # codes for the audit log
    record: list[tuple[str, str]] = field(default_factory=list)  # what stands in the record, for the second step
    other: CaseSeen | None = None


Read = Callable[[Asked], Awaitable[Wish | None]]
