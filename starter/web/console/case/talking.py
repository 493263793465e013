"""Acts that are words: a reply, a note, a call, what the customer said.

Owns the reading of these forms. Must never decide what is allowed: the case says whether. Listed by deeds.py.
"""

from policies.case import commands as c
from starter.web.console.case.fields import moment
from starter.web.console.case.wishes import Asked, Wish
from workflows import names


async def reply(asked: Asked) -> Wish | None:
    text = asked.form.text("text", needed="Write what the customer should read.")
    if text is None or asked.form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.reply(key, by, text, key=once),
        (text,),
        (names.REPLY, lambda by: c.Reply(by=by, text_ref="t-preview")),
        texts=[text],
    )


async def note(asked: Asked) -> Wish | None:
    text = asked.form.text("text", needed="Write what should be noted.")
    if text is None or asked.form.errors:
        return None
    return Wish(lambda desk, key, by, once: desk.note(key, by, text, key=once), (text,))


async def phone(asked: Asked) -> Wish | None:
    form = asked.form
    text, promised = form.text("text"), moment(form, "promised_at")
    reached = form.get("reached") != "no"
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.phone_contact(key, by, text=text, reached=reached, promised_at=promised, key=once),
        (text, reached, promised),
        noted={"reached": reached, "promised": promised is not None},
    )


async def customer_said(asked: Asked) -> Wish | None:
    form = asked.form
    text = form.text("text")
    not_solved, supplied = bool(form.get("not_solved")), bool(form.get("supplied"))
    if text is None and not (not_solved or supplied):
        form.refuse("text", "Write what the customer said, or tick what it means.")
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.customer_reply(key, by, text, not_solved=not_solved, supplied=supplied, key=once),
        (text, not_solved, supplied),
        noted={"not_solved": not_solved, "supplied": supplied},
    )
