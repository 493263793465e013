"""kill -9 of the worker, 20 times at random points, while e-mails are on their way to a provider without keys against a second sending.

The SendGrid adapter and its SDK against a server on loopback that takes a message first and answers a while later, so that many kills
fall between the two. What must hold: a delivery is handed over once; a message once, or once more where its kind must arrive and the
ledger says that the first try is unknown.
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from policies.case.vocabulary import MESSAGE_CLASS, CaseKind, MessageClass, MessageKind
from starter.settings import ROOT
from store.engine import upgrade
from store.standing import DeliveryState, MessageState
from store.views import MessageView
from tests.real.harness import RealCase, RealHouse, case_start, eventually, real_house, replay
from tests.vendors.answers import Reply, Wire
from tests.vendors.loopback import Request, serving
from tests.vendors.sendgrid import SendGridServer

_KILLS, _CASES = 20, 4
_LONGEST_ANSWER_S = 0.5


class _Slow(SendGridServer):
    """Answers after a while; by then it has taken the message."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def asked(self, request: Request) -> tuple[Reply | None, Wire]:
        said = super().asked(request)
        time.sleep(self._random.uniform(0, _LONGEST_ANSWER_S))
        return said


class _Worker:
    """A worker process of this test's own, back at once: the stack's supervisor waits longer after each crash."""

    def __init__(self, house: RealHouse, folder: Path) -> None:
        self._pid_file = folder / "worker.pid"
        command = [sys.executable, "-m", "tests.real.forking_worker", str(self._pid_file)]
        self._launcher = subprocess.Popen(command, cwd=ROOT, env=house.stack.worker_environment(), stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        os.kill(int(self._pid_file.read_text(encoding="utf-8")), signal.SIGKILL)

    def end(self) -> None:
        self._launcher.kill()
        self._launcher.wait()
        with contextlib.suppress(ProcessLookupError):
            self.kill()


async def _kill(worker: _Worker, server: SendGridServer, point: random.Random) -> None:
    before = len(server.requests)

    async def sending() -> bool:
        return len(server.requests) > before

    await eventually(sending, "another message is on its way")
    await asyncio.sleep(point.uniform(0, 2 * _LONGEST_ANSWER_S))  # the random point
    worker.kill()


def _handed_over(message: MessageView, mails: Counter[str | None]) -> list[int]:
    return [mails[delivery.delivery_id] for delivery in message.deliveries]


def _judge(message: MessageView, mails: Counter[str | None]) -> None:
    handed = _handed_over(message, mails)
    assert max(handed) <= 1, f"a delivery was handed over twice: {message}"
    unknown = [delivery for delivery in message.deliveries if delivery.state is DeliveryState.UNKNOWN]
    must = any(MESSAGE_CLASS[kind] is MessageClass.MANDATORY for kind in (message.kind, *message.also))
    if sum(handed) > 1:
        assert sum(handed) == 2, f"once more, and no more: {message}"
        assert must, f"routine, and sent again: {message}"
        assert unknown, f"sent again although nothing was unknown: {message}"
    match message.state:
        case MessageState.ACCEPTED:
            assert sum(handed) >= 1, f"accepted, and never handed over: {message}"
        case MessageState.UNKNOWN:
            assert unknown, f"unknown, and every try has an answer: {message}"
        case _:
            assert message.state is MessageState.PARKED, message
            assert sum(handed) == 0, f"certainly not sent, says the ledger: {message}"


@pytest.mark.timeout(240)
async def test_twenty_kills_while_sending_lose_nothing_and_double_only_what_must_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(_Slow(7)) as server:
        monkeypatch.setenv("MAKEGOOD_TEST_SENDGRID_KEY", server.api_key)
        channels = tmp_path / "channels.toml"
        channels.write_text(
            f"""
            [channels]
            email = "sendgrid"

            [sendgrid]
            api_key_env = "MAKEGOOD_TEST_SENDGRID_KEY"
            base_url = "{server.url}"
            sender = "Shop <care@shop.example>"
            """,
            encoding="utf-8",
        )
        async with real_house(tmp_path, worker=False, channels_file=channels) as house:
            await upgrade(f"sqlite:///{tmp_path / 'makegood.sqlite'}")
            worker = _Worker(house, tmp_path)
            try:
                cases = await _live(house, worker, server, random.Random(20))
            finally:
                worker.end()
            mails = Counter(mail.notification_id for mail in server.accepted)
            known = [message for case in cases for message in await case.messages()]
            for message in known:
                if message.deliveries and message.state is not MessageState.SENDING:
                    _judge(message, mails)
            ours = {delivery.delivery_id for message in known for delivery in message.deliveries}
            assert set(mails) <= ours, "a message left that no ledger knows"
            died = sum(delivery.state is DeliveryState.UNKNOWN for message in known for delivery in message.deliveries)
            assert died >= 1, "no kill fell between the sending and its answer: nothing was proved"
            await replay(cases)


async def _live(house: RealHouse, worker: _Worker, server: SendGridServer, point: random.Random) -> list[RealCase]:
    """Refunds that are acknowledged, updated and resolved between the kills."""
    starts = [case_start(CaseKind.REFUND, f"X-{number}") for number in range(_CASES)]
    cases = list(await asyncio.gather(*(house.open(start, "processing") for start in starts)))
    for _ in range(_KILLS):
        await _kill(worker, server, point)
    await asyncio.gather(*(case.provider_says("paid_out") for case in cases))
    await asyncio.gather(*(case.told(MessageKind.RESOLUTION) for case in cases))
    return cases
