"""Every act on a case: what its form asks for, when it makes sense, and what the desk is asked to do.

Owns the list and the reading of its forms. Must never decide what is allowed: roles.py says who, the case says whether, and its words stand
at the form. Called by act_pages.py.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from policies.book import Policy
from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.vocabulary import CaseStatus, Channel, MessageClass
from policies.money import Money, exponent
from policies.time.spans import Span
from starter.desk import CaseKey, Desk, PreferenceChanges, Refused
from starter.web.as_typed import dialled, time_of_day
from starter.web.console.case.gathering import CaseSeen, seen
from starter.web.console.case.parts import money, parts_of
from starter.web.console.case.said_of_facts import plainly
from starter.web.console.console import Console
from starter.web.console.forms import Form
from starter.web.console.roles import Act
from starter.web.console.visit import Visit
from starter.web.problems import Problem
from workflows import names

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?\Z")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_MOST_LINES = 20
KEEP = "keep"  # a choice that changes nothing
USUAL = "usual"  # the policy's own cadence
OPEN = (CaseStatus.OPEN, CaseStatus.WAITING_ON_CUSTOMER, CaseStatus.ON_HOLD)


@dataclass(frozen=True, slots=True)
class Asked:
    """One form that was sent, and the case it is about."""

    console: Console
    visit: Visit
    case: CaseSeen
    policy: Policy | None

    @property
    def form(self) -> Form:
        return self.visit.form


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, once it is clear. `content`: what makes it another act than the same form with other words."""

    do: Callable[[Desk, CaseKey, Actor, str | None], Awaitable[object]]
    content: tuple[object, ...]
    command: tuple[str, Callable[[Actor], c.Command]] | None = None  # of which a letter can be foreseen
    texts: list[str] = field(default_factory=list)
    noted: dict[str, str | int | bool | None] = field(default_factory=dict)  # codes for the audit log
    record: list[tuple[str, str]] = field(default_factory=list)  # what stands in the record, for the second step
    other: CaseSeen | None = None


Read = Callable[[Asked], Awaitable[Wish | None]]


@dataclass(frozen=True, slots=True)
class Deed:
    """`ends`: it cannot be taken back, and is asked a second time. `why`: needed, optional or none."""

    slug: str
    title: str
    button: str
    act: Act
    read: Read
    group: str
    hint: str = ""
    why: str = "optional"
    ends: bool = False
    previews: bool = False
    impossible: Callable[[CaseSeen], str | None] = lambda case: "The case is closed." if case.closed else None


# -- fields ---------------------------------------------------------------------------------------------------------------------------


def moment(form: Form, name: str) -> datetime | None:
    """UTC, as the field says; or with an offset, for who pastes one."""
    text = form.get(name).strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        if _LOCAL.match(text):
            return at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    form.refuse(name, "Right would be a date and a time in UTC, for example 2026-03-20T17:00.")
    return None


def code(text: str) -> str | None:
    """For the audit log, which takes codes only; anything else that was typed is the case's to refuse."""
    return text if _CODE.match(text) else None


def amounts(form: Form, currencies: Sequence[str]) -> list[Money]:
    """One field for each currency, in its own units: 49.90"""
    found = []
    for currency in currencies:
        name = f"amount_{currency}"
        text = form.get(name).strip().replace(" ", "")
        if not text:
            continue
        digits = exponent(currency)
        text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
        try:
            minor = Decimal(text).scaleb(digits)
        except InvalidOperation:
            minor = Decimal("-1")
        if not minor.is_finite() or minor <= 0 or minor != minor.to_integral_value() or minor > 10**12:
            example = f"49.{'9' * digits}" if digits else "4990"
            form.refuse(name, f"Right would be an amount in {currency} with at most {digits} decimals, for example {example}.")
            continue
        found.append(Money(amount_minor=int(minor), currency=currency))
    return found


def lines(form: Form, name: str) -> list[str]:
    found = [line.strip() for line in form.get(name).splitlines() if line.strip()]
    if len(found) > _MOST_LINES:
        form.refuse(name, f"Right would be at most {_MOST_LINES} lines.")
    return found


