"""Whether somebody is who he says: the order of checks at the door, and what the log is told of it.

Owns the order: a place in the queue, known device or address, the lock, the password, a one-time password's end. Must never tell a name
that is nobody's from a wrong password, by words, time or lock, and never log what was typed as a name (it may be a password). Called by
the sign-in page and the own account.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from starter.link_keys import link_keys
from starter.passwords import Place
from starter.web.attempts import Attempts
from starter.web.console.console import Console
from starter.web.console.device_cookie import DeviceCookie
from starter.web.console.lock_out import RULE, SWEPT_EVERY, TRIES_OF_ADDRESS, WINDOW_S, of_device, of_nobody
from starter.web.parts import Away
from store.audit import Audit
from store.engine import StoreUnavailable
from store.people import People, Person, Tried
from store.sign_in_tries import SignInTries, of_person

_LONGEST_NAME = 40
WRONG = "Name or password is wrong. Check both; capital letters matter in the password."
_OVER = "This one-time password is too old. An admin can make another one (`makegood people reset`)."


@dataclass(frozen=True, slots=True)
class Answer:
    """`person` is who he says; else `words` and `status` say why not, and `retry_after_s` when to come again."""

    person: Person | None = None
    words: str = ""
    status: int = 401
    wrong_password: bool = False
    retry_after_s: int | None = None
    device_id: str | None = None  # from which he has signed in before
    proved: str = field(default="", repr=False)  # the password, as it is hashed now


class SignIn:
    def __init__(self, console: Console) -> None:
        """Raises SettingsError."""
        self._console = console
        self._addresses = Attempts(TRIES_OF_ADDRESS, WINDOW_S)
        keys = link_keys(console.parts.settings)
        self._key = keys[0]
        self._devices = DeviceCookie(keys, https=console.parts.https)
        self._swept_at: datetime | None = None

    async def check(self, request: Request, name: str, password: str, act: str = "sign_in") -> Answer:
        """`act`: what it is for, in the log. Raises TooBusy (nothing was counted), Away, StoreUnavailable."""
        name = name.strip().lower()[:_LONGEST_NAME]
        with self._console.passwords.place() as place:
            # A known device is not asked for its address: strangers behind the same one must not lock it out either.
            device_id = self._devices.read(request, name, self._console.now())
            if device_id is None:
                wait_s = self._addresses.failed(request)  # before it is known: many at once are many
                if wait_s is not None:
                    return _wait("Too many tries from your network.", wait_s)
            try:
                answer = await self._judged(place, name, password, device_id, act)
            except (Away, StoreUnavailable):  # an outage of ours is nobody's failure
                self._addresses.took_back(request)
                raise
        if device_id is None and not answer.wrong_password and answer.retry_after_s is None:
            self._addresses.took_back(request)
        return answer

    def remember(self, response: Response, answer: Answer) -> Response:
        """The browser that signed in is known from now on."""
        assert answer.person is not None
        return self._devices.put(response, answer.person.name, self._console.now(), answer.device_id)

    async def begin(self, request: Request, answer: Answer) -> str | None:
        """A session for who is right: its token, another one whatever the browser had. None: his password was changed in this moment."""
        assert answer.person is not None
        console = self._console
        of = (answer.person.person_id, answer.proved, console.now())
        return await console.sessions().begin_after(*of, instead_of=console.cookie.read(request))

    async def _judged(self, place: Place, name: str, password: str, device_id: str | None, act: str) -> Answer:
        store, now = self._console.parts.backends.store(), self._console.now()
        people, audit, tries = People(store), Audit(store), SignInTries(store, RULE)
        if self._swept_at is None or now - self._swept_at >= SWEPT_EVERY:
            self._swept_at = now
            await tries.sweep(now)
        tried = await people.to_try(name)
        counted = self._counted(name, tried, device_id)
        wait_s = await tries.begin(counted, now)
        right = await place.is_right(password, tried.password if tried is not None else None)  # locked or not: it takes as long
        who = tried.person if tried is not None else None
        person, role = (who.name, who.role.value) if who is not None else (None, None)
        # Nobody guesses a one-time password (100 random bits), so no lock need protect it: it is the way in that strangers cannot shut.
        if wait_s > 0 and not (right and who is not None and who.must_change):
            await audit.note_of_many(now, f"{act}.locked", person=person, role=role)
            return _wait("Too many wrong passwords for this name.", wait_s)
        if tried is None or who is None or not right:
            await audit.note_of_many(now, f"{act}.failed", person=person, role=role)
            return Answer(words=WRONG, wrong_password=True)
        if who.one_time_until is not None and now >= who.one_time_until:
            await audit.note(now, f"{act}.expired", person=person, role=role)
            return Answer(words=_OVER)
        rehashed = await place.hashed(password) if self._console.passwords.is_outdated(tried.password) else None
        if not await people.proved(tried, now, rehashed):  # changed in this moment: what was right is so no more
            await audit.note_of_many(now, f"{act}.failed", person=person, role=role)
            return Answer(words=WRONG, wrong_password=True)
        await tries.forget(counted)
        await audit.note(now, act, person=person, role=role)
        return Answer(who, device_id=device_id, proved=rehashed or tried.password)

    def _counted(self, name: str, tried: Tried | None, device_id: str | None) -> str:
        if device_id is not None:
            return of_device(device_id)
        return of_person(tried.person.person_id) if tried is not None else of_nobody(name, self._key)


def _wait(why: str, wait_s: float) -> Answer:
    minutes = math.ceil(wait_s / 60)
    words = f"{why} Wait {minutes} minute{'s' if minutes != 1 else ''} and try again."
    return Answer(words=words, status=429, retry_after_s=math.ceil(wait_s))
