"""The settings of the page: from a form to what the desk is asked to change.

Owns which fields there are, what is right in them and in which words it is told. Must never decide what a policy allows beyond what it
offers, and never put an address into an error. Called by the portal's routes.
"""

from pydantic import ValidationError

from policies.case.start import Reachability
from policies.case.vocabulary import Channel, MessageClass
from policies.time.spans import Span
from policies.time.zones import all_zones
from starter.desk import PreferenceChanges
from starter.web.as_typed import dialled, time_of_day
from starter.web.languages import language_of
from starter.web.portal.forms import Filled
from starter.web.portal.saying import WORDS
from store.portal_views import LinkHolder

USUAL = "usual"  # the policy's own cadence
_OLD_ZONES = ("Etc/", "SystemV/", "US/")
_FIELDS = {"email": "wrong.email", "phone": "wrong.phone", "zone": "wrong.zone", "locale": "wrong.locale", "cadence": "wrong.cadence"}


def usable_channels(holder: LinkHolder, reach: Reachability, allowed: list[Channel]) -> list[Channel]:
    """Those with an address that the policy uses; the customer's own order first."""
    has = {Channel.EMAIL: holder.email, Channel.SMS: holder.phone, Channel.VOICE: holder.phone}
    offered = [*reach.channels, *(channel for channel in Channel if channel in allowed and channel not in reach.channels)]
    return [channel for channel in offered if has[channel]]


def zones() -> list[str]:
    """Places people know; the database's own abbreviations and old names stay out."""
    return [*sorted(zone for zone in all_zones() if "/" in zone and not zone.startswith(_OLD_ZONES)), "UTC"]


def changes_of(form: Filled, holder: LinkHolder, usable: list[Channel], offered: list[Span]) -> PreferenceChanges | None:
    """What is to be changed by the part of the page that was sent; None if something is wrong (then `form.wrong` tells what)."""
    part = form.get("part")
    given: dict[str, object] = {}
    match part:
        case "channel":
            given = _channel(form, usable)
        case "updates":
            given = _updates(form, offered)
        case "quiet":
            given = _quiet(form)
        case "contact":
            given = _contact(form, holder)
        case "language":
            given = _language(form, holder)
        case _:
            form.refuse("part", "wrong.refused")
    if form.wrong:
        return None
    try:
        return PreferenceChanges.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(detail["loc"][0]) if detail["loc"] else detail["msg"].removeprefix("Value error, ").partition(":")[0]
            form.refuse(name, _FIELDS.get(name, "wrong.refused"))
        return None


def _channel(form: Filled, usable: list[Channel]) -> dict[str, object]:
    first = next((channel for channel in usable if channel.value == form.get("channel")), None)
    if first is None:
        form.refuse("channel", "wrong.channel")
        return {}
    others = [channel for channel in usable if channel is not first] if form.has("others") else []
    return {"channels": [first, *others]}


def _updates(form: Filled, offered: list[Span]) -> dict[str, object]:
    wished = {MessageClass.STATUS: form.has("status"), MessageClass.SURVEY: form.has("survey")}
    given: dict[str, object] = {"opted_out": [class_ for class_, wanted in wished.items() if not wanted]}
    chosen = form.get("cadence")
    if chosen == USUAL:
        given["cadence"] = None
    elif chosen in {str(span) for span in offered}:
        given["cadence"] = chosen
    elif chosen:
        form.refuse("cadence", "wrong.cadence")
    return given


def _quiet(form: Filled) -> dict[str, object]:
    times: dict[str, str | None] = {}
    for name in ("quiet_from", "quiet_until"):
        text = form.get(name).strip()
        times[name] = time_of_day(text)
        if text and times[name] is None:
            form.refuse(name, "wrong.quiet.time")
    if not form.wrong and (times["quiet_from"] is None) != (times["quiet_until"] is None):
        form.refuse("quiet_from" if times["quiet_from"] is None else "quiet_until", "wrong.quiet.both")
    if not form.wrong and times["quiet_from"] is not None and times["quiet_from"] == times["quiet_until"]:
        form.refuse("quiet_until", "wrong.quiet.same")
    return {**times, "quiet_email": form.has("quiet_email")}


def _contact(form: Filled, holder: LinkHolder) -> dict[str, object]:
    typed = {"email": form.get("email").strip(), "phone": dialled(form.get("phone").strip())}
    gone = {name: form.has(f"no_{name}") for name in typed}
    given: dict[str, object] = {}
    for name, text in typed.items():
        if text and gone[name]:
            form.refuse(name, "wrong.contact.both")
        elif text:
            given[name] = text
        elif gone[name] and getattr(holder, name):
            given[name] = None
    if not given and not form.wrong:
        form.refuse("email", "wrong.contact.none")
    left = {name: given[name] if name in given else getattr(holder, name) for name in typed}
    if not form.wrong and not any(left.values()):
        form.refuse(next(name for name in given), "wrong.contact.last")
    return given


def _language(form: Filled, holder: LinkHolder) -> dict[str, object]:
    locale, zone = form.get("locale"), form.get("zone")
    if locale not in (*WORDS, holder.locale):
        form.refuse("locale", "wrong.locale")
    if zone not in all_zones():
        form.refuse("zone", "wrong.zone")
    same = language_of(holder.locale) == locale  # "de" is no other wish than the de-AT that is there
    return {"locale": holder.locale if same else locale, "zone": zone}