def currencies_of(case: CaseSeen) -> list[str]:
    """Those that the case's payments are in."""
    return list(dict.fromkeys(part.currency for part in parts_of(case) if part.currency))


# -- the forms ------------------------------------------------------------------------------------------------------------------------


async def _reply(asked: Asked) -> Wish | None:
    text = asked.form.text("text", needed="Write what the customer should read.")
    if text is None or asked.form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.reply(key, by, text, key=once),
        (text,),
        (names.REPLY, lambda by: c.Reply(by=by, text_ref="t-preview")),
        texts=[text],
    )


async def _note(asked: Asked) -> Wish | None:
    text = asked.form.text("text", needed="Write what should be noted.")
    if text is None or asked.form.errors:
        return None
    return Wish(lambda desk, key, by, once: desk.note(key, by, text, key=once), (text,))


async def _hold(asked: Asked) -> Wish | None:
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


async def _resume(asked: Asked) -> Wish | None:
    del asked
    return Wish(lambda desk, key, by, once: desk.resume(key, by, key=once), (), (names.RESUME, lambda by: c.Resume(by=by)))


async def _escalate(asked: Asked) -> Wish | None:
    text = asked.form.get("level")
    level = int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else None
    return Wish(lambda desk, key, by, once: desk.escalate(key, by, level=level, key=once), (level,), noted={"level": level})


async def _extend(asked: Asked) -> Wish | None:
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


async def _reassign(asked: Asked) -> Wish | None:
    owner = asked.form.text("owner", most=60, needed="Name who takes the case.")
    if owner is None or asked.form.errors:
        return None
    if "@" in owner:
        asked.form.refuse("owner", "Right would be a name as it stands on timelines, never an address.")
        return None
    return Wish(lambda desk, key, by, once: desk.reassign(key, by, owner, key=once), (owner,))


async def _phone(asked: Asked) -> Wish | None:
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


async def _customer_said(asked: Asked) -> Wish | None:
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


async def _feedback(asked: Asked) -> Wish | None:
    form = asked.form
    csat, nps, comment = _score(form, "csat", 1, 5), _score(form, "nps", 0, 10), form.text("comment", most=2000)
    if csat is None and nps is None and not form.errors:
        form.refuse("csat", "Give at least one of the two scores.")
    if form.errors:
        return None
    return Wish(
        lambda desk, key, by, once: desk.feedback(key, by, csat=csat, nps=nps, comment=comment, key=once),
        (csat, nps, comment),
        noted={"csat": csat, "nps": nps},
    )


def _score(form: Form, name: str, lowest: int, highest: int) -> int | None:
    text = form.get(name).strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 2 and lowest <= int(text) <= highest:
        return int(text)
    form.refuse(name, f"Right would be {lowest} to {highest}.")
    return None


async def _fact(asked: Asked) -> Wish | None:
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


async def _replaced(asked: Asked) -> Wish | None:
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


async def _other_case(asked: Asked) -> CaseSeen | None:
    """A case that exists for this person, too."""
    form = asked.form
    other = form.get("other").strip().lower()
    if not other:
        form.refuse("other", "Name the other case by its id.")
        return None
    if other == asked.case.case_id:
        form.refuse("other", "Name another case: this is the one at hand.")
        return None
    try:
        return await seen(asked.console, asked.visit, other)
    except Problem as problem:
        if problem.code != "not_found":
            raise
        form.refuse("other", "No such case is known. Give its whole id, as it stands on its page.")
        return None


async def _link(asked: Asked) -> Wish | None:
    other = await _other_case(asked)
    if other is None:
        return None
    other_key = other.key
    return Wish(lambda desk, key, by, once: desk.link(key, by, other_key, key=once), (other_key.case_id,), noted={"other": other.case_id})


