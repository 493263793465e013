"""One request of a person who is signed in.

Owns what a route is handed. Made by guard.py, which has checked session, role and, for a form, its token.
"""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from policies.case.facts import Actor
from starter.web.console.forms import Form
from starter.web.console.roles import Act, actor, may
from store.console_sessions import ConsoleSession
from store.people import Person


@dataclass(frozen=True, slots=True)
class Visit:
    request: Request
    session: ConsoleSession
    form: Form = field(default_factory=Form)

    @property
    def person(self) -> Person:
        return self.session.person

    def may(self, act: Act | str) -> bool:
        """For templates, too: what a person may not, he is not shown a button for."""
        return may(self.person, Act(act))

    def sees(self, merchant: str) -> bool:
        return self.person.sees(merchant)

    def actor(self, why: str | None = None) -> Actor:
        """Who acts, for the desk. ValueError for a viewer."""
        return actor(self.person, why)


def _visit(request: Request) -> Visit:
    return cast(Visit, request.state.visit)


SignedIn = Annotated[Visit, Depends(_visit)]
