"""Who asks: the key that proved itself, and what follows from it.

Owns the way from scopes to roles, and which cases exist for a caller. Made by guard.py, taken by every operation.
"""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from policies.case.facts import KeyUsed
from policies.case.vocabulary import Role
from starter.web.problems import Problem
from store.api_keys import ApiKey, Scope


@dataclass(frozen=True, slots=True)
class Caller:
    key: ApiKey

    @property
    def role(self) -> Role:
        """In which role its acts are done."""
        return Role.LEAD if self.key.may(Scope.LEAD) else Role.AGENT

    @property
    def key_used(self) -> KeyUsed:
        """With what its acts are signed: the name in an act is the caller's word, this is not."""
        return KeyUsed(id=self.key.public_id, name=self.key.name)

    @property
    def merchant(self) -> str | None:
        """The one merchant whose cases exist for this key; None: all."""
        return self.key.merchant

    def sees(self, merchant: str) -> bool:
        return self.key.sees(merchant)

    def must_see(self, merchant: str) -> None:
        """Raises Problem not_found, in the words for a case that nobody knows: another merchant's case does not exist."""
        if not self.key.sees(merchant):
            raise no_such_case()

    def must_be_for(self, merchant: str) -> None:
        """For what the caller names himself. Raises Problem forbidden."""
        if not self.key.sees(merchant):
            raise Problem("forbidden", f"This key is for the merchant {self.merchant} only.", field="merchant")


def no_such_case(field: str | None = None) -> Problem:
    where = f"{field}: no" if field else "No"
    return Problem("not_found", f"{where} such case is known. Give the case_id that the opening answered.", field=field)


def _caller(request: Request) -> Caller:
    return cast(Caller, request.state.caller)


ByCaller = Annotated[Caller, Depends(_caller)]
