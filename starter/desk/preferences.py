"""How a customer wants to be written to, and where: changed while the case runs, in force from the next message on.

Owns the split of such a change: addresses to the store, the rest to the workflow. Must never let an address into a command. Part of
the desk.
"""

from typing import Self

from pydantic import Field, field_validator, model_validator

from policies.case.commands import ChangePreferences, Receipt
from policies.case.facts import Actor
from policies.case.request import Email, Locale, Phone, Preferences
from policies.case.start import Reachability
from policies.case.vocabulary import CaseStatus, Channel, MessageClass
from policies.contract import Strict
from policies.time.spans import Span
from policies.time.zones import all_zones
from starter.desk.acting import Acting
from starter.desk.case_start import with_addresses
from starter.desk.errors import DeskError, Refused
from starter.desk.keys import CaseKey
from starter.desk.normal_form import contact_ref, normal_email, possible_phone
from store.contacts import Contact
from workflows.names import PREFERENCES

_CONTACT = ("name", "email", "phone", "locale", "zone")


class PreferenceChanges(Strict):
    """What is given is changed, what is left out stays; an explicit null takes an address, a wish or quiet hours away."""

    channels: list[Channel] = Field(default_factory=list)
    cadence: Span | None = None
    opted_out: list[MessageClass] = Field(default_factory=list)
    quiet_from: str | None = None
    quiet_until: str | None = None
    quiet_email: bool = False
    name: str | None = Field(default=None, max_length=200)
    email: Email | None = None
    phone: Phone | None = None
    locale: Locale = "en"
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in all_zones():
            raise ValueError("is no IANA time zone; right would be for example Europe/Berlin")
        return value

    @model_validator(mode="after")
    def _as_in_a_request(self) -> Self:
        given = self.model_dump(include=set(Preferences.model_fields) & self.model_fields_set)
        Preferences.model_validate(given)  # the same rules: mandatory messages stay, quiet hours have two ends
        if self.email is not None and normal_email(self.email) is None:
            raise ValueError("email: nothing can be delivered there; right would be an address such as name@example.com")
        if self.phone is not None and not possible_phone(self.phone):
            raise ValueError("phone: no such number can exist; right would be E.164, for example +4930123456")
        return self


class Preferring(Acting):
    async def change_preferences(self, case: CaseKey | str, by: Actor, changes: PreferenceChanges, *, key: str | None = None) -> Receipt:
        """Raises Refused (also when no channel would be left), CaseNotFound, Unanswered, EngineUnavailable, StoreUnavailable.

        New addresses are written beside the old ones, under a reference of their own, and the case takes that reference with its answer.
        So what it accepts is in the store already, and what it refuses was never in force; a repetition writes the same row.
        """
        if not changes.model_fields_set:
            raise Refused("nothing is to be changed; name channels, opted_out, quiet hours, an address ...")
        found = await self._key(case)
        snapshot = await self.snapshot(found)
        if snapshot.status is CaseStatus.CLOSED:
            raise Refused("the case was closed; open a new case that links to it")
        before, ref = snapshot.reach, snapshot.contact_ref
        if before is None or ref is None:
            raise DeskError(f"{found.case_id} does not tell how its customer is reached; is its worker older than this program?")
        contact = await self._queries.contact(ref)
        changed = _changed(contact, changes)
        command = ChangePreferences(by=by, reach=_reach(before, changes, changed), before=before, contact_before=ref)
        if changed is not None and changed != contact:
            command.replaced = _replaced(contact, changed)
            command.contact_ref = contact_ref(found.case_id, {"from": ref, "to": changed.model_dump(mode="json")}, self._identity)
            await self._desk_books.save_contact(command.contact_ref, found.case_id, snapshot.merchant, changed, self._clock())
        return await self._act(found, PREFERENCES, command, key)


def _replaced(before: Contact | None, after: Contact) -> list[Channel]:
    """Which addresses are others than before; one that came in addition counts: messages may go there from now on."""
    if before is None:
        return []
    named = ((Channel.EMAIL, "email"), (Channel.SMS, "phone"))
    return [channel for channel, name in named if getattr(before, name) != getattr(after, name)]


def _changed(contact: Contact | None, changes: PreferenceChanges) -> Contact | None:
    """The contact data after the change; None if there are none, being erased."""
    given = {name: getattr(changes, name) for name in _CONTACT if name in changes.model_fields_set}
    if contact is None:
        if given:
            raise Refused("the customer's contact data was erased; nobody can be written to")
        return None
    if given.get("email"):
        given["email"] = normal_email(given["email"])
    return Contact.model_validate({**contact.model_dump(), **given})


def _reach(before: Reachability, changes: PreferenceChanges, contact: Contact | None) -> Reachability:
    given = changes.model_fields_set
    updates = {name: getattr(changes, name) for name in Reachability.model_fields if name in given and name != "channels"}
    has = _addresses(before, contact)
    wished = changes.channels if "channels" in given else before.channels
    missing = [channel.value for channel in wished if channel not in with_addresses(wished, **has)]
    if missing and "channels" in given:
        raise Refused(f"channels: there is no address for {', '.join(missing)}; give the address too")
    channels = with_addresses(wished, **has) or with_addresses([Channel.EMAIL, Channel.SMS], **has)
    if not channels:
        raise Refused("no address would be left; give an e-mail address or a phone number")
    return before.model_copy(update={**updates, "channels": channels})


def _addresses(before: Reachability, contact: Contact | None) -> dict[str, bool]:
    """Which kinds of address there are."""
    if contact is not None:
        return {"email": contact.email is not None, "phone": contact.phone is not None}
    return {"email": Channel.EMAIL in before.channels, "phone": any(channel is not Channel.EMAIL for channel in before.channels)}
