"""Secrets, read from the environment or from a file that it names (NAME or NAME_FILE): never from a configuration file.

Owns the two ways and their errors, which name the variable and never its value. Called by the loaders of channels.toml.
"""

import re
from collections.abc import Mapping
from pathlib import Path

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class SecretMissing(ValueError):
    """A secret is not there; the message names the variable and what would be right."""


def secret(name: str, environment: Mapping[str, str]) -> str:
    """The value of `name`, or the content of the file that `name`_FILE points to (container secrets). Raises SecretMissing."""
    if not _NAME.match(name):
        raise SecretMissing("a secret is named by an environment variable: letters, digits and underscores")
    value, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if value and file:
        raise SecretMissing(f"{name} and {name}_FILE are both set; right would be one of them")
    if file:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SecretMissing(f"{name}_FILE: the file cannot be read") from None
        if not value:
            raise SecretMissing(f"{name}_FILE: the file is empty")
    if not value:
        raise SecretMissing(f"the environment variable {name} is not set (nor {name}_FILE)")
    if not value.isprintable() or not value.isascii():
        raise SecretMissing(f"{name}: a secret is one line of printable ASCII")
    return value


def filled(text: str, environment: Mapping[str, str]) -> str:
    """`text` with every ${NAME} replaced by that secret. Raises SecretMissing."""
    return _VARIABLE.sub(lambda match: secret(match[1], environment), text)
