"""The rules that decide over a case, by version.

Owns the dispatch on `PolicySnapshot.rules`: open cases keep the rules they were opened under, since rules called from a workflow are
workflow code. A changed rule for open cases is a new package beside v1 and a new number. Called by workflows.
"""

from types import ModuleType

from policies.rules import v1

_VERSIONS: dict[int, ModuleType] = {1: v1}
KNOWN = tuple(sorted(_VERSIONS))


def rules_for(number: int) -> ModuleType:
    """The rules package of that number; KeyError names the known ones."""
    try:
        return _VERSIONS[number]
    except KeyError:
        raise KeyError(f"rules {number} are not known here; known: {KNOWN}") from None
