"""The template files and the Jinja environments made of them.

Owns reading our files (once per process), a language's texts as one shop uses them, and the version that the ledger keeps. Must never
hold words or facts of a case. Called by rendering and overrides; `make_environment` also by the test that proves a missing name is an
error.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    Environment,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    meta,
    pass_context,
)
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape

from activities.templates.formats import FILTERS, one_line, sentence_start
from activities.templates.sandbox import Sandbox

_HERE = Path(__file__).parent


class Source(NamedTuple):
    """One template. `origin`: the shop whose override it is ("northwind", "northwind/summit"); None: ours."""

    text: str
    file: Path
    origin: str | None = None


class Whole(NamedTuple):
    """All sources that one message is made of: their version, and the shop from which one of them is, if any."""

    version: str
    origin: str | None
    names: tuple[str, ...]


class TextSet:
    """Every text of a language and every layout, as one shop uses them: ours, or with overrides over them (then in a sandbox)."""

    def __init__(self, folder: str, sources: Mapping[str, Source]) -> None:
        self.folder = folder
        self.sources = dict(sources)
        self.overridden = frozenset(name for name, source in sources.items() if source.origin is not None)
        self.environment = make_environment(sources, sandboxed=bool(self.overridden))
        self._wholes: dict[tuple[str, ...], Whole] = {}
        self._references: dict[str, list[str]] = {}

    def whole(self, names: tuple[str, ...]) -> Whole:
        """Of the named sources and of those that they include or import."""
        known = self._wholes.get(names)
        if known is None:
            known = self._wholes[names] = self._whole(names)
        return known

    def _whole(self, names: tuple[str, ...]) -> Whole:
        used = list(dict.fromkeys(names))
        for name in used:  # grows while it is read
            used += [other for other in self._referenced(name) if other not in used]
        digest = hashlib.sha256()
        for name in used:
            digest.update(f"{self.folder}/{name}\x1f{self.sources[name].text}\x1e".encode())
        origins = {self.sources[name].origin for name in used} - {None}
        # "northwind/summit" lies over "northwind": the longer name is the set that was asked for.
        return Whole(digest.hexdigest()[:12], max((origin for origin in origins if origin), key=len, default=None), tuple(used))

    def _referenced(self, name: str) -> list[str]:
        known = self._references.get(name)
        if known is None:
            known = self._references[name] = [other for other in _named_in(self.sources[name].text) if other in self.sources]
        return known


@lru_cache(maxsize=1024)  # every text of a dozen shops
def _named_in(text: str) -> tuple[str, ...]:
    """The templates that a text includes or imports, whether they exist or not."""
    try:
        found = meta.find_referenced_templates(Environment().parse(text))
        return tuple(name for name in found if name is not None)
    except TemplateSyntaxError:
        return ()  # it fails where it is rendered, or in the check, which names its line


@lru_cache(maxsize=8)
def built_in(folder: str) -> TextSet:
    """Our texts of a language."""
    files = [*sorted((_HERE / "texts" / folder).glob("*.j2")), *sorted((_HERE / "layouts").glob("*.j2"))]
    return TextSet(folder, {file.name: Source(file.read_text(encoding="utf-8"), file) for file in files})


def make_environment(sources: Mapping[str, Source], *, sandboxed: bool = False) -> Environment:
    """Strict: an unknown name or a missing value is an error, never a gap in a sentence. HTML layouts escape all they print."""
    made = (Sandbox if sandboxed else Environment)(
        loader=_Sources(sources),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        auto_reload=False,
        finalize=_printable,
        bytecode_cache=_compiled[sandboxed],
    )
    if not sandboxed:
        made.globals = {}  # ours use none of Jinja's, and each is carried into the context of every section of every message
    made.filters.update({name: _of_recipient(name) for name in FILTERS})
    made.filters["cap"] = sentence_start
    made.filters["linked"] = linked
    return made


class _Compiled(BytecodeCache):
    """What this process has compiled: most files of a shop's set are ours, and the same in every set."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = {sandboxed: _Compiled() for sandboxed in (False, True)}  # the code of a sandbox differs


class _Sources(BaseLoader):
    """Reads no disk; an error names the file that a person would open."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    def get_source(self, _environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source = self._sources.get(template)
        if source is None:
            raise TemplateNotFound(template)
        return source.text, str(source.file), lambda: True


def _of_recipient(name: str) -> Callable[..., str]:
    """A filter that formats as the present recipient reads: compiled templates are shared, `formats` is of one message."""

    @pass_context
    def filter_(context: Context, value: object) -> str:
        if isinstance(value, Undefined):
            str(value)  # StrictUndefined raises and names what is missing
        return str(getattr(context["formats"], name)(value))

    return filter_


def _printable(value: object) -> object:
    """Text and numbers; anything else (none, true, a moment, an amount, a list) needs words or a filter first."""
    if type(value) is str:
        return one_line(value)
    if isinstance(value, Undefined):
        return str(value)
    if value is None:
        raise ValueError("a template prints a value that is not known")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"a template prints a {type(value).__name__} as it is; right would be words, or a filter such as when or money")
    return value


def linked(text: str, links: list[str]) -> Markup:
    """Escaped text in which exactly the given addresses are links: what others wrote never becomes one."""
    safe = str(escape(text))
    if links:
        pattern = "|".join(re.escape(str(escape(link))) for link in sorted(links, key=len, reverse=True))
        safe = re.sub(pattern, lambda found: f'<a href="{found[0]}">{found[0]}</a>', safe)
    return Markup(safe)
