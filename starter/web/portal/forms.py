"""What people typed into the forms: read, bounded, and told what is wrong field by field.

Owns the limits of texts and scores. Must never trust a length that a browser promised, and never drop what was typed: a form that is shown
again shows it again. Called by the portal's routes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made

from starlette.datastructures import FormData

LONGEST_TEXT = 5_000  # characters; three pages. The desk takes more, an e-mail may be longer
LONGEST_COMMENT = 2_000
MOST_FIELDS = 30  # of one form; the settings have five
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One error: which field, which words, and what they name."""

    field: str
    key: str
    values: Mapping[str, object] = made(default_factory=dict)


@dataclass(slots=True)
class Filled:
    """A form as it was sent. `wrong` is empty if it can be taken."""

    values: dict[str, str]
    once: str | None = None  # the number of the form: sent twice, it is one command
    wrong: list[Wrong] = made(default_factory=list)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def has(self, name: str) -> bool:
        return bool(self.values.get(name))

    def error(self, name: str) -> Wrong | None:
        return next((wrong for wrong in self.wrong if wrong.field == name), None)

    def refuse(self, name: str, key: str, **values: object) -> None:
        self.wrong.append(Wrong(name, key, values))

    def text(self, name: str, most: int, *, needed: bool) -> str | None:
        """The text of a field, None if it is empty."""
        text = self.get(name).strip()
        if needed and not text:
            self.refuse(name, "wrong.text.empty")
        elif len(text) > most:
            self.refuse(name, "wrong.text.long", length=len(text), most=most)
        return text or None

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        text = self.get(name)
        if not text:
            return None
        if text.isascii() and text.isdecimal() and len(text) <= 2 and lowest <= int(text) <= highest:
            return int(text)
        self.refuse(name, f"wrong.{name}")
        return None


def cleaned(text: str) -> str:
    """Line ends as everywhere else, without control and direction marks (a text may not disguise itself)."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def filled(form: FormData | None = None) -> Filled:
    """Each text cleaned; of fields with one name the last."""
    values = {}
    for name, value in form.multi_items() if form is not None else ():
        if isinstance(value, str):
            values[name] = cleaned(value)
    once = values.pop("once", "")
    return Filled(values, once if _ONCE.match(once) else None)
