"""`makegood policies`: check the books, show them, explain which policy rules a case.

Owns these words. Must never change a case, but for `change`, which asks first. Part of the command line.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from policies.book import CaseTraits, Policy, PolicyBook
from policies.case.vocabulary import CaseKind
from starter.cli.acts import confirmed
from starter.cli.options import ActingRole, As, CaseArgument, InRole, Json, Key, Reason, Yes, actor, answerable
from starter.cli.printing import complain, put_json, remark, say, table, when
from starter.cli.session import failed, open_office, policy_books, run, settings
from starter.desk.case_start import traits_of
from starter.intake.candidates import FileUnusable, Rejected
from starter.intake.formats import STDIN, read_cases
from starter.policy_books import BookError, load_books
from starter.policy_choice import NoPolicy, Verdict, by_id, explain, never_reached
from starter.settings import SettingsError

Files = Annotated[list[Path] | None, typer.Argument(help="Books in order (default: those in force).")]

group = typer.Typer(no_args_is_help=True, help="Policy books: check, show, explain; another policy for a case.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="policies", rich_help_panel="Rules and forms")


@group.command()
def check(files: Files = None, json: Json = False) -> None:
    """Read policy books strictly: every problem with its file and key."""
    books: list[PolicyBook] = []
    problems: list[str] = []
    try:
        paths = files or settings().policy_book_files
        books = load_books(paths)
    except BookError as error:
        problems = error.problems
    except SettingsError as error:
        raise failed(error) from None
    warnings = never_reached(books)
    if json:
        read = [{"book": book.book, "version": book.version, "policies": [policy.id for policy in book.policies]} for book in books]
        put_json({"ok": not problems, "problems": problems, "warnings": warnings, "books": read})
    else:
        for book in books:
            say(f"{book.book} {book.version}: {len(book.policies)} policies, good")
        for warning in warnings:
            remark(f"warning: {warning}")
        for problem in problems:
            complain(problem)
    if problems:
        raise typer.Exit(1)


@group.command()
def show(
    policy: Annotated[str | None, typer.Argument(help="A policy's id; left out: all of them in a table.")] = None, json: Json = False
) -> None:
    """The policies in force, or everything about one."""
    try:
        books = policy_books()
        chosen = [by_id(books, policy)] if policy is not None else [(book, entry) for book in books for entry in book.policies]
    except (BookError, SettingsError, NoPolicy) as error:
        raise failed(error) from None
    if json:
        put_json([{"book": book.book, "version": book.version, "policy": entry} for book, entry in chosen])
    elif policy is not None:
        _show_one(*chosen[0])
    else:
        rows = ((book.book, entry.id, entry.kind.value, _match(entry), _promise(entry), _cadence(entry)) for book, entry in chosen)
        table(("book", "policy", "kind", "for", "promised", "next word every"), rows)


@group.command("explain")
def explain_case(
    case_or_file: Annotated[str, typer.Argument(metavar="CASE|FILE", help='A case, or a request file (CSV, JSON, JSON lines, "-").')],
    json: Json = False,
) -> None:
    """Which policy rules a case and why those before it do not."""
    path = Path(case_or_file)
    if path == STDIN or path.is_file():
        try:
            answers = _explain_file(path)
        except (BookError, SettingsError, FileUnusable) as error:
            raise failed(error) from None
        _tell(answers, json)
        return

    async def work() -> None:
        async with open_office() as office:
            key = await office.desk.resolve_ref(case_or_file)
            snapshot = await office.desk.snapshot(key)
            row = await office.queries.case(key.case_id)
        amounts: dict[str, int] = {}
        for target in snapshot.targets:
            if target.get("currency") and target.get("amount_minor") is not None and not target.get("replaced_by"):
                currency = str(target["currency"])
                amounts[currency] = amounts.get(currency, 0) + int(target["amount_minor"] or 0)
        traits = CaseTraits(
            kind=CaseKind(snapshot.kind),
            merchant=snapshot.merchant,
            segment=row.segment if row else None,
            brand=row.brand if row else None,
            tags=row.tags if row else [],
            amounts_minor=amounts,
        )
        answer = _answer(key.workflow_id, explain(office.policy_books, traits), ruled_by=snapshot.policy or None)
        if any(entry.match.country for book in office.policy_books for entry in book.policies):
            remark("A case does not keep its customer's country: policies that ask for one are judged without it.")
        _tell([answer], json)

    run(work())


@group.command("change")
def change_policy(
    case: CaseArgument,
    policy: Annotated[str | None, typer.Argument(help="A policy's id; left out: the present version of its own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show dates before and after; change nothing.")] = False,
    yes: Yes = False,
    as_: As = None,
    role: InRole = ActingRole.LEAD,
    why: Reason = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Put an open case under another policy of the books."""
    by = actor(as_, role, why) if dry_run else answerable(as_, role, why)
    if not dry_run:
        confirmed(f"Put {case} under {policy or 'the present version of its policy'}?", yes)

    async def work() -> None:
        async with open_office() as office:
            change = await office.desk.change_policy(case, by, policy, dry_run=dry_run, key=key)
        if json:
            put_json(change)
            return
        say(f"{change.case_id}: {change.before} -> {change.after}{'' if change.receipt else ' (dry run, nothing changed)'}")
        table(("clock", "before", "after"), ((clock.clock, when(clock.before), when(clock.after)) for clock in change.clocks))

    run(work())


