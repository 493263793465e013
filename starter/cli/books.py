"""`makegood outbox` and `makegood summary`: what was sent, and the figures.

Owns their form. Must never ask the engine: the books answer. Part of the command line.
"""

import asyncio
from typing import Annotated

import typer

from starter.cli.options import Json
from starter.cli.printing import how_long, put_json, put_json_line, say, table, when
from starter.cli.session import Books, open_books, run
from starter.cli.showing import one_of_books
from store.outbox import Posted
from store.views import Summary

_LOOK_EVERY_S = 0.5
_PAGE = 500


def register(app: typer.Typer) -> None:
    app.command()(outbox)
    app.command()(summary)


def outbox(
    case: Annotated[str | None, typer.Option(help="Only what was sent for this case.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more is sent (--json: one per line).")] = False,
    limit: Annotated[int, typer.Option(help="The last so many.", min=1)] = 50,
    json: Json = False,
) -> None:
    """Messages and alerts as the embedded channels sent them (personal: with addresses)."""

    async def work() -> None:
        async with open_books() as books:
            case_id = (await one_of_books(books.queries, case)).case_id if case else None
            sent = await _last(books, case_id, limit)
            if json and not follow:
                put_json(sent)
                return
            for post in sent:
                _put(post, json)
            if not sent and not follow:
                say("Nothing was sent.")
            last = sent[-1].id if sent else None
            while follow:
                await asyncio.sleep(_LOOK_EVERY_S)
                for post in await books.outbox.rows(case_id, _PAGE, last):
                    last = post.id
                    _put(post, json)

    run(work())


async def _last(books: Books, case_id: str | None, limit: int) -> list[Posted]:
    kept: list[Posted] = []
    last: int | None = None
    while page := await books.outbox.rows(case_id, _PAGE, last):
        last = page[-1].id
        kept = [*kept, *page][-limit:]
    return kept


def _put(post: Posted, as_json: bool) -> None:
    if as_json:
        put_json_line(post)
        return
    say(f"{when(post.put_at)}  {post.channel} to {post.address or '(erased)'}, {post.case_id}")
    if post.subject:
        say(f"  {post.subject}")
    for line in post.text.strip().splitlines():
        say(f"    {line}")
    say()


def summary(
    case: Annotated[list[str] | None, typer.Option(help="Only these cases.")] = None,
    include_shadow: Annotated[bool, typer.Option("--include-shadow", help="With shadow cases, which sent nothing.")] = False,
    json: Json = False,
) -> None:
    """Promises kept, late, broken, superseded, withdrawn; SLA; CSAT and NPS with n."""

    async def work() -> None:
        async with open_books() as books:
            ids = [(await one_of_books(books.queries, name)).case_id for name in case] if case else None
            figures = await books.queries.summary(ids, include_shadow=include_shadow)
        if json:
            put_json(figures)
        else:
            _show(figures)

    run(work())


def _show(figures: Summary) -> None:
    """The figures as a page."""
    promises, feedback = figures.promises, figures.feedback
    median, most = promises.median_late_s, promises.max_late_s
    late = f" (median {how_long(median)}, at most {how_long(most)})" if median is not None and most is not None else ""
    rows = [
        ("Cases", f"{figures.total}: {figures.open} open, {figures.resolved} resolved, {figures.closed} closed"),
        (
            "Promises",
            f"{promises.made} made: {promises.kept} kept, {promises.late} late{late}, {promises.broken} broken, "
            f"{promises.superseded} superseded, {promises.withdrawn} withdrawn, {promises.open} open",
        ),
        ("SLA", _measured(figures.sla_percent, " % met") + f" ({figures.clocks_met} met, {figures.clocks_breached} breached)"),
        ("CSAT", _measured(feedback.csat_percent, " % satisfied") + f" (n = {feedback.csat_n})"),
        ("NPS", _measured(feedback.nps, "") + f" (n = {feedback.nps_n})"),
        ("Answers", f"{feedback.answered} of {feedback.asked} asked" + (f" ({feedback.answer_percent:g} %)" if feedback.asked else "")),
    ]
    sent = {kind: sum(states.values()) for kind, states in figures.messages.items()}
    rows.append(("Messages", ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(sent.items())) or "none"))
    table(("", ""), rows)


def _measured(value: float | None, unit: str) -> str:
    return "nothing measured yet" if value is None else f"{value:g}{unit}"
