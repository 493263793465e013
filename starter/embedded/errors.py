"""What can keep the embedded stack from starting, in words for the person at the terminal.

Owns these exceptions. Must never carry a stack trace as its message. Raised in starter/embedded, shown by the CLI.
"""

import signal


class StackError(Exception):
    """The stack cannot start; the message says what is wrong and what to do."""


class StackInterrupted(StackError):
    """A signal ended the start; every part that ran is stopped."""

    def __init__(self, received: signal.Signals) -> None:
        super().__init__(f"stopped by {received.name} while starting")
        self.received = received