async def _merge(asked: Asked) -> Wish | None:
    other = await _other_case(asked)
    if other is None:
        return None
    into = other.key

    async def do(desk: Desk, key: CaseKey, by: Actor, once: str | None) -> object:
        try:
            return await desk.merge(key, by, into, key=once)
        except Refused:
            # The same form sent twice: it is done already, which is no refusal.
            resolution = (await desk.snapshot(key)).resolution or {}
            if resolution.get("outcome") == "merged" and into.case_id in str(resolution.get("references")):
                return None
            raise

    return Wish(
        do,
        (into.case_id,),
        (names.MERGE, lambda by: c.Merge(by=by, into=into.case_id)),
        noted={"into": into.case_id},
        record=[("This case ends", asked.case.case_id), ("It goes on as", into.case_id)],
        other=other,
    )


async def _withdraw(asked: Asked) -> Wish | None:
    return Wish(
        lambda desk, key, by, once: desk.withdraw(key, by, key=once),
        (),
        (names.WITHDRAW, lambda by: c.Withdraw(by=by)),
        record=[("This case ends", f"{asked.case.case_id}, withdrawn")],
    )


async def _resolve(asked: Asked) -> Wish | None:
    form = asked.form
    outcome = form.get("outcome").strip()
    if not outcome:
        form.refuse("outcome", "Choose how the case ends.")
    paid = amounts(form, currencies_of(asked.case))
    references, evidence = lines(form, "references"), lines(form, "evidence")
    if form.errors:
        return None
    definition = asked.policy.outcome(outcome) if asked.policy is not None else None
    record = [("Outcome", f"{plainly(outcome)} (“{definition.public['en']}”)" if definition is not None else plainly(outcome))]
    record.append(("Amounts", ", ".join(money(one.amount_minor, one.currency) for one in paid) or "as the payments stand"))
    if references:
        record.append(("References", ", ".join(references)))
    if evidence:
        record.append(("Evidence", ", ".join(evidence)))
    return Wish(
        lambda desk, key, by, once: desk.resolve(key, by, outcome, amounts=paid, references=references, evidence=evidence, key=once),
        (outcome, *((one.amount_minor, one.currency) for one in paid), *references, "|", *evidence),
        (names.RESOLVE, lambda by: c.Resolve(by=by, outcome=outcome, amounts=paid, references=references, evidence=evidence)),
        noted={"outcome": code(outcome)},
        record=record,
    )


async def _preferences(asked: Asked) -> Wish | None:
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
    if form.get("locale").strip() and form.get("locale").strip() != reach.locale:
        given["locale"] = form.get("locale").strip()
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


_WRONG = {
    "email": "Nothing can be delivered there. Right would be an address such as name@example.com.",
    "phone": "No such number can exist. Right would be a number with its country, for example +4930123456.",
    "zone": "Right would be a zone such as Europe/Berlin.",
    "locale": "Right would be a language, optionally with a country: en or de-AT.",
    "cadence": "Right would be a span such as 48h.",
    "quiet_until": "Right would be two different times of day.",
}


def _checked(form: Form, given: dict[str, Any]) -> PreferenceChanges | None:
    try:
        return PreferenceChanges.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(detail["loc"][0]) if detail["loc"] else detail["msg"].removeprefix("Value error, ").partition(":")[0]
            form.refuse(name if name in _WRONG else "form", _WRONG.get(name, "This cannot be taken as it stands."))
        return None


# -- when they make sense -------------------------------------------------------------------------------------------------------------


def _while_open(case: CaseSeen) -> str | None:
    if case.status in OPEN:
        return None
    return "The case is closed." if case.closed else "The case is resolved. If it is not solved, enter what the customer said."


def _not_held(case: CaseSeen) -> str | None:
    if case.snapshot.hold:
        return f"The case is on hold already: {plainly(case.snapshot.hold.get('reason'))}."
    return _while_open(case)


def _held(case: CaseSeen) -> str | None:
    return None if case.snapshot.hold else "The case is not on hold."


def _to_be_rated(case: CaseSeen) -> str | None:
    feedback = case.snapshot.feedback or {}
    if case.closed or case.status is not CaseStatus.RESOLVED:
        return "The case is closed." if case.closed else "There is no resolution to rate yet."
    if feedback.get("ended") in ("expired", "withdrawn", "skipped"):
        return f"The feedback request is no longer open ({feedback['ended']})."
    return None if feedback.get("asked_at") else "Feedback has not been asked for yet."


