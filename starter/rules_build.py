"""By which rules a worker takes a case's tasks: the id that the engine writes down with each of them.

Owns that id. The SDK's own is a hash over the code of every imported module, read from disk again: a tenth of a second of a worker's start,
and another id with each release of any library. Called by worker.py.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from starter.settings import ROOT

_RULES = ("policies", "workflows")  # what a replay goes through; anything else may change under a sleeping case


@cache
def rules_build() -> str:
    """The release and the first 12 characters of the digest: "0.1.0-5c9f0e2b71aa"."""
    return f"{version('makegood')}-{rules_digest(ROOT)[:12]}"


def rules_digest(root: Path) -> str:
    """SHA-256, in hex, over the sources of `policies` and `workflows` below `root`, with their paths."""
    digest = hashlib.sha256()
    for folder in _RULES:
        for file in sorted((root / folder).rglob("*.py")):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
