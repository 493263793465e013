"""By which rules a worker takes a case's tasks: the id that the engine writes down with each of them.

Owns that id. The SDK's own is a hash over the code of every imported module, read from disk again at each start: a sixth of a restart, and
another one with each new minor release of any library. Called by worker.py.
"""

import hashlib
from functools import cache
from importlib.metadata import version

from starter.settings import ROOT

_RULES = ("policies", "workflows")  # what a replay goes through; anything else may change under a sleeping case


@cache
def rules_build() -> str:
    """The release and the first 12 characters of a hash over the sources of `policies` and `workflows`: "0.1.0-5c9f0e2b71aa"."""
    digest = hashlib.sha256()
    for folder in _RULES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return f"{version('makegood')}-{digest.hexdigest()[:12]}"
