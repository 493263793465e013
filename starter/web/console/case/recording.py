"""Acts that record what happened elsewhere: a fact, another payment, feedback by phone.

Owns the reading of these forms. Must never decide what is allowed: the case says whether. Listed by deeds.py.
"""

from starter.web.console.case.fields import code, moment, score
from starter.web.console.case.wishes import Asked, Wish


async def fact(asked: Asked) -> Wish | None:
    form = asked.form
    name = form.get("name").strip().lower().replace(" ", "_")
    at = moment(form, "occurred_at")
    if not name:
        form.refuse("name", "Name what happened, for example goods_received.")
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.report_fact(key, by, name, occurred_at=at, key=once), (name, at), noted={"name": code(name)}
    )


async def replaced(asked: Asked) -> Wish | None:
    form = asked.form
    provider, _, old = form.get("old").partition("|")
    new = form.text("new", most=120, needed="Name the reference of the refund that was issued instead.")
    if not old:
        form.refuse("old", "Choose the payment that was replaced.")
    if form.errors or new is None:
        return None
    return Wish(
        lambda desk, key, by, once: desk.report_fact(
            key, by, "payment_replaced", old_reference=old, new_reference=new, provider=provider or None, key=once
        ),
        (provider, old, new),
        noted={"name": "payment_replaced"},
    )


async def feedback(asked: Asked) -> Wish | None:
    form = asked.form
    csat, nps, comment = score(form, "csat", 1, 5), score(form, "nps", 0, 10), form.text("comment", most=2000)
    if csat is None and nps is None and not form.errors:
        form.refuse("csat", "Give at least one of the two scores.")
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.feedback(key, by, csat=csat, nps=nps, comment=comment, key=once),
        (csat, nps, comment),
        noted={"csat": csat, "nps": nps},
    )