def _explain_file(path: Path) -> list[dict[str, Any]]:
    books = policy_books()
    answers = []
    for candidate, verdict in read_cases(path):
        if isinstance(verdict, Rejected):
            answers.append({"case": f"line {candidate.line}", "problems": verdict.reasons, "policy_id": None, "policies": []})
        else:
            answers.append(_answer(f"line {candidate.line}: {verdict.kind.value}", explain(books, traits_of(verdict))))
    return answers


def _answer(name: str, verdicts: list[Verdict], ruled_by: str | None = None) -> dict[str, Any]:
    first = next((verdict.policy.id for verdict in verdicts if verdict.rules), None)
    policies = [
        {"book": verdict.book.book, "policy_id": verdict.policy.id, "rules": verdict.rules, "reasons": verdict.reasons}
        for verdict in verdicts
    ]
    return {"case": name, "policy_id": first, "ruled_by": ruled_by, "policies": policies, "problems": []}


def _tell(answers: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        put_json(answers)
    bad = False
    for answer in answers:
        if not as_json:
            _tell_one(answer)
        for problem in answer["problems"]:
            complain(f"{answer['case']}: {problem}")
        if not answer["problems"] and answer["policy_id"] is None:
            complain(f"{answer['case']}: no policy of the books rules it")
        bad = bad or answer["policy_id"] is None
    if bad:
        raise typer.Exit(1)


def _tell_one(answer: dict[str, Any]) -> None:
    if answer["problems"]:
        return
    say(answer["case"])
    if answer.get("ruled_by"):
        say(f"  ruled since its start by {answer['ruled_by']}; the books of today would choose:")
    passed = False
    for verdict in answer["policies"]:
        name = f"{verdict['policy_id']} ({verdict['book']})"
        if verdict["rules"]:
            say(f"  {name}: rules it")
        elif verdict["reasons"]:
            say(f"  {name}: no, {', '.join(verdict['reasons'])}")
        else:
            say(f"  {name}: would match, but {'stands after the one that rules' if passed else 'is not first'}")
        passed = passed or verdict["rules"]


def _match(policy: Policy) -> str:
    wanted = policy.match.model_dump(exclude_none=True)
    return ", ".join(f"{name} {value}" for name, value in wanted.items()) or "all"


def _promise(policy: Policy) -> str:
    return ", ".join(f"{clock.id} {clock.span or clock.due_from}" for clock in policy.clocks if clock.promised)


def _cadence(policy: Policy) -> str:
    return ", ".join(f"{step.every}" + (f" x{step.times}" if step.times else "") for step in policy.cadence.steps)


def _show_one(book: PolicyBook, policy: Policy) -> None:
    say(f"{policy.id}: {policy.kind.value} cases, for {_match(policy)} (book {book.book} {book.version}, rules {book.rules})")
    say(f"  next word every {_cadence(policy)}; after a breach every {policy.cadence.after_breach}; grace {policy.cadence.grace}")
    say(f"  voice messages are spoken by a {policy.voice}; a call that a person is to make is due within {policy.call_within}")
    say(f"  channels {', '.join(policy.channels)}; quiet hours {policy.quiet_from}-{policy.quiet_until}")
    say(f"  calendar {policy.calendar.id} in {policy.calendar.zone}; closed days {policy.holidays or 'none'}")
    say(f"  tail {policy.tail}; money shows within {policy.money_shows}; new date after a breach {policy.new_date_after_breach}")
    gathered = policy.alert_digest
    if gathered is not None and gathered.window.amount:
        say(f"  alerts below level 3: the first {gathered.at_once} to a role within {gathered.window} at once, the others in a digest")
    for clock in policy.clocks:
        law = f", {clock.citation}" if clock.citation else ""
        say(f"  clock {clock.id}: {clock.span or clock.due_from} from {clock.starts} to {' or '.join(clock.ends)}, {clock.basis}{law}")
        for rung in clock.ladder:
            say(f"    {rung.at} tells {rung.to} (level {rung.level}{', with an apology' if rung.apology else ''})")
    for reason in policy.hold_reasons:
        say(f"  hold {reason.code}: waits on {reason.waits_on}" + (f", expires {reason.expires}" if reason.expires else ""))
    say(f"  outcomes {', '.join(outcome.code for outcome in policy.outcomes)}")
    feedback = policy.feedback
    say(f"  feedback asked after {feedback.ask_after}, reminded after {feedback.remind_after}, expires after {feedback.expires_after}")
