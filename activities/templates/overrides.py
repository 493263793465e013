"""A shop's own texts, laid over ours file by file.

Owns the form of the folder: MERCHANT/LANGUAGE/FILE.j2 and, over that, MERCHANT/BRAND/LANGUAGE/FILE.j2 (the keys of brands.toml). Reads it
once; what changes later is seen by the next process. Must never judge the texts (override_check.py does). Called by worker.py and the
command line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from activities.templates.languages import FOLDERS
from activities.templates.sources import Source, TextSet, built_in

_FORM = "MERCHANT/LANGUAGE/FILE.j2 or MERCHANT/BRAND/LANGUAGE/FILE.j2"


class Problem(NamedTuple):
    """What is wrong with a file, at which of its lines (from 1), and what would be right."""

    file: Path
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


class OverridesInvalid(ValueError):
    """A folder of texts cannot be used; one line per problem: file, line, what would be right."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Shop(NamedTuple):
    """A merchant, or one of its brands."""

    merchant: str
    brand: str | None = None

    def __str__(self) -> str:
        return f"{self.merchant}/{self.brand}" if self.brand else self.merchant


class Overrides:
    """The text sets of every shop that has texts of its own."""

    def __init__(self, sets: dict[tuple[Shop, str], TextSet]) -> None:
        self.sets = sets

    def of(self, merchant: str, brand: str | None, folder: str) -> TextSet | None:
        """The brand's texts over the merchant's over ours; None if neither has any in this language."""
        own = self.sets.get((Shop(merchant, brand), folder)) if brand else None
        return own or self.sets.get((Shop(merchant), folder))


def read_overrides(root: Path) -> tuple[Overrides, list[Problem]]:
    """Every text below `root`, and every file that stands where nobody would look for it."""
    if not root.is_dir():
        return Overrides({}), [Problem(root, 1, f"is no folder; right would be one that holds {_FORM}")]
    problems: list[Problem] = []
    own: dict[tuple[Shop, str], dict[str, Source]] = {}
    for merchant in _shown(root, problems, "a merchant's folder"):
        for inner in _shown(merchant, problems, "a folder of a language or of a brand"):
            if inner.name in FOLDERS:
                _read(Shop(merchant.name), inner, own, problems)
            elif any(part.is_dir() and part.name in FOLDERS for part in inner.iterdir()):
                for language in _shown(inner, problems, "a folder of a language"):
                    _read(Shop(merchant.name, inner.name), language, own, problems)
            else:
                problems.append(Problem(inner, 1, f"is neither a language ({', '.join(FOLDERS)}) nor a brand with folders of languages"))
    sets: dict[tuple[Shop, str], TextSet] = {}
    for shop, folder in own:
        below = own.get((Shop(shop.merchant), folder), {}) if shop.brand else {}
        sets[(shop, folder)] = TextSet(folder, {**built_in(folder).sources, **below, **own[(shop, folder)]})
    return Overrides(sets), problems


def _read(shop: Shop, language: Path, own: dict[tuple[Shop, str], dict[str, Source]], problems: list[Problem]) -> None:
    if language.name not in FOLDERS:
        problems.append(Problem(language, 1, f"we write in no such language; known are {', '.join(FOLDERS)}"))
        return
    for file in sorted(language.iterdir()):
        if _harmless(file):
            continue
        if file.is_dir() or file.suffix != ".j2":
            problems.append(Problem(file, 1, "is no text; right would be a file NAME.j2"))
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            problems.append(Problem(file, 1, f"cannot be read: {why}"))
            continue
        own.setdefault((shop, language.name), {})[file.name] = Source(text, file, str(shop))


def _shown(folder: Path, problems: list[Problem], wanted: str) -> Iterator[Path]:
    """The folders in it; anything else there is out of place."""
    for part in sorted(folder.iterdir()):
        if _harmless(part):
            continue
        if part.is_dir():
            yield part
        else:
            problems.append(Problem(part, 1, f"stands where {wanted} would stand; right would be {_FORM}"))


def _harmless(path: Path) -> bool:
    """What editors, version control and mounted volumes leave there, and notes for people."""
    return path.name.startswith(".") or path.suffix == ".md"
