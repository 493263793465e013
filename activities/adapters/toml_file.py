"""A TOML file as a checked model, or a message that names the file, the key and what would be right.

Owns reading and the wording of refusals. Must never quote a value: it may be a secret. Called by the adapters' loaders.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policies.contract import Strict

Form = TypeVar("Form", bound=Strict)


def load(path: Path, form: type[Form], refused: type[ValueError], prepare: Callable[[dict[str, Any]], None] | None = None) -> Form:
    """Read `path` as `form`; `prepare` may change the content before it is checked. Raises `refused`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refused(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise refused(f"{path}: no valid TOML ({error})") from None
    try:
        if prepare is not None:
            prepare(content)
        return form.model_validate(content)
    except ValidationError as error:
        raise refused("\n".join(f"{path}: {line}" for line in refusals(error))) from None
    except ValueError as error:
        raise refused(f"{path}: {error}") from None


def refusals(error: ValidationError) -> list[str]:
    """One line per problem: the key and what is wrong, without the value."""
    lines = []
    for detail in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in detail["loc"])
        unknown = detail["type"] == "extra_forbidden"
        what = "this key is not known" if unknown else detail["msg"].removeprefix("Value error, ")
        lines.append(f"{where}: {what}" if where else what)
    return lines