def _reachable(case: CaseSeen) -> str | None:
    if case.closed:
        return "The case is closed."
    return None if case.snapshot.reach is not None else "The case does not answer now; its wishes are known to it alone."


def _with_payments(case: CaseSeen) -> str | None:
    if case.closed:
        return "The case is closed."
    return None if any(not part.replaced_by for part in parts_of(case)) else "The case has no payment."


DEEDS: tuple[Deed, ...] = (
    Deed(
        "reply",
        "Reply to the customer",
        "Send reply",
        Act.REPLY,
        _reply,
        "talk",
        "On the customer's channel, in the shop's name; it names the next word.",
        previews=True,
        why="none",
    ),
    Deed(
        "phone",
        "Phone contact",
        "Record the call",
        Act.PHONE,
        _phone,
        "talk",
        "What was said, and the next word that was promised.",
        why="none",
    ),
    Deed("note", "Internal note", "Keep note", Act.NOTE, _note, "talk", "The customer never sees it.", why="none"),
    Deed(
        "said",
        "What the customer said",
        "Enter",
        Act.CUSTOMER_REPLY,
        _customer_said,
        "talk",
        "On the phone, in a shop, by another mailbox. A person must answer it.",
        why="none",
    ),
    Deed(
        "hold",
        "Put on hold",
        "Put on hold",
        Act.HOLD,
        _hold,
        "steer",
        "Internal clocks stop; the customer is kept informed.",
        why="needed",
        previews=True,
        impossible=_not_held,
    ),
    Deed(
        "resume",
        "End the hold",
        "End the hold",
        Act.RESUME,
        _resume,
        "steer",
        "What was left of the clocks is left still.",
        impossible=_held,
    ),
    Deed("escalate", "Escalate", "Escalate", Act.ESCALATE, _escalate, "steer", "Tell the next level of the ladder now.", why="needed"),
    Deed("reassign", "Give to another owner", "Reassign", Act.REASSIGN, _reassign, "steer", why="needed"),
    Deed(
        "extend",
        "Give a later date",
        "Give the later date",
        Act.EXTEND,
        _extend,
        "steer",
        "The customer is told. No later than the law allows.",
        why="needed",
        previews=True,
        impossible=_while_open,
    ),
    Deed("fact", "Report a fact", "Report", Act.FACT, _fact, "record", "Goods received, evidence sent: it starts and ends clocks."),
    Deed(
        "replaced",
        "Payment replaced",
        "Record",
        Act.FACT,
        _replaced,
        "record",
        "A refund that was issued again under another reference.",
        impossible=_with_payments,
    ),
    Deed(
        "preferences",
        "How to reach the customer",
        "Change",
        Act.PREFERENCES,
        _preferences,
        "record",
        "Channel, frequency, quiet hours, language, new addresses.",
        impossible=_reachable,
    ),
    Deed("feedback", "Feedback by phone", "Enter feedback", Act.FEEDBACK, _feedback, "record", impossible=_to_be_rated),
    Deed("link", "Link a case", "Link", Act.LINK, _link, "record"),
    Deed(
        "resolve",
        "Resolve",
        "Resolve and tell the customer",
        Act.RESOLVE,
        _resolve,
        "end",
        "The customer is told exactly this record.",
        why="needed",
        ends=True,
        previews=True,
        impossible=_while_open,
    ),
    Deed(
        "merge",
        "Merge into another case",
        "Merge",
        Act.MERGE,
        _merge,
        "end",
        "This case ends; the strictest date goes with it.",
        why="needed",
        ends=True,
        previews=True,
        impossible=_while_open,
    ),
    Deed(
        "withdraw",
        "Withdraw",
        "Withdraw and tell the customer",
        Act.WITHDRAW,
        _withdraw,
        "end",
        "The matter is void, for example opened by mistake.",
        why="needed",
        ends=True,
        previews=True,
        impossible=_while_open,
    ),
)
GROUPS = {"talk": "Talk", "steer": "Steer", "record": "Record", "end": "End"}
