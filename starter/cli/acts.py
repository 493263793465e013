"""What a support lead does to a case: one command each, answered or refused at once.

Owns the words of these commands. Must never decide what is allowed: the case does. Part of the command line.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from policies.case.commands import Receipt
from policies.money import Money, check_currency
from starter.cli.options import ActingRole, As, CaseArgument, InRole, Json, Key, Reason, Why, Yes, actor, answerable
from starter.cli.printing import parsed_moment, put_json, remark, say, what_is_next, when
from starter.cli.second_look import at_fact, at_owner, at_role
from starter.cli.session import Office, open_office, run
from starter.desk import Desk, Refused

# Fields that a refusal may name -> how they are given here.
_AMOUNT = "--amount MINOR:CURRENCY, for example --amount 500:EUR"
_OPTIONS = {
    "amounts": _AMOUNT,
    "amounts.amount_minor": _AMOUNT,
    "to": "--to",
    "supplied": "--supplied",
    "by.role": "--role",
    "by.why": "--why",
    "by.who": "--as",
    "promised_at": "--promised",
    "occurred_at": "--at",
}
Text = Annotated[str | None, typer.Argument(help='The text; "-" reads standard input.')]
TextFile = Annotated[Path | None, typer.Option("--file", help="Take the text from a file.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    for command in (resolve, hold, resume, escalate, extend, reassign, reply, note, phone, fact, link, merge, withdraw):
        app.command()(command)


def done(act: Callable[[Desk], Awaitable[Receipt]], as_json: bool, look: Callable[[Office], Awaitable[str | None]] | None = None) -> None:
    """Do one act through the desk and tell the receipt. `look`: a second look before it; refuses, or gives a remark for afterwards."""

    async def work() -> None:
        async with open_office() as office:
            try:
                odd = await look(office) if look is not None else None
                receipt = await act(office.desk)
            except Refused as refused:
                option = _OPTIONS.get(refused.reason.partition(":")[0].partition(" ")[0])
                if option is None:
                    raise
                raise Refused(f"{refused.reason} (here: {option})") from None
        if as_json:
            put_json(receipt)
        else:
            tell(receipt)
        if odd is not None:
            remark(odd)

    run(work())


def tell(receipt: Receipt) -> None:
    """Where the case stands after the act, and what comes next."""
    following = what_is_next(receipt.next_what, receipt.next_at)
    status = receipt.status.value.replace("_", " ")
    say(f"{receipt.case_id}: done (fact {receipt.seq}), {status}" + (f"; next: {following}" if following else ""))


def text_of(text: str | None, file: Path | None) -> str:
    """The text from the argument, a file or standard input. Raises a usage error if there is none or two."""
    if text is not None and file is not None:
        raise typer.BadParameter("give the text or --file, not both")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise typer.BadParameter(f"--file: {file.name} is not UTF-8") from None
    if text == "-":
        return sys.stdin.read()
    if text is None:
        raise typer.BadParameter('the text is missing; give it, --file, or "-" for standard input')
    return text


def confirmed(question: str, yes: bool) -> None:
    """Ask in a terminal; without one only --yes goes on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("this is no terminal to ask in; add --yes")
    if not typer.confirm(question):
        raise typer.Exit(1)


def _money(text: str) -> Money:
    amount, _, currency = text.replace(" ", ":").partition(":")
    try:
        return Money(amount_minor=int(amount), currency=check_currency(currency.upper()))
    except ValueError:
        raise typer.BadParameter(f"--amount {text}: right would be minor units and currency, for example 4990:EUR") from None


