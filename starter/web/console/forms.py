"""What people of the house typed into a form: read, bounded, and what is wrong said field by field.

Owns the reading and the limits. Must never drop what was typed: a form that is shown again shows it again, but for passwords. Made by
guard.py, taken by the routes as `visit.form`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from starter.web.portal.forms import cleaned

LONGEST_TEXT = 20_000  # characters; as the desk takes them
MOST_FIELDS = 60
LARGEST = 96 * 1024  # bytes: the longest text in letters of four bytes, and room for its fields
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")


@dataclass(slots=True)
class Form:
    """`errors`: field -> what is wrong and what would be right; "form": about the whole. Empty: it can be taken."""

    values: Mapping[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def once(self) -> str | None:
        """The number of the form: sent twice, it is one command."""
        text = self.get("once")
        return text if _ONCE.match(text) else None

    def get(self, name: str) -> str:
        found = self.values.get(name)
        return found[-1] if found else ""

    def all(self, name: str) -> list[str]:
        """Of several boxes with one name."""
        return list(self.values.get(name, ()))

    def refuse(self, name: str, words: str) -> None:
        self.errors.setdefault(name, words)

    def text(self, name: str, *, most: int = LONGEST_TEXT, needed: str | None = None) -> str | None:
        """The text of a field, None if it is empty. `needed`: what to say then."""
        text = self.get(name).strip()
        if needed is not None and not text:
            self.refuse(name, needed)
        elif len(text) > most:
            self.refuse(name, f"It has {len(text)} characters; right would be at most {most}.")
        return text or None


async def form_of(request: Request) -> Form:
    sent = await request.form(max_files=0, max_fields=MOST_FIELDS)
    values: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(cleaned(value))
    return Form(values)
