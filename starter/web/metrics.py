"""/metrics in Prometheus' text format: what a house that keeps promises is watched by.

Owns the names of the figures and how long they are kept. Must never be open to everybody: who reads it learns how a shop fares. It asks
for a key with the scope metrics (or read) of no one merchant. An address of this machine is no proof: behind a proxy on the same machine
every stranger has one. Called by monitoring systems.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from fastapi import APIRouter
from starlette.responses import Response

from policies.case.vocabulary import CaseKind, CaseStatus
from starter.web.api.caller import ByCaller
from starter.web.api.guard import Guard, needs
from starter.web.parts import Face, WebParts
from starter.web.problems import Problem
from store.api_keys import Scope
from store.inbox import InboxState
from store.metrics import HouseFigures, house_figures

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
KEPT_S = 10.0  # monitoring systems ask every 15 s or so, some of them twice; counting reads every case
_OPEN = (CaseStatus.OPEN, CaseStatus.WAITING_ON_CUSTOMER, CaseStatus.ON_HOLD, CaseStatus.RESOLVED)
_ENDS = ("kept", "late", "broken", "superseded", "withdrawn")


def metrics_face(parts: WebParts, clock: Callable[[], float] = time.monotonic) -> Face:
    guard = Guard(parts)
    router = APIRouter(route_class=guard.route_class())
    figures = _Kept(parts, clock)

    @router.get("/metrics", include_in_schema=False)
    @needs(Scope.METRICS)
    async def metrics(caller: ByCaller) -> Response:
        if caller.merchant is not None:
            raise Problem("forbidden", "This key is for one merchant; the figures are those of all.")
        return Response(await figures.text(), media_type=MEDIA_TYPE)

    return Face(router, prefixes=("/metrics",), machine=True)


class _Kept:
    """The figures, counted again when they are older than KEPT_S; many askers at once are one count."""

    def __init__(self, parts: WebParts, clock: Callable[[], float]) -> None:
        self._parts = parts
        self._clock = clock
        self._text: tuple[float, str] | None = None
        self._counting = asyncio.Lock()

    async def text(self) -> str:
        async with self._counting:
            if self._text is None or self._clock() - self._text[0] >= KEPT_S:
                found = await house_figures(self._parts.backends.store())
                self._text = (self._clock(), "".join(f"{line}\n" for line in lines_of(found, self._waited(found))))
            return self._text[1]

    def _waited(self, found: HouseFigures) -> dict[InboxState, float]:
        now = self._parts.clock()
        return {state: found.waited_s(state, now) for state in (InboxState.NEW, InboxState.WAITING)}


def lines_of(found: HouseFigures, waited_s: Mapping[InboxState, float]) -> Iterable[str]:
    """Every figure with its words. Shadow cases, which send nothing, are not among them."""
    opened = {kind.value: 0 for kind in CaseKind}  # a figure that is not there cannot be told from one that is lost
    for (kind, _), number in found.cases.items():
        opened[kind] = opened.get(kind, 0) + number
    yield from _family("cases_opened_total", "counter", "Cases that were ever opened.", _by("kind", opened))
    still = {pair: number for pair, number in found.cases.items() if pair[1] in _OPEN}
    yield from _family("cases_open", "gauge", "Cases that are not closed.", _by_two("kind", "status", still))
    ended = {end: found.promises.get(end, 0) for end in _ENDS}
    yield from _family("promises_ended_total", "counter", "Promises of a next word, by how they ended.", _by("end", ended))
    yield from _family("promises_open", "gauge", "Promises that are to be kept.", [("", found.promises.get("open", 0))])
    yield from _family("messages", "gauge", "Messages by kind and outcome.", _by_two("kind", "outcome", found.messages))
    tries = found.deliveries
    yield from _family("deliveries", "gauge", "Tries to send a message, by channel and outcome.", _by_two("channel", "outcome", tries))
    unknown: dict[str, int] = {channel: 0 for channel, _ in tries}
    unknown |= {channel: number for (channel, state), number in tries.items() if state == "unknown"}
    yield from _family("deliveries_unknown", "gauge", "Tries of which nobody knows whether they were sent.", _by("channel", unknown))
    parked = "What an operator's fault has stopped: a channel, or one of our senders on it."
    yield from _family("channels_parked", "gauge", parked, _by_two("channel", "provider", found.parks))
    words = "Age of the oldest webhook that its case was not told of (new), or whose case is not known (waiting)."
    waits = {state.value: seconds for state, seconds in waited_s.items()}
    yield from _family("webhook_oldest_seconds", "gauge", words, _by("state", waits))
    held = {state.value: found.inbox.get(state.value, 0) for state in (InboxState.NEW, InboxState.WAITING, InboxState.FAILED)}
    yield from _family("webhooks", "gauge", "Webhooks that are not done.", _by("state", held))


def _family(name: str, kind: str, words: str, samples: Iterable[tuple[str, float]]) -> Iterable[str]:
    yield f"# HELP makegood_{name} {words}"
    yield f"# TYPE makegood_{name} {kind}"
    for labels, value in samples:
        yield f"makegood_{name}{labels} {value:g}" if isinstance(value, float) else f"makegood_{name}{labels} {value}"


def _by(label: str, values: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(f'{{{label}="{key}"}}', values[key]) for key in sorted(values)]


def _by_two(one: str, other: str, values: Mapping[tuple[str, str], int]) -> list[tuple[str, float]]:
    return [(f'{{{one}="{first}",{other}="{second}"}}', values[first, second]) for first, second in sorted(values)]
