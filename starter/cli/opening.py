"""`makegood open`: cases from a file or standard input.

Owns the counting, the rejects file and the progress bar. Must never print a value of the file: line and field only. Part of the command
line.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from policies.book import PolicyBook
from policies.case.case_id import looks_personal, workflow_id
from policies.case.request import CaseRequest
from policies.case.vocabulary import Origin
from starter.cli.options import Json
from starter.cli.printing import complain, errors, put_json, remark, say, table
from starter.cli.session import failed, open_books, open_office, policy_books, run, settings
from starter.connection import EngineUnavailable
from starter.desk import Desk, DeskError, Identity, IdentityKeyChanged, Opened, UnusableRequest
from starter.desk.case_start import traits_of
from starter.desk.identity import FINGERPRINT
from starter.desk.normal_form import differing as differing_fields
from starter.desk.normal_form import digests_of
from starter.identity_key import known_identity_key
from starter.intake.candidates import Candidate, Rejected
from starter.intake.formats import Format, read_cases
from starter.intake.rejects import rejects_path, write_rejects
from starter.policy_choice import NoPolicy, chosen
from store.desk_books import DeskBooks
from store.engine import StoreError

_AT_ONCE = 16  # keeps the engine busy without a queue of calls that run into their time limits
_SHOWN = 20  # reasons on the terminal; the rejects file has all

Entry = tuple[Candidate, CaseRequest]


def register(app: typer.Typer) -> None:
    app.command("open")(open_cases)


def open_cases(
    file: Annotated[Path, typer.Argument(help='CSV, JSON or JSON lines; "-" reads standard input.')],
    format: Annotated[Format | None, typer.Option(help="Format, if the name does not say it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Validate and say which policy would rule; open nothing.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go (default: NAME.rejects.jsonl beside the file).")] = None,
    json: Json = False,
) -> None:
    """Open the cases of a file. A second run opens nothing twice."""
    run(_open(file, format, dry_run, rejects, json))


async def _open(file: Path, format: Format | None, dry_run: bool, rejects: Path | None, as_json: bool) -> int:
    found = read_cases(file, format)
    good = [(candidate, verdict) for candidate, verdict in found if not isinstance(verdict, Rejected)]
    bad = [verdict for _, verdict in found if isinstance(verdict, Rejected)]
    if dry_run:
        return await _dry_run(policy_books(), good, bad, as_json)
    good = [(candidate, _brought_here(request)) for candidate, request in good]
    answers, refused, failure = await _open_all(good)
    bad = sorted([*bad, *refused], key=lambda entry: entry.candidate.line)
    where = rejects or rejects_path(file)
    if bad:
        write_rejects(where, bad)
    _tell(file, answers, bad, where, as_json)
    if failure is not None:
        remark(f"{len(good) - len(answers) - len(refused)} cases were not tried; run it again, nothing is opened twice")
        raise failed(failure)
    return 1 if bad else 0


async def _open_all(good: Sequence[Entry]) -> tuple[list[tuple[Candidate, Opened]], list[Rejected], Exception | None]:
    """The answers, what the desk refused, and what ended the run early."""
    answers: list[tuple[Candidate, Opened]] = []
    refused: list[Rejected] = []
    failures: list[Exception] = []
    if not good:
        return answers, refused, None
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(desk: Desk, candidate: Candidate, request: CaseRequest, step: Callable[[], None]) -> None:
        async with gate:
            if failures:
                return
            try:
                opened = await desk.open(request)
            except (UnusableRequest, NoPolicy) as error:
                refused.append(Rejected(candidate, [str(error)]))
            except (EngineUnavailable, StoreError, DeskError) as error:
                failures.append(error)
            else:
                if opened.result == "different":
                    refused.append(Rejected(candidate, [f"case: {opened.workflow_id} is known {_otherwise(opened.differing)}"]))
                else:
                    answers.append((candidate, opened))
            step()

    async with open_office() as office:
        with _progress(len(good)) as (bar, task):
            await asyncio.gather(*(one(office.desk, candidate, request, lambda: bar.advance(task)) for candidate, request in good))
    return sorted(answers, key=lambda entry: entry[0].line), refused, failures[0] if failures else None


def _brought_here(request: CaseRequest) -> CaseRequest:
    """Who brought the case: the command line, unless the file says otherwise."""
    return request if "origin" in request.model_fields_set else request.model_copy(update={"origin": Origin.CLI})


def _otherwise(differing: Sequence[str]) -> str:
    if FINGERPRINT in differing:
        return "from the time of another identity key; whether it says the same cannot be told"
    return f"with other content; different: {', '.join(differing)}"


class _progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int) -> None:
        shown = errors()
        columns = (TextColumn("opening"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True)
        self._task = self._bar.add_task("open", total=total)

    def __enter__(self) -> tuple[Progress, Any]:
        self._bar.start()
        return self._bar, self._task

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


async def _dry_run(books: Sequence[PolicyBook], good: Sequence[Entry], bad: list[Rejected], as_json: bool) -> int:
    rows: list[dict[str, Any]] = []
    key = known_identity_key(settings())
    identity = Identity(key, settings().identity_keys_lost) if key is not None else None
    known = await _known(identity, good) if identity is not None else {}
    for candidate, request in good:
        try:
            book, policy = chosen(books, traits_of(request))
        except NoPolicy as error:
            bad.append(Rejected(candidate, [f"case: {error}"]))
            continue
        ids = _ids(request, identity)
        differing = known.get(candidate.line)
        if differing:
            bad.append(Rejected(candidate, [f"case: {ids['workflow_id']} is known {_otherwise(differing)}"]))
            continue
        result = "created" if differing is None else "same"
        rows.append({"line": candidate.line, **ids, "result": result, "policy_id": policy.id, "book": book.book})
    bad.sort(key=lambda entry: entry.candidate.line)
    if as_json:
        put_json({"dry_run": True, "cases": rows, "rejected": _rejected_json(bad)})
    else:
        table(
            ("line", "case", "policy", "book"),
            ((str(row["line"]), row["workflow_id"] or "-", row["policy_id"], row["book"]) for row in rows),
        )
        same = sum(row["result"] == "same" for row in rows)
        already = f" {_cases(same)} known already and not opened again," if same else ""
        say(f"{_cases(len(rows) - same)} would be opened,{already} {_rows(len(bad))} rejected. Nothing was opened.")
    _tell_reasons(bad)
    return 1 if bad else 0


async def _known(identity: Identity, good: Sequence[Entry]) -> dict[int, list[str]]:
    """Line -> the fields in which a case that the books know says something else. Without books nothing is known.

    Raises IdentityKeyChanged, as the opening would.
    """
    found: dict[int, list[str]] = {}
    try:
        async with open_books() as books:
            strangers = identity.strangers(await books.queries.identity_keys())
            if strangers:
                raise IdentityKeyChanged(strangers, identity.fingerprint)
            desk_books = DeskBooks(books.store)
            for candidate, request in good:
                digests = await desk_books.intake_digests(identity.case_id(request.merchant, request.kind, request.reference))
                if digests:
                    found[candidate.line] = differing_fields(digests, digests_of(request, identity))
    except StoreError as away:
        remark(f"Whether these cases are known already cannot be told: {away}")
        return {}
    return found


def _ids(request: CaseRequest, identity: Identity | None) -> dict[str, str | None]:
    """Those that the case would have. Of a personal reference they are unknown as long as there is no key; a dry run makes none."""
    if identity is None and looks_personal(request.reference):
        return {"case_id": None, "workflow_id": None}
    key = (identity or Identity(b"any")).case_id(request.merchant, request.kind, request.reference)
    return {"case_id": key, "workflow_id": workflow_id(request.kind, key)}


def _tell(file: Path, answers: list[tuple[Candidate, Opened]], bad: list[Rejected], where: Path, as_json: bool) -> None:
    counts = Counter(opened.result for _, opened in answers)
    if as_json:
        cases = [{"line": candidate.line, **opened.model_dump()} for candidate, opened in answers]
        kept = str(where) if bad else None
        put_json({"created": counts["created"], "same": counts["same"], "cases": cases, "rejected": _rejected_json(bad), "rejects": kept})
    else:
        known = f", {_cases(counts['same'])} known already and not opened again" if counts["same"] else ""
        say(f"{_cases(counts['created'])} opened from {'standard input' if str(file) == '-' else file.name}{known}.")
        if bad:
            say(f"{_rows(len(bad))} rejected, kept with their reasons in {where}")
    _tell_reasons(bad)
    if not as_json and counts["created"]:
        remark("`makegood list` shows what is due first, `makegood show REFERENCE` one case.")


def _tell_reasons(bad: Sequence[Rejected]) -> None:
    for entry in bad[:_SHOWN]:
        for reason in entry.reasons:
            complain(f"line {entry.candidate.line}: {reason}")
    if len(bad) > _SHOWN:
        complain(f"and {_rows(len(bad) - _SHOWN)} more")


def _rejected_json(bad: Sequence[Rejected]) -> list[dict[str, Any]]:
    return [{"line": entry.candidate.line, "lines": entry.candidate.lines, "reasons": entry.reasons} for entry in bad]


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
