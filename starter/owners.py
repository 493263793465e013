"""Who may be given a case: names behind which an alert reaches somebody.

Owns that question for the console, the API and the command line: active people of the console who may act and see the merchant, and the
owners of the directory file that the worker resolves alerts with. Must never read addresses out of that file, and never decide for a case:
a program past these three may name anybody.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from starter.settings import ROOT, Settings
from store.engine import Store
from store.people import People, Person, PersonRole

_MOST_NAMED = 12  # in a sentence


async def owners_of(merchant: str, store: Store, settings: Settings) -> list[str]:
    """By name. Raises StoreUnavailable."""
    people = [person.name for person in await People(store).all() if _acts(person) and person.sees(merchant)]
    return sorted({*people, *_in_directory(settings.directory_file or ROOT / "examples" / "directory.toml")})


def not_an_owner(owner: str, known: Sequence[str]) -> str | None:
    """Why an alert to this name would reach nobody, and who is known; None if it would, or if nobody is known at all."""
    if not known or owner in known:
        return None
    more = " ..." if len(known) > _MOST_NAMED else ""
    return (
        "is nobody who would be told; right would be a person of the console who may act and see the case, or one of [owners] in "
        f"MAKEGOOD_DIRECTORY_FILE: {', '.join(known[:_MOST_NAMED])}{more}"
    )


def _acts(person: Person) -> bool:
    return person.disabled_at is None and person.role is not PersonRole.VIEWER


def _in_directory(file: Path) -> set[str]:
    """The worker refuses a file that is wrong; here it names nobody."""
    try:
        owners = tomllib.loads(file.read_text(encoding="utf-8")).get("owners")
    except (OSError, ValueError):
        return set()
    return {str(name) for name in owners} if isinstance(owners, dict) else set()
