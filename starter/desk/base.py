"""What every part of the desk has: the engine, the books, the policy books, a clock; and how a case is found.

Owns the lookup of a case by whatever a person has in hand. Extended by opening, reading and acting.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from temporalio.client import Client

from policies.book import PolicyBook
from policies.case.case_id import parse_workflow_id
from policies.case.vocabulary import CaseKind
from starter.desk.engine import Engine
from starter.desk.errors import AmbiguousCase, CaseNotFound
from starter.desk.identity import Identity
from starter.desk.keys import CaseKey
from store.desk_books import DeskBooks
from store.queries import Queries


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DeskBase:
    def __init__(
        self,
        client: Client,
        desk_books: DeskBooks,
        queries: Queries,
        books: Sequence[PolicyBook],
        identity: Identity,
        *,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._engine = Engine(client)
        self._desk_books = desk_books
        self._queries = queries
        self._books = list(books)
        self._identity = identity
        self._clock = clock

    async def resolve_ref(self, text: str) -> CaseKey:
        """The case that a person means: by case or workflow id, business reference, order, or how its id begins.

        Raises CaseNotFound, AmbiguousCase. A case that is minutes old may not be in the books yet; the engine knows it by its id.
        """
        # A personal reference is in the books as its hash only.
        found = await self._queries.find(text) or await self._queries.find(self._identity.public_reference(text.strip()))
        if len(found) == 1:
            return CaseKey(found[0].case_id, found[0].kind)
        if found:
            raise AmbiguousCase(text, [view.case_id for view in found])
        for key in _possible_keys(text.strip().lower()):
            if await self._engine.describe(key) is not None:
                return key
        raise CaseNotFound.by(text)

    async def _key(self, case: CaseKey | str) -> CaseKey:
        return case if isinstance(case, CaseKey) else await self.resolve_ref(case)


def _possible_keys(text: str) -> list[CaseKey]:
    if not text:
        return []
    try:
        kind, case_id = parse_workflow_id(text)
        return [CaseKey(case_id, kind)]
    except ValueError:
        return [CaseKey(text, kind) for kind in CaseKind]
