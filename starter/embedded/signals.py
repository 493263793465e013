"""SIGINT, SIGTERM and SIGHUP as a cancellation of the task that owns the stack.

Owns the handlers while the stack lives. Must never end the process itself. Called by stack.py.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import Any


class StopSignals:
    def __init__(self, on_second: Callable[[], None]) -> None:
        self.received: signal.Signals | None = None
        self._on_second = on_second
        self._before: dict[signal.Signals, Any] = {}
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._stopping = False

    def install(self) -> None:
        """From here on a signal cancels the present task. Only the main thread may handle signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if handler is signal.SIG_IGN:  # nohup
                continue
            self._before[number] = handler
            loop.add_signal_handler(number, self._arrived, number)

    def stopping(self) -> None:
        """The parts are being stopped: a first signal changes nothing now, a second one still kills."""
        self._stopping = True

    def restore(self) -> None:
        """Give the handlers back."""
        loop = asyncio.get_running_loop()
        for number, handler in self._before.items():
            loop.remove_signal_handler(number)
            if handler is not None:
                signal.signal(number, handler)
        self._before.clear()

    def take_back(self) -> bool:
        """True if the cancellation was ours; then it counts as handled."""
        if self._cancelled and self._task is not None:
            self._cancelled = False
            self._task.uncancel()
            return True
        return False

    def _arrived(self, number: signal.Signals) -> None:
        if self.received is not None:
            self._on_second()
        elif self._stopping:
            self.received = number
        elif self._task is not None and not self._task.done():
            self.received, self._cancelled = number, True
            self._task.cancel()
        else:
            self._pass_on(number)

    def _pass_on(self, number: signal.Signals) -> None:
        """The task that started the stack is over (fixtures do so): the signal means what it meant before."""
        before = self._before[number]
        if callable(before):
            before(number, None)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
