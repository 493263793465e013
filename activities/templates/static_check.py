"""What can be seen of a text without rendering it: its syntax, and every name, filter and file that it uses, in every branch.

Owns these rules and their words. Must never run a template. Called by override_check; tests hold our own texts to it.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from jinja2 import Environment, TemplateAssertionError, TemplateSyntaxError, meta, nodes

from activities.templates.documented import ANY_FIELD, JINJA_FILTERS, LAYOUT_NAMES, NAMES, OF_NAME, OUR_FILTERS
from activities.templates.overrides import Problem
from activities.templates.sources import Source

_HTML = ".html.j2"
_LAYOUTS = ("email.txt.j2", "email.html.j2")
_BY_FIELD = ("selectattr", "rejectattr")  # filters whose first argument is a name behind a dot
# Right words for what an operator is likely to try.
_INSTEAD = {
    ("c", "next_word_at"): "next_word_at",
    ("c", "resolve_by"): "resolve_by, which is none once the date has passed",
    ("c", "hold_public"): "hold",
    ("c", "ask_public"): "ask",
    ("c", "outcome_public"): "outcome",
    ("c", "resolve_by_why"): "why",
    ("c", "merchant"): "brand.name",
    ("c", "brand"): "brand.name",
}


def static_problems(name: str, sources: Mapping[str, Source], environment: Environment) -> list[Problem]:
    """Every problem of one text among `sources`, the texts it may include."""
    source = sources[name]
    try:
        tree = environment.parse(source.text, name, str(source.file))
    except TemplateSyntaxError as error:
        return [Problem(source.file, error.lineno, f"is no template: {error.message}")]
    found = [*_filters(tree, environment), *_fields(tree), *_files(name, tree, sources, environment), *_escapes(tree)]
    try:
        found += _names(name, tree)
    except TemplateAssertionError as error:  # the compiler's own: a filter, which is told already, or a block that stands twice ...
        if not found:
            found.append((error.lineno, f"is no template: {error.message}"))
    return [Problem(source.file, line, words) for line, words in sorted(set(found))]


def macros_of(source: Source, environment: Environment) -> set[str]:
    """What another text may import from this one; nothing, if it cannot be read."""
    try:
        tree = environment.parse(source.text)
    except TemplateSyntaxError:
        return set()
    assigned = {target.name for node in tree.body if isinstance(node, nodes.Assign) for target in node.find_all(nodes.Name)}
    return {macro.name for macro in tree.find_all(nodes.Macro)} | assigned


_Found = Iterator[tuple[int, str]]


def _names(name: str, tree: nodes.Template) -> _Found:
    known = [*LAYOUT_NAMES] if _is_layout(name) else [*NAMES]
    known += ["namespace"]
    # Jinja calls a name that is set in one branch only undeclared as well; whether that branch was taken shows when it is rendered.
    assigned = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    unknown = meta.find_undeclared_variables(tree) - {*known} - assigned
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and node.ctx == "load":
            yield node.lineno, f'"{node.name}" is no name of a {"layout" if _is_layout(name) else "text"}; {nearest(node.name, known)}'


def _fields(tree: nodes.Template) -> _Found:
    free = {target.name for node in tree.find_all(nodes.Assign) if _makes_namespace(node) for target in node.target.find_all(nodes.Name)}
    free |= {node.target.name for node in tree.find_all(nodes.Assign) if _makes_namespace(node) and isinstance(node.target, nodes.Name)}
    free |= {node.target for node in tree.find_all(nodes.Import)} | {"self"}
    for node in tree.find_all(nodes.Getattr):
        base = node.node.name if isinstance(node.node, nodes.Name) else ""
        known = OF_NAME.get(base, ANY_FIELD)
        if base not in free and node.attr not in known:
            yield node.lineno, _no_field(base, node.attr, known)
    for filter_ in tree.find_all(nodes.Filter):
        asked = filter_.args[0] if filter_.name in _BY_FIELD and filter_.args else None
        if isinstance(asked, nodes.Const) and asked.value not in ANY_FIELD:
            yield filter_.lineno, _no_field("", str(asked.value), ANY_FIELD)


def _no_field(base: str, field: str, known: frozenset[str]) -> str:
    instead = _INSTEAD.get((base, field))
    right = f"right would be {instead}" if instead else nearest(field, sorted(known))
    return f'there is no "{base}.{field}" for texts; {right}' if base else f'there is no ".{field}" for texts; {right}'


def _filters(tree: nodes.Template, environment: Environment) -> _Found:
    known = [*OUR_FILTERS, *sorted(JINJA_FILTERS)]
    for node in tree.find_all(nodes.Filter):
        if node.name not in known:
            yield node.lineno, f'there is no filter "{node.name}" for texts; {nearest(node.name, known)}'
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            yield test.lineno, f'there is no test "{test.name}"; {nearest(test.name, sorted(environment.tests))}'


def _files(name: str, tree: nodes.Template, sources: Mapping[str, Source], environment: Environment) -> _Found:
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        asked = getattr(node, "template", None)
        if not isinstance(asked, nodes.Const) or not isinstance(asked.value, str):
            yield node.lineno, "names a file by an expression; right would be its name in quotes"
        elif asked.value not in sources:
            yield node.lineno, f'there is no text "{asked.value}"; {nearest(asked.value, sorted(sources))}'
        elif asked.value.endswith(_HTML) != name.endswith(_HTML):
            yield node.lineno, f'"{asked.value}" is {_nature(asked.value)} and this is {_nature(name)}: they cannot be mixed'
        elif isinstance(node, nodes.FromImport):
            there = macros_of(sources[asked.value], environment)
            for imported in node.names:
                macro = imported[0] if isinstance(imported, tuple) else imported
                if macro not in there:
                    yield node.lineno, f'"{asked.value}" has no macro "{macro}"; {nearest(macro, sorted(there))}'


def _escapes(tree: nodes.Template) -> _Found:
    for node in tree.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)):
        yield node.lineno, "autoescape is not for texts to change; right would be to leave it out"


def _makes_namespace(node: nodes.Assign) -> bool:
    return isinstance(node.node, nodes.Call) and isinstance(node.node.node, nodes.Name) and node.node.node.name == "namespace"


def _is_layout(name: str) -> bool:
    return name in _LAYOUTS or name.endswith(_HTML)


def _nature(name: str) -> str:
    return "HTML" if name.endswith(_HTML) else "plain text"


def nearest(name: str, known: list[str]) -> str:
    """The name that was meant, as a question, or what there is."""
    meant = get_close_matches(name, known, n=1, cutoff=0.7)
    return f"did you mean {meant[0]}?" if meant else f"known are {', '.join(known)}"


def line_of(words: str, file: Path) -> int | None:
    """The first line of a file in which `words` stand."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if words in line), None)
