"""Policy books from files: read strictly, one after the other.

Owns the way from TOML to `PolicyBook` and every complaint on it ("file: key: what is wrong; what would be right"). Must never decide
which policy rules a case (policy_choice.py does). Called by the CLI, worker-side tests and whoever builds a desk.
"""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policies.book import Policy, PolicyBook, with_defaults
from policies.case.vocabulary import CaseKind
from policies.rules import KNOWN
from starter.closed_days import unknown_holidays
from starter.plain_errors import Place, nearest, place, problems

_NAMED = ("clocks", "hold_reasons", "outcomes")  # lists to which a book's defaults are appended
_KINDS = [kind.value for kind in CaseKind]
_DEFAULTABLE = [name for name in Policy.model_fields if name not in ("id", "kind", "match")]


class BookError(ValueError):
    """A policy book cannot be used; one line per problem."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__("\n".join(found))
        self.problems = list(found)


def load_book(path: Path) -> PolicyBook:
    """Read one book. Raises BookError."""
    raw = _read(path)
    filled = with_defaults(raw)
    found = _unknown_defaults(raw)
    book: PolicyBook | None = None
    try:
        book = PolicyBook.model_validate(filled, extra="forbid")
    except ValidationError as error:
        found += [f"{_source(loc, raw, filled)}: {words}" for loc, words in problems(error, PolicyBook, values=True)]
    if book is not None and book.rules not in KNOWN:
        found.append(f"rules: {book.rules} are not known to this version; right would be {', '.join(str(number) for number in KNOWN)}")
    for index, policy in enumerate(book.policies if book else ()):
        problem = unknown_holidays(policy.holidays)
        if problem is not None:
            found.append(f"{_source(('policies', index, 'holidays'), raw, filled)}: {problem}")
    if found or book is None:
        raise BookError([f"{path.name}: {line}" for line in dict.fromkeys(found)])  # one default, one line
    return book


def load_books(paths: Iterable[Path]) -> list[PolicyBook]:
    """Read several books, in order: over all of them the first policy that matches rules. Raises BookError."""
    books: list[PolicyBook] = []
    found: list[str] = []
    seen: dict[str, Path] = {}
    for path in paths:
        try:
            book = load_book(path)
        except BookError as error:
            found.extend(error.problems)
            continue
        for index, policy in enumerate(book.policies):
            if policy.id in seen:
                found.append(f"{path.name}: policies[{index}].id: {policy.id} stands in {seen[policy.id].name} already; give it another")
            seen.setdefault(policy.id, path)
        books.append(book)
    if found:
        raise BookError(found)
    return books


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BookError([f"{path}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise BookError([f"{path.name}: is not UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise BookError([f"{path.name}: is not TOML: {error}"]) from None


def _unknown_defaults(raw: dict[str, Any]) -> list[str]:
    """Misspelt keys of [defaults]. They would also be told per policy; `_source` gives those the same words, and they count once."""
    defaults = raw.get("defaults")
    if not isinstance(defaults, dict):
        return []
    tables = {"defaults": {name: value for name, value in defaults.items() if name not in _KINDS}}
    tables |= {f"defaults.{kind}": defaults[kind] for kind in _KINDS if isinstance(defaults.get(kind), dict)}
    return [
        f"{table}.{name}: is unknown; {nearest(name, Policy.model_fields)}"
        for table, entries in tables.items()
        for name in entries
        if name not in _DEFAULTABLE
    ]


def _source(loc: Place, raw: dict[str, Any], filled: dict[str, Any]) -> str:
    """Where in the file the thing at `loc` stands: in the policy itself or in the defaults that filled it."""
    defaults = raw.get("defaults")
    if len(loc) < 3 or loc[0] != "policies" or not isinstance(defaults, dict):
        return place(loc)
    own, full = raw["policies"][loc[1]], filled["policies"][loc[1]]
    kind = str(own.get("kind"))
    for name, table in ((f"defaults.{kind}", defaults.get(kind)), ("defaults", defaults)):
        found = _in_table(loc[2:], own, full, table) if isinstance(table, dict) else None
        if found is not None:
            return place((name, *found))
    return place(loc)


def _in_table(inner: Place, own: dict[str, Any], full: dict[str, Any], table: dict[str, Any]) -> Place | None:
    """The place within a table of defaults, if that is where it came from."""
    key = inner[0]
    if key not in table:
        return None
    if key in _NAMED and len(inner) > 1 and isinstance(table[key], list):
        entry = full[key][inner[1]]
        index = next((number for number, candidate in enumerate(table[key]) if candidate is entry), None)
        return None if index is None else (key, index, *inner[2:])
    if key not in own:
        return inner
    if len(inner) > 1 and isinstance(own[key], dict) and isinstance(table[key], dict) and inner[1] not in own[key]:
        return inner if inner[1] in table[key] else None
    return None
