"""Passwords of people: hashed with argon2id, checked beside the event loop, chosen by a few rules.

Owns the hashing, what a password must be, and the making of one-time passwords. Must never keep, log or repeat a password. Called by the
console's sign-in and by whatever makes people; tests hand in a cheap hasher.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

T = TypeVar("T")

# NIST SP 800-63B-4, 3.1.1.2: 15 where the password is the only proof; OWASP ASVS 5.0, 6.2.1 recommends the same.
SHORTEST = 15
LONGEST = 200  # characters; longer than any sentence one remembers, short enough to be hashed by anybody who asks
_FEWEST_KINDS = 5  # different characters: "aaaaaaaaaaaaaaa" is long
_LONG_NAME = 3  # characters; shorter ones stand in half of all words
_AT_ONCE = 2  # each takes 64 MiB and four threads for a twentieth of a second (RFC 9106, the library's defaults)
_MOST_WAITING = 32  # a second and a half of work; who comes later is told to come again
_NOBODY = "nobody has this password: it stands in for the one of a person who is not there"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without those that are taken for one another


class TooBusy(Exception):
    """More passwords wait to be checked than can be answered in time."""


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """A place among those who wait, before anything is counted or asked: who has one is not told to come again. Raises TooBusy."""
        if self._waiting >= _MOST_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            yield Place(self)
        finally:
            self._waiting -= 1

    async def hashed(self, password: str) -> str:
        """Raises TooBusy."""
        with self.place() as place:
            return await place.hashed(password)

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """`hashed` None: nobody is there, which takes as long. Raises TooBusy."""
        with self.place() as place:
            return await place.is_right(password, hashed)

    def is_outdated(self, hashed: str) -> bool:
        """Made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    async def _hash(self, password: str) -> str:
        return await self._beside(self._hasher.hash, _normal(password))

    async def _is_right(self, password: str, hashed: str | None) -> bool:
        if self._nobodys is None:  # by whoever comes first, known or not
            self._nobodys = await self._hash(_NOBODY)
        text = _normal(password)
        # Never cut off: what is too long was never chosen, and nobody's password is empty.
        right = await self._beside(self._verified, hashed or self._nobodys, text if len(text) <= LONGEST else "")
        return right and hashed is not None

    def _verified(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

    async def _beside(self, work: Callable[..., T], *arguments: str) -> T:
        async with self._places:
            return await asyncio.to_thread(work, *arguments)


class Place:
    """`Passwords` for somebody whose turn will come."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def hashed(self, password: str) -> str:
        return await self._passwords._hash(password)

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """`hashed` None: nobody is there, which takes as long."""
        return await self._passwords._is_right(password, hashed)


def one_time_password() -> str:
    """Five groups of four letters and digits: 100 bits, read out over a telephone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(5))


def why_not(password: str, *, name: str, shown_name: str = "") -> str | None:
    """What is wrong with a password that somebody chooses, in words; None: nothing."""
    text = _normal(password)
    if len(text) < SHORTEST:
        return f"It has {len(text)} characters; right would be at least {SHORTEST}, for example four or five words of your own."
    if len(text) > LONGEST:
        return f"It is too long; right would be at most {LONGEST} characters."
    if len(set(text.lower())) < _FEWEST_KINDS:
        return "It repeats too few characters; right would be several words of your own."
    rest = text.lower()
    for part in sorted({name, *shown_name.lower().split()}, key=len, reverse=True):
        rest = rest.replace(part, "") if len(part) >= _LONG_NAME else rest
    if sum(character.isalnum() for character in rest) <= SHORTEST // 2:
        return "It is mostly your name; right would be several words of your own."
    return None


def _normal(password: str) -> str:
    """The same letters, however a keyboard composes them (NIST SP 800-63B-4, 3.1.1.2: normalise before hashing)."""
    return unicodedata.normalize("NFKC", password)
