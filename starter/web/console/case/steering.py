"""Acts that steer a case on its way: hold, resume, escalate, extend, reassign.

Owns the reading of these forms. Must never decide what is allowed: the case says whether. Listed by deeds.py.
"""

from policies.case import commands as c
from starter.owners import not_an_owner, owners_of
from starter.web.console.case.fields import code, moment
from starter.web.console.case.wishes import Asked, Wish
from workflows import names


async def hold(asked: Asked) -> Wish | None:
    form = asked.form
    reason, until = form.get("reason").strip(), moment(form, "until")
    if not reason:
        form.refuse("reason", "Choose what the case waits for.")
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.hold(key, by, reason, until=until, key=once),
        (reason, until),
        (names.HOLD, lambda by: c.HoldCase(by=by, reason=reason, until=until)),
        noted={"reason": code(reason)},
    )


async def resume(asked: Asked) -> Wish | None:
    del asked
    return Wish(lambda desk, key, by, once: desk.resume(key, by, key=once), (), (names.RESUME, lambda by: c.Resume(by=by)))


async def escalate(asked: Asked) -> Wish | None:
    text = asked.form.get("level")
    level = int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else None
    return Wish(lambda desk, key, by, once: desk.escalate(key, by, level=level, key=once), (level,), noted={"level": level})


async def extend(asked: Asked) -> Wish | None:
    until = moment(asked.form, "until")
    if until is None:
        asked.form.refuse("until", "Name the new date of resolution; the customer is told it.")
        return None
    return Wish(
        lambda desk, key, by, once: desk.extend(key, by, until, key=once),
        (until,),
        (names.EXTEND, lambda by: c.Extend(by=by, until=until)),
        noted={"until": until.isoformat()},
    )


async def reassign(asked: Asked) -> Wish | None:
    owner = asked.form.text("owner", most=60, needed="Name who takes the case.")
    if owner is None or asked.form.errors:
        return None
    if "@" in owner:
        asked.form.refuse("owner", "Right would be a name as it stands on timelines, never an address.")
        return None
    parts = asked.console.parts
    wrong = not_an_owner(owner, await owners_of(asked.case.snapshot.merchant, parts.backends.store(), parts.settings))
    if wrong is not None:
        asked.form.refuse("owner", f"This {wrong}.")
        return None
    return Wish(lambda desk, key, by, once: desk.reassign(key, by, owner, key=once), (owner,))
