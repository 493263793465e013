"""Opening a case: the same case is one workflow, however often and by how many it is opened.

Owns the order of things: sameness from the books (the engine forgets closed cases after its retention), contact data to the store,
then the start, which is the commit point. Must never overwrite contact data of another request. Part of the desk.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from policies.case.request import CaseRequest
from policies.contract import Contract
from starter.closed_days import snapshot_for
from starter.desk.base import DeskBase
from starter.desk.case_start import build_start, contact_of, traits_of
from starter.desk.errors import IdentityKeyChanged
from starter.desk.keys import CaseKey
from starter.desk.normal_form import UnusableRequest, contact_ref, differing, digests_of, normalised
from starter.policy_choice import NoPolicy, chosen
from store.references import CaseReference


class Opened(Contract):
    """The answer to every caller. `policy_id` is the policy that the books choose for such a case (None if none does any more)."""

    case_id: str
    workflow_id: str
    result: Literal["created", "same", "different"]
    differing: list[str] = Field(default_factory=list)  # fields of the request that say something else than the known case
    policy_id: str | None = None


class Opening(DeskBase):
    _key_checked = False  # once for each desk: a key does not change under a running process

    async def open(self, request: CaseRequest, now: datetime | None = None) -> Opened:
        """Open the case, or say that it is known.

        Raises UnusableRequest, NoPolicy, IdentityKeyChanged, EngineUnavailable, StoreUnavailable.
        """
        at = now or self._clock()
        request = normalised(request)
        await self.check_identity_key()
        key = CaseKey(self._identity.case_id(request.merchant, request.kind, request.reference), request.kind)
        digests = digests_of(request, self._identity)
        known = await self._desk_books.intake_digests(key.case_id)
        if known:
            return self._told(key, request, known, digests)
        if (ahead := request.lies_ahead(at)) is not None:
            raise UnusableRequest([ahead])
        policy = snapshot_for(self._books, traits_of(request), request.opened_at or at)
        ref = contact_ref(key.case_id, digests, self._identity)
        start = build_start(request, self._identity, case_id=key.case_id, contact_ref=ref, digests=digests, policy=policy)
        matters = [CaseReference(type=target.type, provider=target.provider, reference=target.reference) for target in start.targets]
        await self._desk_books.save_contact(ref, key.case_id, request.merchant, contact_of(request), at, matters)
        if await self._engine.start(start, key, at):
            return Opened(case_id=key.case_id, workflow_id=key.workflow_id, result="created", policy_id=policy.policy.id)
        return self._told(key, request, await self._engine.digests(key), digests)

    async def check_identity_key(self) -> None:
        """Raises IdentityKeyChanged if the books' cases are another key's: its digests and ids would not be recognised."""
        if self._key_checked:
            return
        strangers = self._identity.strangers(await self._queries.identity_keys())
        if strangers:
            raise IdentityKeyChanged(strangers, self._identity.fingerprint)
        self._key_checked = True

    def _told(self, key: CaseKey, request: CaseRequest, known: dict[str, str], given: dict[str, str]) -> Opened:
        fields = differing(known, given)
        try:
            policy_id = None if fields else chosen(self._books, traits_of(request))[1].id
        except NoPolicy:
            policy_id = None
        return Opened(
            case_id=key.case_id,
            workflow_id=key.workflow_id,
            result="different" if fields else "same",
            differing=fields,
            policy_id=policy_id,
        )
