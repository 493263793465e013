"""How the customer is reached: channel, frequency, quiet hours, language, new addresses.

Owns the reading of this form: only what differs from what the case has is a change. Must never put an address into an error. Listed by
deeds.py.
"""

from typing import Any

from pydantic import ValidationError

from policies.case.vocabulary import Channel, MessageClass
from policies.time.spans import Span
from starter.desk import PreferenceChanges
from starter.web.as_typed import dialled, time_of_day
from starter.web.console.case.language_choice import language_choices
from starter.web.console.case.wishes import Asked, Wish
from starter.web.console.forms import Form

KEEP = "keep"  # a choice that changes nothing
USUAL = "usual"  # the policy's own cadence

_WRONG = {
    "email": "Nothing can be delivered there. Right would be an address such as name@example.com.",
    "phone": "No such number can exist. Right would be a number with its country, for example +4930123456.",
    "zone": "Right would be a zone such as Europe/Berlin.",
    "locale": "Right would be a language, optionally with a country: en or de-AT.",
    "cadence": "Right would be a span such as 48h.",
    "quiet_until": "Right would be two different times of day.",
}


async def preferences(asked: Asked) -> Wish | None:
    form, reach = asked.form, asked.case.snapshot.reach
    if reach is None:
        form.refuse("form", "The case does not tell how its customer is reached. Try again when its worker answers.")
        return None
    given: dict[str, Any] = {}
    first = form.get("channel")
    if first and first != (reach.channels[0].value if reach.channels else ""):
        chosen = next((channel for channel in Channel if channel.value == first), None)
        if chosen is None:
            form.refuse("channel", "Choose one of the list.")
        else:
            given["channels"] = [chosen, *(channel for channel in reach.channels if channel is not chosen)]
    wanted = form.all("wants")
    out = [class_ for class_ in (MessageClass.STATUS, MessageClass.SURVEY) if class_.value not in wanted]
    if set(out) != set(reach.opted_out):
        given["opted_out"] = out
    _cadence(form, reach.cadence, given)
    _quiet(form, reach.quiet_from, reach.quiet_until, reach.quiet_email, given)
    _language(form, reach.locale, given)
    if form.get("zone").strip() and form.get("zone").strip() != reach.zone:
        given["zone"] = form.get("zone").strip()
    for name in ("email", "phone"):
        text = form.get(name).strip()
        if text:
            given[name] = dialled(text) if name == "phone" else text
    if not given and not form.errors:
        form.refuse("form", "Nothing was changed.")
    if form.errors:
        return None
    changes = _checked(form, given)
    if changes is None:
        return None
    return Wish(
        lambda desk, key, by, once: desk.change_preferences(key, by, changes, key=once),
        (changes.model_dump_json(exclude_unset=True),),
        noted={"fields": ",".join(sorted(changes.model_fields_set))},
    )


def _language(form: Form, present: str, given: dict[str, Any]) -> None:
    locale = form.get("locale").strip()
    if locale and locale not in dict(language_choices(present)):
        form.refuse("locale", "Choose one of the list: there are texts in these languages.")
    elif locale and locale != present:
        given["locale"] = locale


def _cadence(form: Form, wished: Span | None, given: dict[str, Any]) -> None:
    text = form.get("cadence")
    present = str(wished) if wished is not None else USUAL
    if text and text not in (KEEP, present):
        given["cadence"] = None if text == USUAL else text


def _quiet(form: Form, begin: str | None, end: str | None, email: bool, given: dict[str, Any]) -> None:
    times: dict[str, str | None] = {}
    for name in ("quiet_from", "quiet_until"):
        text = form.get(name).strip()
        times[name] = time_of_day(text)
        if text and times[name] is None:
            form.refuse(name, "Right would be a time of day, for example 21:00.")
    if (times["quiet_from"] is None) != (times["quiet_until"] is None):
        form.refuse("quiet_from" if times["quiet_from"] is None else "quiet_until", "Give both ends of the quiet hours, or none.")
    if (times["quiet_from"], times["quiet_until"]) != (begin, end):
        given.update(times)
    if bool(form.get("quiet_email")) != email:
        given["quiet_email"] = bool(form.get("quiet_email"))


def _checked(form: Form, given: dict[str, Any]) -> PreferenceChanges | None:
    try:
        return PreferenceChanges.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(detail["loc"][0]) if detail["loc"] else detail["msg"].removeprefix("Value error, ").partition(":")[0]
            form.refuse(name if name in _WRONG else "form", _WRONG.get(name, "This cannot be taken as it stands."))
        return None
