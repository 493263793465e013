"""Who stands behind a role: the directory of people as a TOML file.

Owns that file's form and the rule that an alert always reaches somebody. Must never hold customers. Built by worker.py,
called by the alert activity through DirectoryPort.
"""

import logging
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from activities.adapters.toml_file import load
from policies.contract import Code, Strict

logger = logging.getLogger(__name__)

Person = Annotated[str, StringConstraints(min_length=1, max_length=254)]
OWNER = "owner"


class DirectoryFileInvalid(ValueError):
    """directory.toml cannot be used; the message names the file, the key and what would be right."""


class Directory(Strict):
    """Roles and their people. `fallback` is told when a role is empty or unknown, or a case has no owner."""

    fallback: list[Person] = Field(min_length=1)
    roles: dict[Code, list[Person]] = Field(default_factory=dict)
    owners: dict[str, Person] = Field(default_factory=dict)  # a case's owner -> how to reach her, if the name is not enough


class DirectoryAdapter:
    """DirectoryPort over a loaded directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._told: set[str] = set()

    def people(self, role: str, owner: str | None) -> list[str]:
        """The people of a role; `owner` stands for the case's owner. Never empty."""
        if role == OWNER:
            return [self._directory.owners.get(owner, owner)] if owner else list(self._directory.fallback)
        found = self._directory.roles.get(role)
        if not found:
            if role not in self._told:
                self._told.add(role)
                logger.warning("role without people, the fallback is told: role=%s", role)
            return list(self._directory.fallback)
        return list(found)


def load_directory(path: Path) -> DirectoryAdapter:
    """Read directory.toml. Raises DirectoryFileInvalid."""
    return DirectoryAdapter(load(path, Directory, DirectoryFileInvalid))
