"""Where one can go from every page of the console: whoever adds a part of it adds its line here.

Owns the list and its order. Must never show a person what his role may not. Called by console.py.
"""

from dataclasses import dataclass

from starter.web.console.roles import Act, may
from store.people import Person


@dataclass(frozen=True, slots=True)
class Place:
    """`path`: also the beginning of the paths of its pages. `embedded`: only where no message leaves the house."""

    title: str
    path: str
    act: Act
    embedded: bool = False


PLACES: tuple[Place, ...] = (
    Place("Queue", "/console/queue", Act.READ),
    Place("Insight", "/console/insight", Act.READ),
    Place("Outbox", "/console/outbox", Act.OUTBOX, embedded=True),
    Place("Policies", "/console/policies", Act.READ),
    Place("Admin", "/console/admin", Act.PEOPLE),
)
# Within "Admin".
ADMIN_PLACES: tuple[Place, ...] = (
    Place("People", "/console/admin/people", Act.PEOPLE),
    Place("API keys", "/console/admin/keys", Act.KEYS),
    Place("Suppressions", "/console/admin/suppressions", Act.SUPPRESSIONS),
    Place("Audit log", "/console/admin/audit", Act.AUDIT),
)
ACCOUNT = "/console/account"  # one's own; in no list, behind one's name


def places_of(person: Person, *, embedded: bool = False) -> list[Place]:
    return [place for place in PLACES if may(person, place.act) and (embedded or not place.embedded)]


def home_of(person: Person) -> str:
    """Where somebody comes in: the first place."""
    return next((place.path for place in places_of(person)), ACCOUNT)
