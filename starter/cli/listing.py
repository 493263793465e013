"""`makegood list`: what is due first.

Owns its columns and filters. Must never ask the engine: the books answer. Part of the command line.
"""

from typing import Annotated

import typer

from policies.case.vocabulary import CaseKind, CaseStatus
from starter.cli.options import Json
from starter.cli.printing import parsed_moment, put_json, remark, say, table, when
from starter.cli.session import open_books, run
from store.views import CasePage, CaseView


def register(app: typer.Typer) -> None:
    app.command("list")(list_cases)


def list_cases(
    kind: Annotated[CaseKind | None, typer.Option(help="Only this kind.")] = None,
    status: Annotated[list[CaseStatus] | None, typer.Option(help="Only this status; give it again for another.")] = None,
    merchant: Annotated[str | None, typer.Option(help="Only this merchant.")] = None,
    order: Annotated[str | None, typer.Option(help="Only this order.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only cases with this tag.")] = None,
    escalation: Annotated[int | None, typer.Option(help="Only from this level up.", min=0, max=9)] = None,
    due_before: Annotated[str | None, typer.Option(help="Only what is due before: ISO time with offset.")] = None,
    all_cases: Annotated[bool, typer.Option("--all", help="Closed cases too, last.")] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 50,
    after: Annotated[str | None, typer.Option(help="Go on where a page ended (its `after`).")] = None,
    json: Json = False,
) -> None:
    """Open cases, what is due first at the top."""
    before = parsed_moment(due_before, "--due-before") if due_before else None
    wanted = status or []
    open_only = not all_cases and CaseStatus.CLOSED not in wanted

    async def work() -> None:
        async with open_books() as books:
            try:
                page = await books.queries.list_cases(
                    kind=kind,
                    statuses=wanted,
                    merchant=merchant,
                    order=order,
                    tag=tag,
                    min_escalation=escalation,
                    due_before=before,
                    open_only=open_only,
                    limit=limit,
                    after=after,
                )
            except ValueError as error:
                raise typer.BadParameter(f"--after: {error}") from None
        if json:
            put_json(page)
        else:
            _show(page)

    run(work())


def _show(page: CasePage) -> None:
    if not page.cases:
        say("No cases.")
        return
    columns = ("case", "status", "due", "what", "resolve by", "esc", "owner")
    table(columns, (_row(case) for case in page.cases))
    if page.after is not None:
        remark(f"There is more: add --after {page.after}")


def _row(case: CaseView) -> tuple[str, ...]:
    status = case.status.value.replace("_", " ") + (f" ({case.hold_reason})" if case.hold_reason else "")
    due = f"closed {when(case.closed_at)}" if case.closed_at is not None else when(case.next_at)
    return (
        case.workflow_id,
        status + (" shadow" if case.shadow else ""),
        due,
        (case.next_what or "-").replace("_", " "),
        when(case.resolve_by),
        str(case.escalation),
        case.owner or "-",
    )
