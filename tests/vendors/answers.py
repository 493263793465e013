"""What a vendor on loopback may do with one request: answer as it likes, lose its answer, fall silent."""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. `body` that is no bytes is sent as JSON."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Wire(Enum):
    """What becomes of the answer."""

    SENT = "sent"
    RESET = "reset"
    CLOSED = "closed"
    CUT_OFF = "cut_off"
    WITHHELD = "withheld"
    DRIPPING = "dripping"
    NONSENSE = "nonsense"


@dataclass(frozen=True)
class Answer:
    """`takes`: the vendor processes the request first. `instead`: said instead of what it would say."""

    takes: bool
    wire: Wire = Wire.SENT
    instead: Reply | None = None


def reply(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """This answer, and nothing is processed."""
    return Answer(takes=False, instead=Reply(status, body, headers or {}))


def accept() -> Answer:
    """As usual; to fill a place in a script."""
    return Answer(takes=True)


def lost() -> Answer:
    return Answer(takes=True, wire=Wire.RESET)


def dropped() -> Answer:
    return Answer(takes=True, wire=Wire.CLOSED)


def cut_off() -> Answer:
    return Answer(takes=True, wire=Wire.CUT_OFF)


def silent() -> Answer:
    return Answer(takes=True, wire=Wire.WITHHELD)


def dripping() -> Answer:
    return Answer(takes=True, wire=Wire.DRIPPING)


def nonsense() -> Answer:
    return Answer(takes=True, wire=Wire.NONSENSE)


def garbled(status: int = 201) -> Answer:
    return Answer(takes=True, instead=Reply(status, b"<html>", {"Content-Type": "text/html"}))


def reset() -> Answer:
    return Answer(takes=False, wire=Wire.RESET)
