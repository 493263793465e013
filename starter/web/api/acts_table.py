"""The bodies of the acts as a table of Markdown, for docs/api.md.

Owns the words of that section, taken from the forms themselves. Must never say what a form does not. Called by a test, which compares the
document with it and writes it on demand.
"""

from typing import Any

from starter.web.api.acts import BODIES, scope_of
from starter.web.api.bodies import ActBody

BEGIN = "<!-- acts: made by `python -m tests.starter.web.api.test_acts_table --write` -->"
END = "<!-- /acts -->"


def section() -> str:
    """The table with its two marks."""
    lines = [BEGIN, "| act | scope | field | form | |", "|---|---|---|---|---|"]
    for name, form in BODIES.items():
        rows = _fields(form) or [("–", "no field but `by`", "")]
        for number, (field, shape, about) in enumerate(rows):
            act, scope = (f"`{name}`", scope_of(name).value) if number == 0 else ("", "")
            lines.append(f"| {act} | {scope} | {field} | {shape} | {about} |")
    return "\n".join([*lines, END])


def _fields(form: type[ActBody]) -> list[tuple[str, str, str]]:
    schema = form.model_json_schema()
    needed = set(schema.get("required", ()))
    defined = schema.get("$defs", {})
    found = []
    for name, told in schema["properties"].items():
        if name == "by":
            continue
        must = " (needed)" if name in needed else ""
        found.append((f"`{name}`{must}", _shape(told, defined), told.get("description", "")))
    return found


def _shape(told: dict[str, Any], defined: dict[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "$ref" in told:
        told = defined[told["$ref"].rpartition("/")[2]]
    if "anyOf" in told:
        return _shape(next(each for each in told["anyOf"] if each.get("type") != "null"), defined)
    match told.get("type"):
        case "array":
            return f"list of at most {told['maxItems']}: {_shape(told['items'], defined)}"
        case "object":
            return "{" + ", ".join(f"`{name}`: {_shape(each, defined)}" for name, each in told["properties"].items()) + "}"
        case "integer":
            low, high = told.get("minimum", told.get("exclusiveMinimum")), told.get("maximum")
            return f"integer, {low} to {high}" if high is not None and high < 1000 else "integer"
        case "boolean":
            return "true or false"
    if told.get("format") == "date-time":
        return "time with its offset (ISO 8601)"
    if told.get("pattern") in (r"^[a-z][a-z0-9_]{0,39}$", r"^[a-z][a-z0-9_-]{0,39}$"):
        return "code: lower case, digits, underscores"
    most = told.get("maxLength")
    return f"text, at most {most} characters" if most else "text"
