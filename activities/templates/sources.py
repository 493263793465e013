"""The template files and the Jinja environments made of them.

Owns reading the files (once per process) and the version that the ledger keeps. Must never hold words or facts of a case.
Called by rendering; `environment` also by the test that proves a missing name is an error.
"""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from activities.templates.formats import FILTERS, one_line, sentence_start

_HERE = Path(__file__).parent


@lru_cache(maxsize=8)
def sources(folder: str) -> dict[str, str]:
    """Every text of a language and every layout, by file name."""
    files = [*sorted((_HERE / "texts" / folder).glob("*.j2")), *sorted((_HERE / "layouts").glob("*.j2"))]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@lru_cache(maxsize=256)
def version(folder: str, names: tuple[str, ...]) -> str:
    """Short SHA-256 of the named files: two rows of the ledger with one version were made of the same words."""
    texts = sources(folder)
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{folder}/{name}\x1f{texts[name]}\x1e".encode())
    return digest.hexdigest()[:12]


def make_environment(texts: dict[str, str]) -> Environment:
    """Strict: an unknown name or a missing value is an error, never a gap in a sentence. HTML layouts escape all they print."""
    made = Environment(
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        auto_reload=False,
        finalize=_printable,
    )
    made.filters.update({name: _of_recipient(name) for name in FILTERS})
    made.filters["cap"] = sentence_start
    made.filters["linked"] = linked
    return made


def _of_recipient(name: str) -> Callable[..., str]:
    """A filter that formats as the present recipient reads: compiled templates are shared, `formats` is of one message."""

    @pass_context
    def filter_(context: Context, value: object) -> str:
        if isinstance(value, Undefined):
            str(value)  # StrictUndefined raises and names what is missing
        return str(getattr(context["formats"], name)(value))

    return filter_


@lru_cache(maxsize=8)
def environment(folder: str) -> Environment:
    """The environment of a language, compiled once."""
    return make_environment(sources(folder))


def _printable(value: object) -> object:
    if value is None:
        raise ValueError("a template prints a value that is not known")
    return one_line(value) if type(value) is str else value


def linked(text: str, links: list[str]) -> Markup:
    """Escaped text in which exactly the given addresses are links: what others wrote never becomes one."""
    safe = str(escape(text))
    if links:
        pattern = "|".join(re.escape(str(escape(link))) for link in sorted(links, key=len, reverse=True))
        safe = re.sub(pattern, lambda found: f'<a href="{found[0]}">{found[0]}</a>', safe)
    return Markup(safe)
