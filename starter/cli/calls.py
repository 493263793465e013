"""`makegood calls`: the calls that people are to make, and what became of them.

Owns these words. Must never decide what a result means: the case does. Part of the command line.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from policies.case.vocabulary import CallResult, CaseStatus
from starter.cli.options import ActingRole, InRole, Json, Why, actor
from starter.cli.printing import parsed_moment, put_json, remark, say, table, when
from starter.cli.session import open_books, open_office, run
from starter.cli.showing import one_of_books
from starter.desk import CallEnded, Calling
from store.call_tasks import CallSheet, CallTask, CallTasks

group = typer.Typer(no_args_is_help=True, help="Calls to make: list, show with number and script, tell the result.")

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task's id or its beginning, as `makegood calls list` shows it.")]
By = Annotated[str | None, typer.Option("--as", "--by", metavar="NAME", help="Who called (default: the name of the OS user).")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="calls", rich_help_panel="Acting on a case")


@group.command("list")
def list_calls(
    case: Annotated[str | None, typer.Option(help="Only this case's.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    role: Annotated[str | None, typer.Option(help="Only those for this role: owner, lead ...")] = None,
    all_tasks: Annotated[bool, typer.Option("--all", help="Those that have ended too, last.")] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 50,
    json: Json = False,
) -> None:
    """The calls to make, what is due first at the top; nothing personal."""

    async def work() -> None:
        async with open_books() as books:
            case_id = (await one_of_books(books.queries, case)).case_id if case is not None else None
            tasks = await CallTasks(books.store).listed(case_id=case_id, owner=owner, role=role, ended=all_tasks, limit=limit)
        if json:
            put_json(tasks)
        elif not tasks:
            say("No calls." if all_tasks else "No calls to make.")
        else:
            table(("task", "due", "for", "why", "tried", "standing"), (_row(task) for task in tasks))

    run(work())


@group.command()
def show(task: TaskArgument, json: Json = False) -> None:
    """One call with the number as it is now and what is to be said (personal)."""

    async def work() -> None:
        async with open_books() as books:
            tasks = CallTasks(books.store)
            sheet = await tasks.sheet((await tasks.found(task)).task_id)
        if json:
            put_json(sheet)
        else:
            _show(sheet)

    run(work())


@group.command()
def done(
    task: TaskArgument,
    result: Annotated[CallResult, typer.Option(help="What became of the call.")],
    promised: Annotated[
        str | None, typer.Option("--promised", "--promise", help="The next word promised on the phone: ISO time with offset (reached).")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What was said; kept as a text of the case (personal).")] = None,
    give_up: Annotated[bool, typer.Option("--give-up", help="no_answer: end the task instead of trying again.")] = False,
    again_at: Annotated[str | None, typer.Option(help="no_answer: when to try again, ISO time with offset (default: in 4 hours).")] = None,
    as_: By = None,
    role: InRole = ActingRole.AGENT,
    why: Why = None,
    json: Json = False,
) -> None:
    """Tell what became of a call: the case learns it, and the task ends. After no_answer it stays open, unless --give-up."""
    promised_at = parsed_moment(promised, "--promised") if promised else None
    next_try_at = parsed_moment(again_at, "--again-at") if again_at else None
    if promised_at is not None and result is not CallResult.REACHED:
        raise typer.BadParameter("--promised: only who was reached was promised something; right would be --result reached")
    if (give_up or next_try_at is not None) and result is not CallResult.NO_ANSWER:
        raise typer.BadParameter("--give-up and --again-at go with --result no_answer")
    if give_up and next_try_at is not None:
        raise typer.BadParameter("give --give-up or --again-at, not both")
    by = actor(as_, role, why)

    async def work() -> None:
        async with open_office() as office:
            store = office.books.store
            task_id = (await CallTasks(store).found(task)).task_id
            ended = await Calling(office.desk, store).done(
                task_id, by, result, promised_at=promised_at, note=note, give_up=give_up, next_try_at=next_try_at
            )
        if json:
            put_json(ended)
        else:
            _tell(ended)

    run(work())


def _row(task: CallTask) -> tuple[str, ...]:
    return (
        task.task_id,
        when(task.next_try_at or task.due_at),
        _for(task),
        task.reason.replace("_", " "),
        str(task.attempts),
        _standing(task),
    )


def _for(task: CallTask) -> str:
    return f"{task.owner} ({task.role})" if task.owner else task.role


def _standing(task: CallTask) -> str:
    if task.ended_at is not None:
        return f"{(task.result or 'ended').replace('_', ' ')} by {task.ended_by}, {when(task.ended_at)}"
    if task.case_status is CaseStatus.CLOSED:
        return "open, its case is closed"
    return "overdue" if task.due_at < datetime.now(UTC) else "open"


def _show(sheet: CallSheet) -> None:
    say(f"{sheet.task_id}: {_standing(sheet)}")
    say(f"  case {sheet.case_id}{f' of {sheet.merchant}' if sheet.merchant else ''}, for {_for(sheet)}")
    say(f"  why: {sheet.reason.replace('_', ' ')}; due {when(sheet.due_at)}")
    if sheet.attempts:
        again = f", again {when(sheet.next_try_at)}" if sheet.next_try_at and sheet.ended_at is None else ""
        say(f"  tried {sheet.attempts} {'time' if sheet.attempts == 1 else 'times'}, last {when(sheet.last_tried_at)}{again}")
    say(f"  call {sheet.name or 'the customer'} at {sheet.number or 'a number that nobody knows: the contact data have none'}")
    if sheet.number_suppressed is not None:
        say(f"  careful: no message goes to this number ({sheet.number_suppressed.value.replace('_', ' ')})")
    if sheet.zone is not None:
        say(f"  time zone {sheet.zone}, language {sheet.locale}")
    say(f"\n{sheet.script}" if sheet.script else "\nWhat was to be said was erased.")


def _tell(ended: CallEnded) -> None:
    task = ended.task
    if task.ended_at is None:
        say(f"{task.task_id}: tried {task.attempts} {'time' if task.attempts == 1 else 'times'}, next {when(task.next_try_at)}")
    else:
        say(f"{task.task_id}: done, {(task.result or '').replace('_', ' ')}")
    if ended.receipt is None:
        remark("The case was closed before: the result stands with the task alone.")
