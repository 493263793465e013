"""How a customer wants to be written to, and where: changed while the case runs, in force from the next message on.

Owns the split of such a change: addresses to the store, the rest to the workflow. Must never let an address into a command. Part of
the desk.
"""

from typing import Self
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from policies.case.commands import ChangePreferences, Receipt
from policies.case.facts import Actor
from policies.case.request import Email, Locale, Phone, Preferences
from policies.case.start import Reachability
from policies.case.vocabulary import CaseStatus, Channel, MessageClass
from policies.contract import Strict
from policies.time.spans import Span
from starter.desk.acting import Acting
from starter.desk.case_start import with_addresses
from starter.desk.errors import DeskError, Refused
from starter.desk.keys import CaseKey
from starter.desk.normal_form import normal_email, possible_phone
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
        if value not in available_timezones():
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
        """Raises Refused (also when no channel would be left), CaseNotFound, Unanswered, EngineUnavailable."""
        if not changes.model_fields_set:
            raise Refused("nothing is to be changed; name channels, opted_out, quiet hours, an address ...")
        found = await self._key(case)
        snapshot = await self.snapshot(found)
        if snapshot.status is CaseStatus.CLOSED:
            raise Refused("the case was closed; open a new case that links to it")
        if snapshot.reach is None:
            raise DeskError(f"{found.case_id} does not tell how its customer is reached; is its worker older than this program?")
        view = await self._queries.case(found.case_id)
        if view is None:
            raise DeskError(f"the books do not know {found.case_id} yet; try again in a moment")
        reach = await self._reach(snapshot.reach, changes, view.contact_ref)
        contact = {name: getattr(changes, name) for name in _CONTACT if name in changes.model_fields_set}
        if contact.get("email"):
            contact["email"] = normal_email(contact["email"])
        if contact and not await self._desk_books.update_contact(view.contact_ref, contact, self._clock()):
            raise Refused("the customer's contact data was erased; nobody can be written to")
        return await self._act(found, PREFERENCES, ChangePreferences(by=by, reach=reach, before=snapshot.reach), key)

    async def _reach(self, before: Reachability, changes: PreferenceChanges, contact_ref: str) -> Reachability:
        given = changes.model_fields_set
        updates = {name: getattr(changes, name) for name in Reachability.model_fields if name in given and name != "channels"}
        has = await self._addresses(before, changes, contact_ref)
        wished = changes.channels if "channels" in given else before.channels
        missing = [channel.value for channel in wished if channel not in with_addresses(wished, **has)]
        if missing and "channels" in given:
            raise Refused(f"channels: there is no address for {', '.join(missing)}; give the address too")
        channels = with_addresses(wished, **has) or with_addresses([Channel.EMAIL, Channel.SMS], **has)
        if not channels:
            raise Refused("no address would be left; give an e-mail address or a phone number")
        return before.model_copy(update={**updates, "channels": channels})

    async def _addresses(self, before: Reachability, changes: PreferenceChanges, contact_ref: str) -> dict[str, bool]:
        """Which kinds of address there are after the change."""
        contact = await self._read_contact(contact_ref) if self._read_contact is not None else None
        email = contact.email is not None if contact else Channel.EMAIL in before.channels
        phone = contact.phone is not None if contact else any(channel is not Channel.EMAIL for channel in before.channels)
        given = changes.model_fields_set
        return {
            "email": changes.email is not None if "email" in given else email,
            "phone": changes.phone is not None if "phone" in given else phone,
        }
