"""`makegood erase`, `sweep` and `retention`: forgetting people. Each shows what it would do until it is told --yes.

Owns these words and that an open case is not made mute by accident. Must never print anything personal. Part of the command line.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from policies.case.facts import Actor
from policies.case.vocabulary import CaseStatus
from starter.cli.on_record import on_record
from starter.cli.options import ActingRole, As, InRole, Json, actor
from starter.cli.printing import complain, put_json, remark, say, when
from starter.cli.session import Books, open_books, open_office, run, settings
from starter.cli.showing import one_of_books
from starter.desk import DeskError, Refused, Unanswered
from starter.identity_key import identity_of
from store.erasure import Erasure, PersonalContent
from store.retention import Retention
from store.views import CaseView

_ORPHAN_AFTER = timedelta(hours=24)  # an import that was cut off is run again within a day
_SPAN = re.compile(r"([1-9][0-9]{0,4})d")
_PAGE = 500

DoIt = Annotated[bool, typer.Option("--yes", "-y", help="Do it; without it only what would be done is shown.")]


def register(app: typer.Typer) -> None:
    for command in (erase, sweep, retention):
        app.command()(command)


def erase(
    case: Annotated[str | None, typer.Argument(metavar="[CASE]", help="A case; or --customer for all of a person's.")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="The customer's id, as cases were opened with it.")] = None,
    merchant: Annotated[str | None, typer.Option(help="Whose customer, if the books know several merchants.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a case is not closed: its customer can then not be written to.")
    ] = False,
    yes: DoIt = False,
    as_: As = None,
    role: InRole = ActingRole.ADMIN,
    why: Annotated[str | None, typer.Option("--why", help="Why; kept on record (required with --yes, nothing personal).")] = None,
    json: Json = False,
) -> None:
    """Erase a person: contact data, texts, words of messages, the outbox. Figures and the timeline stay. It cannot be undone."""
    if (case is None) == (customer is None):
        raise typer.BadParameter("name a case, or a customer with --customer ID")
    if yes and not (why and why.strip()):
        raise typer.BadParameter('--why is missing: it is kept on record; for example --why "asked for on 1 December"')
    by = actor(as_, role, why)

    async def work() -> None:
        async with open_books() as books:
            chosen = [await one_of_books(books.queries, case)] if case is not None else await _of_customer(books, str(customer), merchant)
            erasure = Erasure(books.store)
            if not yes:
                found = [(view, await erasure.content([view.case_id])) for view in chosen]
            else:
                _refuse_open(chosen, force)
                found = []
                for view in chosen:
                    async with on_record(books, "retention.erase", by, view.case_id):
                        found.append((view, await _erase(erasure, view.case_id, by, datetime.now(UTC))))
        if json:
            put_json({"dry_run": not yes, "cases": [_as_json(view, content) for view, content in found]})
            return
        for view, content in found:
            say(f"{view.case_id}, {_standing(view)}: {_words(content)}{' erased' if yes and content else ''}")
        if not yes and any(content for _, content in found):
            _say_how([view for view, _ in found if view.status is not CaseStatus.CLOSED])

    run(work())


def sweep(yes: DoIt = False, as_: As = None, json: Json = False) -> None:
    """Delete contacts that no case uses: older than 24 hours, the opening or the new address never came to anything."""
    by = actor(as_, ActingRole.ADMIN, None)

    async def work() -> None:
        before = datetime.now(UTC) - _ORPHAN_AFTER
        swept, kept, deleted = [], 0, 0
        async with open_office() as office:
            erasure = Erasure(office.books.store)
            for orphan in await erasure.orphans(before):
                try:
                    used = await office.desk.uses_contact(orphan.case_id, orphan.contact_ref)
                except (Unanswered, DeskError):
                    used = True  # better a row too many than a customer who cannot be written to
                kept += used
                if not used:
                    swept.append(orphan.contact_ref)
            if yes and swept:
                async with on_record(office.books, "retention.sweep", by, contacts=len(swept)):
                    for start in range(0, len(swept), _PAGE):
                        deleted += await erasure.delete_orphans(swept[start : start + _PAGE], before)
        if json:
            put_json({"dry_run": not yes, "orphans": len(swept), "deleted": deleted, "in_use": kept})
            return
        if kept:
            remark(f"{_number(kept, 'contact', 'contacts')} left alone: a running case that the books do not know yet uses them, or may")
        if not swept:
            say("No contact is without a case.")
        elif yes:
            say(f"{_number(deleted, 'contact', 'contacts')} deleted.")
        else:
            say(f"{_number(len(swept), 'contact', 'contacts')} would be deleted. Nothing was deleted; add --yes.")

    run(work())


def retention(
    older_than: Annotated[str, typer.Option(help="How long ago a case must have closed, in days: 365d.")],
    yes: DoIt = False,
    as_: As = None,
    role: InRole = ActingRole.ADMIN,
    json: Json = False,
) -> None:
    """Erase what is personal in cases closed long ago. Figures, promises and the timeline stay. It cannot be undone."""
    match = _SPAN.fullmatch(older_than)
    if match is None:
        raise typer.BadParameter(f"--older-than {older_than}: right would be a number of days, for example 365d")
    by = actor(as_, role, f"retention {older_than}")

    async def work() -> None:
        now = datetime.now(UTC)
        before = now - timedelta(days=int(match[1]))
        async with open_books() as books:
            number, content = await Retention(books.store).content(before)
            if yes and number:
                async with on_record(books, "retention.closed", by, older_than=older_than, cases=number):
                    number, content = await _erase_old(books, before, by, now)
        if json:
            put_json({"dry_run": not yes, "closed_before": before.isoformat(), "cases": number, **content.model_dump()})
            return
        cases = f"{_number(number, 'case', 'cases')} closed before {before:%Y-%m-%d %H:%M} UTC"
        if not number:
            say(f"No case closed before {before:%Y-%m-%d %H:%M} UTC holds anything personal.")
        elif yes:
            say(f"{cases}: {_words(content)} erased.")
        else:
            say(f"{cases}: {_words(content)} would be erased. Nothing was erased; add --yes.")

    run(work())


async def _of_customer(books: Books, customer: str, merchant: str | None) -> list[CaseView]:
    """Every case of that customer. Raises Refused if there is none, or if it is not clear whose customer is meant."""
    if merchant is None:
        merchants = await books.queries.merchants(2)
        if len(merchants) > 1:
            raise typer.BadParameter("the books know several merchants; say whose customer it is with --merchant")
        merchant = merchants[0] if merchants else ""
    found: list[CaseView] = []
    key, after = identity_of(settings()).customer_key(merchant, customer), None
    while True:
        page = await books.queries.list_cases(customer_key=key, limit=_PAGE, after=after)
        found += page.cases
        after = page.after
        if after is None:
            break
    if not found:
        raise Refused(f"the books know no case of that customer of {merchant or 'any merchant'}")
    return found


async def _erase_old(books: Books, before: datetime, by: Actor, now: datetime) -> tuple[int, PersonalContent]:
    """Case by case, each in a transaction of its own: interrupted, what is done is done and the rest is found again."""
    sums, number, after = PersonalContent(), 0, ""
    while page := await Retention(books.store).next_cases(before, _PAGE, after):
        after = page[-1]
        for case_id in page:
            done = await _erase(Erasure(books.store), case_id, by, now)
            sums = PersonalContent.model_validate({name: count + getattr(done, name) for name, count in sums.model_dump().items()})
            number += 1
    return number, sums


async def _erase(erasure: Erasure, case_id: str, by: Actor, now: datetime) -> PersonalContent:
    """The files first: the words name them, so that whatever is interrupted is found again by the next try."""
    # The web framework takes half a second to import: only for who erases.
    from starter.web.webhooks.attachments import AttachmentFolder  # noqa: PLC0415
    from starter.web.webhooks.configuration import load_webhook_settings  # noqa: PLC0415

    folder = load_webhook_settings().attachments_dir or settings().state_dir / "attachments"
    deleted, missing = 0, 0
    for digest in await erasure.files(case_id):
        try:
            found = await AttachmentFolder(folder).remove(digest)
        except OSError as error:
            raise Refused(f"{folder}: an attachment cannot be deleted ({error.strerror}). {case_id} was not erased") from None
        deleted += found
        missing += not found
    if missing and not folder.is_dir():
        raise Refused(
            f"there is no folder {folder}, and {case_id} names attachments: run this where web processes keep them, or set "
            f"MAKEGOOD_ATTACHMENTS_DIR (an empty folder, if they are gone). {case_id} was not erased"
        )
    if missing:
        remark(f"{case_id}: {_number(missing, 'attachment is', 'attachments are')} not in {folder}, deleted before or kept elsewhere")
    return await erasure.erase(case_id, by, now, deleted)


def _refuse_open(chosen: Sequence[CaseView], force: bool) -> None:
    running = [view for view in chosen if view.status is not CaseStatus.CLOSED]
    if not running:
        return
    if not force:
        names = ", ".join(f"{view.case_id} ({_standing(view)})" for view in running)
        raise Refused(
            f"{names} not closed: end it first (`makegood withdraw`, `resolve`), or add --force. {_AFTERWARDS}. Nothing was erased"
        )
    complain(f"{_number(len(running), 'case is', 'cases are')} not closed. {_AFTERWARDS}")


_AFTERWARDS = (
    "Without contact data nobody can be written to, not even what must be said by law: the next message ends as refused, "
    "its promise as broken, and the owner is told to act"
)


def _say_how(running: Sequence[CaseView]) -> None:
    say('Nothing was erased. To erase it, add --yes --why "...".')
    if running:
        say(f"{_number(len(running), 'case is', 'cases are')} not closed: that needs --force too. {_AFTERWARDS}.")


def _standing(view: CaseView) -> str:
    return f"closed {when(view.closed_at)}" if view.closed_at is not None else view.status.value.replace("_", " ")


def _as_json(view: CaseView, content: PersonalContent) -> dict[str, Any]:
    row = view.model_dump(mode="json", include={"case_id", "status", "closed_at"})
    return {**row, **content.model_dump()}


_NAMES = {
    "contacts": ("contact", "contacts"),
    "texts": ("text", "texts"),
    "messages": ("message", "messages"),
    "posts": ("post of the outbox", "posts of the outbox"),
    "calls": ("call task", "call tasks"),
    "events": ("failed webhook", "failed webhooks"),
    "attachments": ("attachment", "attachments"),
}


def _words(content: PersonalContent) -> str:
    """2 contacts, 1 message."""
    counts = {name: number for name, number in content.model_dump().items() if number}
    return ", ".join(_number(number, *_NAMES[name]) for name, number in counts.items()) or "nothing personal"


def _number(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