def resolve(
    case: CaseArgument,
    outcome: Annotated[str, typer.Argument(help="An outcome code of the case's policy.")],
    amount: Annotated[list[str] | None, typer.Option(help="What the customer gets: minor units and currency, 4990:EUR.")] = None,
    reference: Annotated[list[str] | None, typer.Option(help="Reference of the payment, voucher ...")] = None,
    evidence: Annotated[list[str] | None, typer.Option(help="Address of evidence with its hash: https://...#sha256=...")] = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Resolve a case: the customer is told exactly this."""
    amounts = [_money(text) for text in amount or []]
    by = answerable(as_, role, why)
    done(lambda desk: desk.resolve(case, by, outcome, amounts=amounts, references=reference or [], evidence=evidence or [], key=key), json)


def hold(
    case: CaseArgument,
    reason: Annotated[str, typer.Argument(help="A hold reason of the case's policy.")],
    until: Annotated[str | None, typer.Option(help="ISO time with offset at which the hold ends by itself.")] = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Put a case on hold: internal clocks stop, the customer is kept informed."""
    ends = parsed_moment(until, "--until") if until else None
    by = answerable(as_, role, why)

    async def work() -> None:
        async with open_office() as office:
            receipt = await office.desk.hold(case, by, reason, until=ends, key=key)
            held = ((await office.desk.snapshot(case)).hold if ends is not None else None) or {}
        if json:
            put_json(receipt)
        else:
            tell(receipt)
        until = str(held["until"]) if held.get("until") else None
        if ends is not None and until is not None and datetime.fromisoformat(until) < ends:
            remark(f"The policy lets a hold for {reason} last no longer than {when(until)}: it ends then.")

    run(work())


def resume(
    case: CaseArgument, as_: As = None, role: InRole = ActingRole.LEAD, why: Why = None, key: Key = None, json: Json = False
) -> None:
    """End a hold: what was left of the clocks is left still."""
    by = actor(as_, role, why)
    done(lambda desk: desk.resume(case, by, key=key), json)


def escalate(
    case: CaseArgument,
    level: Annotated[int | None, typer.Option(help="1 to 9; left out: one level up.")] = None,
    to: Annotated[str | None, typer.Option(help="Role to tell; left out: what the ladder says.")] = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell the next level of the ladder now."""
    by = answerable(as_, role, why)

    async def look(office: Office) -> None:
        if to is not None:
            await at_role(office, case, to)

    done(lambda desk: desk.escalate(case, by, level=level, to=to, key=key), json, look)


def extend(
    case: CaseArgument,
    until: Annotated[str, typer.Argument(help="The new date of resolution: ISO time with offset.")],
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Give the customer a later date of resolution; no later than the law allows."""
    date = parsed_moment(until, "UNTIL")
    by = answerable(as_, role, why)
    done(lambda desk: desk.extend(case, by, date, key=key), json)


def reassign(
    case: CaseArgument,
    owner: Annotated[str, typer.Argument(help="Who takes the case: a person of the console, or one of the directory's owners.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Take a name that nobody is known by.")] = False,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Give a case to another owner."""
    by = answerable(as_, role, why)

    async def look(office: Office) -> None:
        if not anyway and key is None:  # the same command again has its answer already
            await at_owner(office, case, owner)

    done(lambda desk: desk.reassign(case, by, owner, key=key), json, look)


def reply(
    case: CaseArgument,
    text: Text = None,
    file: TextFile = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Answer the customer on the case's channel; the answer names the next word."""
    body = text_of(text, file)
    by = actor(as_, role, why)
    done(lambda desk: desk.reply(case, by, body, key=key), json)


def note(
    case: CaseArgument,
    text: Text = None,
    file: TextFile = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Keep an internal note; the customer never sees it."""
    body = text_of(text, file)
    by = actor(as_, role, why)
    done(lambda desk: desk.note(case, by, body, key=key), json)


def phone(
    case: CaseArgument,
    text: Annotated[str | None, typer.Argument(help='What was said; "-" reads standard input.')] = None,
    reached: Annotated[bool, typer.Option("--reached/--not-reached", help="Whether the customer was reached.")] = True,
    promised: Annotated[str | None, typer.Option(help="The next word promised on the phone: ISO time with offset.")] = None,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Record a call with the customer and the promise given in it."""
    promised_at = parsed_moment(promised, "--promised") if promised else None
    body = text_of(text, None) if text is not None else None
    by = actor(as_, role, why)
    done(lambda desk: desk.phone_contact(case, by, text=body, reached=reached, promised_at=promised_at, key=key), json)


def fact(
    case: CaseArgument,
    name: Annotated[str, typer.Argument(help="goods_received, evidence_submitted, customer_supplied, payment_replaced ...")],
    at: Annotated[str | None, typer.Option(help="When it happened: ISO time with offset; left out: now.")] = None,
    old_reference: Annotated[str | None, typer.Option(help="payment_replaced: the refund that was issued again ...")] = None,
    new_reference: Annotated[str | None, typer.Option(help="... and the one that takes its place.")] = None,
    provider: Annotated[str | None, typer.Option(help="Where both stand, if two providers gave the same reference.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Keep a name that looks misspelt.")] = False,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Report that something has happened; clocks that wait for it start or end."""
    moment = parsed_moment(at, "--at") if at else None
    by = actor(as_, role, why)

    async def look(office: Office) -> str | None:
        # The same command again has its answer already, and what it was about may be over.
        return None if anyway or key is not None else await at_fact(office, case, name)

    done(
        lambda desk: desk.report_fact(
            case, by, name, occurred_at=moment, old_reference=old_reference, new_reference=new_reference, provider=provider, key=key
        ),
        json,
        look,
    )


def link(
    case: CaseArgument,
    other: Annotated[str, typer.Argument(help="The other case.")],
    relation: Annotated[str, typer.Option(help="sibling, converted_to ...")] = "sibling",
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Why = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Link another case."""
    by = actor(as_, role, why)
    done(lambda desk: desk.link(case, by, other, relation=relation, key=key), json)


def merge(
    case: CaseArgument,
    into: Annotated[str, typer.Option(help="The case that stays; it takes over the strictest date.")],
    yes: Yes = False,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """End a case in favour of another of the same customer."""
    by = answerable(as_, role, why)
    confirmed(f"End {case} in favour of {into}?", yes)
    done(lambda desk: desk.merge(case, by, into, key=key), json)


def withdraw(
    case: CaseArgument,
    yes: Yes = False,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """The matter is withdrawn: the customer is told and the case closes."""
    by = answerable(as_, role, why)
    confirmed(f"Withdraw {case}? The case closes without a result.", yes)
    done(lambda desk: desk.withdraw(case, by, key=key), json)
