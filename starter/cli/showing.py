"""`makegood show` and `makegood watch`: one case, once or until it is closed.

Owns where a case is read from. Must never change it. Part of the command line.
"""

import asyncio
from typing import Annotated, Any

import typer

from policies.case.vocabulary import CaseStatus
from starter.cli.case_page import fact_line, show_case
from starter.cli.options import CaseArgument, Json
from starter.cli.printing import put_json, put_json_line, remark, say
from starter.cli.session import Office, open_books, open_office, run, settings
from starter.connection import EngineUnavailable
from starter.desk import AmbiguousCase, CaseKey, CaseNotFound, Identity, Unanswered
from starter.desk.reading import snapshot_of
from starter.identity_key import known_identity_key
from store.queries import Queries
from store.views import CaseView

_LOOK_EVERY_S = 0.5  # the books are asked, not the engine: a look costs a millisecond


def register(app: typer.Typer) -> None:
    app.command()(show)
    app.command()(watch)


def show(
    case: CaseArgument,
    texts: Annotated[bool, typer.Option("--texts", help="With the words of replies, notes and comments (personal).")] = False,
    json: Json = False,
) -> None:
    """The page of one case: clocks, what is next and why, promises, messages, timeline."""

    async def work() -> None:
        try:
            async with open_office() as office:
                page = await _page(office, await office.desk.resolve_ref(case), texts)
        except (EngineUnavailable, Unanswered) as away:
            page = await _page_of_books(case, texts)
            remark(f"As the books know it ({away})")
        if json:
            put_json(page)
        else:
            show_case(page["snapshot"], page["timeline"], page["messages"], page["promises"], page.get("texts", []))

    run(work())


async def _page(office: Office, key: CaseKey, texts: bool) -> dict[str, Any]:
    snapshot, timeline = await asyncio.gather(office.desk.snapshot(key), office.desk.timeline(key))
    return {"snapshot": snapshot, "timeline": timeline, **await _rows(office.queries, key.case_id, texts)}


async def _page_of_books(case: str, texts: bool) -> dict[str, Any]:
    async with open_books() as books:
        view = await one_of_books(books.queries, case)
        facts = await books.queries.facts(view.case_id)
        return {"snapshot": snapshot_of(view), "timeline": facts, **await _rows(books.queries, view.case_id, texts)}


async def _rows(queries: Queries, case_id: str, texts: bool) -> dict[str, Any]:
    messages = [message.model_copy(update={"subject": None, "text": None, "html": None}) for message in await queries.messages(case_id)]
    rows: dict[str, Any] = {"messages": messages, "promises": await queries.promises(case_id), "alerts": await queries.alerts(case_id)}
    if texts:
        rows["texts"] = await queries.texts(case_id)
    return rows


async def one_of_books(queries: Queries, text: str) -> CaseView:
    """The case that a person means, as the books know it. Raises CaseNotFound, AmbiguousCase."""
    found = await queries.find(text)
    key = known_identity_key(settings()) if not found else None
    if key is not None:  # a personal reference is in the books as its hash only
        found = await queries.find(Identity(key).public_reference(text.strip()))
    if not found:
        raise CaseNotFound.by(text)
    if len(found) > 1:
        raise AmbiguousCase(text, [view.case_id for view in found])
    return found[0]


def watch(case: CaseArgument, json: Json = False) -> None:
    """Tell what happens to a case, line by line, until it is closed (--json: one fact per line)."""

    async def work() -> None:
        async with open_books() as books:
            view = await one_of_books(books.queries, case)
            seen = 0
            while True:
                for fact in await books.queries.facts(view.case_id):
                    if fact.seq > seen:
                        seen = fact.seq
                        if json:
                            put_json_line(fact)
                        else:
                            say(fact_line(fact))
                row = await books.queries.case(view.case_id)
                if row is None or (row.status is CaseStatus.CLOSED and seen >= row.as_of_seq):
                    return
                await asyncio.sleep(_LOOK_EVERY_S)

    run(work())
