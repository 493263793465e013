"""What validation found wrong, in lines a person can act on: "where: what is wrong; what would be right".

Owns the wording of pydantic's errors at the border. Must never repeat a value unless the caller says it holds nothing personal
(policy books do not, requests do). Called by the loader of policy books, the file readers and the desk.
"""

import difflib
import re
import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_TIME = "right would be an ISO 8601 time with its offset, for example 2026-03-02T10:00:00+01:00"
_BY_TYPE = {
    "missing": "is missing",
    "timezone_aware": f"has no offset; {_TIME}",
    "datetime_from_date_parsing": f"is no time; {_TIME}",
    "datetime_parsing": f"is no time; {_TIME}",
    "datetime_type": f"is no time; {_TIME}",
    "datetime_object_invalid": f"is no time; {_TIME}",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "int_type": "is no whole number",
    "bool_parsing": "is neither true nor false",
    "string_type": "must be text",
    "list_type": "is no list",
    "dict_type": "is no table of names and values",
    "model_type": "is no table of names and values",
    "string_too_short": "is empty",
}
# What a number or a length is compared with -> the words, with pydantic's name for the bound.
_BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "is too long; at most {max_length} characters",
    "too_long": "has too many entries; at most {max_length}",
}
_BY_NAME = {
    "amount_minor": "right would be minor units, for example 4990 for 49.90",
    "phone": "right would be E.164, for example +4930123456",
    "email": "right would be an address such as name@example.com",
    "locale": "right would be a language, optionally with a country: en or de-DE",
    "country": "right would be two capital letters, for example DE",
    "reason": "right would be lower case, digits and underscores, for example item_returned",
    "provider": "right would be lower case, for example stripe",
    "carrier": "right would be lower case, for example dhl",
    "method": "right would be lower case, for example card",
    "segment": "right would be lower case, for example vip",
    "tags": "right would be lower case words, for example gift",
    "owner": "right would be lower case, for example anna.b",
}
_QUOTED = re.compile(r'"[^"]*"')


Place = tuple[int | str, ...]


def lines(error: ValidationError, model: type[BaseModel], *, values: bool) -> list[str]:
    """One line per problem. `values`: whether what was given may be repeated."""
    return [f"{place(loc)}: {words}" for loc, words in problems(error, model, values=values)]


def problems(error: ValidationError, model: type[BaseModel], *, values: bool) -> list[tuple[Place, str]]:
    """Every problem with its place."""
    # "[key]" is pydantic's mark for a table's key that is wrong itself.
    return [
        (tuple(part for part in detail["loc"] if part != "[key]"), _words(detail, model, values))
        for detail in error.errors(include_url=False)
    ]


def told(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """One problem in words, never with a value. `model`: what its place is looked up in; BaseModel where none is known."""
    return _words(detail, model, values=False)


def place(loc: Place) -> str:
    """("policies", 1, "cadence") as policies[1].cadence; the whole as "case"."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "case"


def nearest(name: str, known: typing.Iterable[str]) -> str:
    """The name that was meant, as a question, or what there is."""
    names = list(known)
    meant = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {meant[0]}?" if meant else f"known are {', '.join(names)}"


def _words(detail: ErrorDetails, model: type[BaseModel], values: bool) -> str:
    kind, loc = detail["type"], detail["loc"]
    name = str(next((part for part in reversed(loc) if isinstance(part, str)), ""))
    if kind == "extra_forbidden":
        holder = _model_at(model, loc[:-1])
        return f"is unknown; {nearest(str(loc[-1]), holder.model_fields)}" if holder else "is unknown"
    if kind in ("enum", "literal_error"):
        return f"right would be {detail.get('ctx', {}).get('expected', 'another word')}"
    if kind == "value_error":
        return _said(detail, values)
    if detail.get("input", "") is None and kind.endswith("_type"):
        return "is missing"  # a null where something is needed
    if kind == "too_short":
        return "is empty; at least one entry is needed"
    words = _BY_TYPE.get(kind, "has not the right form" if kind == "string_pattern_mismatch" else detail["msg"])
    if kind in _BOUNDS:
        words = _BOUNDS[kind].format_map(detail.get("ctx", {}))
    right = _BY_NAME.get(name, "")
    if kind == "string_pattern_mismatch" and not right:
        right = f"right would match {detail.get('ctx', {}).get('pattern', '')}"
    return f"{words}; {right}" if right and kind not in ("missing", "extra_forbidden") else words


def _said(detail: ErrorDetails, values: bool) -> str:
    """The words of our own validators, without the value where it may be personal."""
    words = detail["msg"].removeprefix("Value error, ")
    if values:
        return words
    given = detail.get("input")
    if isinstance(given, str):
        words = words.replace(f'"{given}"', "the value")
    return _QUOTED.sub("the value", words)  # a part of it: long ones are told shortened


def _model_at(model: type[BaseModel], loc: Place) -> type[BaseModel] | None:
    """The model that stands at this place of `model`."""
    here: Any = model
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            here = next(iter(typing.get_args(here)[-1:]), None)
        here = _without_none(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next((part for part in typing.get_args(annotation) if part is not type(None)), None)
    if typing.get_origin(annotation) is typing.Annotated:
        return typing.get_args(annotation)[0]
    return annotation
