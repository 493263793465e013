"""By which rules a worker takes a case's tasks: the id that the engine writes down with each of them.

Owns that id: it changes with what decides in a workflow, and with nothing else of ours. The SDK's own is a hash over the code of every
imported module, read from disk again: a tenth of a second of a worker's start, and another id with each line of an adapter. Called by
worker.py.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from starter.settings import ROOT

# What a replay goes through: our sources (the names and payloads of activities among them), and the packages that run, read and date them.
_RULES = ("policies", "workflows", "activities/contracts")
_PACKAGES = ("temporalio", "pydantic", "tzdata")


@cache
def rules_build() -> str:
    """The release and the first 12 characters of the digest: "0.1.0-5c9f0e2b71aa"."""
    return f"{version('makegood')}-{rules_digest(ROOT, {name: version(name) for name in _PACKAGES})[:12]}"


def rules_digest(root: Path, packages: Mapping[str, str]) -> str:
    """SHA-256, in hex, over the versions of `packages` and the rules' sources below `root`, with their paths."""
    digest = hashlib.sha256(f"{sorted(packages.items())}\n".encode())
    for folder in _RULES:
        for file in sorted((root / folder).rglob("*.py")):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
