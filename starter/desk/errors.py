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


class MovedOn(Refused):
    """More has happened to the case than the act was decided on. `version`: its newest fact."""

    def __init__(self, reason: str, version: int) -> None:
        super().__init__(reason)
        self.version = version


class CaseNotFound(DeskError):
    """Neither the books nor the engine know such a case."""

    @classmethod
    def by(cls, text: str) -> "CaseNotFound":
        """For what a person has typed."""
        return cls(f"no case is known as {text}; right would be a case id, its beginning, a business reference or an order")


class AmbiguousCase(DeskError):
    """Several cases may be meant."""

    def __init__(self, text: str, case_ids: Sequence[str]) -> None:
        super().__init__(f"{text} may be {', '.join(case_ids)}; give one of these ids")
        self.case_ids = list(case_ids)


class IdentityKeyChanged(DeskError):
    """The books hold cases that were opened under another identity key; under this one the same case could be opened twice."""

    def __init__(self, fingerprints: Sequence[str], ours: str) -> None:
        others = ",".join(fingerprints)
        super().__init__(
            f"the books hold cases of another identity key (fingerprint {others}; this one's is {ours}). Put the former "
            f"MAKEGOOD_IDENTITY_KEY back. If it is lost for good, set MAKEGOOD_IDENTITY_KEYS_LOST={others}: customers' earlier cases are "
            "then no longer recognised as theirs, and one whose reference is an address or phone number may be opened a second time"
        )


class Unanswered(DeskError):
    """The engine took a command but no worker answered in time: it may still be carried out."""
