"""One field of a JSON answer by its dotted path, as text, moment or flag.

Owns reading and type checks of values. Must never put a value into an error: only the path. Called by http_json.
"""

from datetime import UTC, datetime
from typing import Any, Literal


class Unreadable(Exception):
    """The answer does not have the form that the configuration says."""


class Answer:
    """A decoded answer. A path that leads nowhere, null and empty text are all "not said"."""

    def __init__(self, content: Any, epoch: Literal["s", "ms"] = "s") -> None:
        self._content = content
        self._epoch = epoch

    def text(self, path: str | None) -> str | None:
        value = self._at(path)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unreadable(f"{path} is no text")
        return str(value).strip() or None

    def moment(self, path: str | None) -> datetime | None:
        """ISO 8601 with an offset, or seconds (milliseconds) since 1970. Zero means "none" in several APIs."""
        value = self._at(path)
        if value is None or value == "" or value == 0:
            return None
        try:
            if isinstance(value, str):
                moment = datetime.fromisoformat(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                moment = datetime.fromtimestamp(value / 1000 if self._epoch == "ms" else value, UTC)
            else:
                raise Unreadable(f"{path} is no moment")
        except (ValueError, OverflowError, OSError):
            raise Unreadable(f"{path} is no moment in ISO 8601") from None
        if moment.utcoffset() is None:
            raise Unreadable(f"{path} has no UTC offset; a moment without zone cannot be trusted")
        return moment

    def flag(self, path: str | None, words: list[str]) -> bool:
        value = self._at(path)
        return value is True or (isinstance(value, str) and value in words)

    def _at(self, path: str | None) -> Any:
        if path is None:
            return None
        value = self._content
        for key in path.split("."):
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value
