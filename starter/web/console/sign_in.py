"""Whether somebody is who he says: the order of checks at the door, and what the log is told of it.

Owns the order: address, name's lock, password, one-time password's end. Must never tell a name that is nobody's from a wrong password, by
words, time or lock, and never log what was typed as a name (it may be a password). Called by the sign-in page and the own account.
"""

import math
from dataclasses import dataclass

from starlette.requests import Request

from starter.web.attempts import Attempts
from starter.web.console.console import Console
from starter.web.console.lock_out import TRIES_OF_ADDRESS, WINDOW_S, UnknownNames, locked_for
from store.audit import Audit
from store.people import People, Person

_LONGEST_NAME = 40
_WRONG = "Name or password is wrong. Check both; capital letters matter in the password."
_OVER = "This one-time password is too old. An admin can make another one (`makegood people reset`)."


@dataclass(frozen=True, slots=True)
class Answer:
    """`person` is who he says; else `words` and `status` say why not, and `retry_after_s` when to come again."""

    person: Person | None = None
    words: str = ""
    status: int = 401
    wrong_password: bool = False
    retry_after_s: int | None = None


class SignIn:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._addresses = Attempts(TRIES_OF_ADDRESS, WINDOW_S)
        self._unknown = UnknownNames(lambda: console.now().timestamp())

    async def check(self, request: Request, name: str, password: str, act: str = "sign_in") -> Answer:
        """`act`: what it is for, in the log. Raises TooBusy, Away, StoreUnavailable."""
        wait_s = self._addresses.failed(request)  # before it is known: many at once are many
        if wait_s is not None:
            return _wait("Too many tries from your network.", wait_s)
        store, now = self._console.parts.backends.store(), self._console.now()
        people, audit = People(store), Audit(store)
        name = name.strip().lower()[:_LONGEST_NAME]
        tried = await people.begin_try(name, locked_for, now)
        wait_s = self._unknown.begin_try(name) if tried is None else tried.locked_for_s
        who = tried.person if tried is not None else None
        person, role = (who.name, who.role.value) if who is not None else (None, None)
        if wait_s > 0:
            await audit.note(now, f"{act}.locked", person=person, role=role)
            return _wait("Too many wrong passwords for this name.", wait_s)
        right = await self._console.passwords.is_right(password, tried.password if tried is not None else None)
        if tried is None or who is None or not right:
            await audit.note(now, f"{act}.failed", person=person, role=role)
            return Answer(words=_WRONG, wrong_password=True)
        self._addresses.took_back(request)
        if who.one_time_until is not None and now >= who.one_time_until:
            await audit.note(now, f"{act}.expired", person=person, role=role)
            return Answer(words=_OVER)
        rehashed = await self._console.passwords.hashed(password) if self._console.passwords.is_outdated(tried.password) else None
        await people.proved(who.person_id, now, rehashed)
        await audit.note(now, act, person=person, role=role)
        return Answer(who)


def _wait(why: str, wait_s: float) -> Answer:
    minutes = math.ceil(wait_s / 60)
    words = f"{why} Wait {minutes} minute{'s' if minutes != 1 else ''} and try again."
    return Answer(words=words, status=429, retry_after_s=math.ceil(wait_s))
