"""What the desk says no with. `EngineUnavailable` is the connection's own.

Owns these exceptions; their messages are for people and hold nothing personal. Raised by the desk, shown by CLI and API.
"""

from collections.abc import Sequence


class DeskError(Exception):
    """The desk could not do it; the message says what would be right."""


class Refused(DeskError):
    """The case, or a check before it, says no. Nothing happened."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CaseNotFound(DeskError):
    """Neither the books nor the engine know such a case."""


class AmbiguousCase(DeskError):
    """Several cases may be meant."""

    def __init__(self, text: str, case_ids: Sequence[str]) -> None:
        super().__init__(f"{text} may be {', '.join(case_ids)}; give one of these ids")
        self.case_ids = list(case_ids)


class Unanswered(DeskError):
    """The engine took a command but no worker answered in time: it may still be carried out."""
