"""What the demo shows: a live table on a terminal, one line per event elsewhere; the summary at the end.

Owns reading the books and drawing. Must never act on a case. Called by run.py.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from policies.case.facts import Fact
from policies.case.vocabulary import CaseStatus
from starter.demo.phrases import message_phrase, phrase
from starter.desk.keys import CaseKey
from store.queries import Queries
from store.standing import MessageState
from store.views import CaseView, Summary

_EVERY_S = 0.5
_SHOWN_EVENTS = 14
_COLOURS = {
    CaseStatus.OPEN: "cyan",
    CaseStatus.WAITING_ON_CUSTOMER: "yellow",
    CaseStatus.ON_HOLD: "yellow",
    CaseStatus.RESOLVED: "green",
    CaseStatus.CLOSED: "dim",
}


class Screen:
    def __init__(self, queries: Queries, cases: Sequence[CaseKey], console: Console) -> None:
        self._queries = queries
        self._cases = list(cases)
        self._console = console
        self._seen: dict[str, int] = {}
        self._told: set[str] = set()
        self._last: dict[str, str] = {}
        self._events: deque[str] = deque(maxlen=_SHOWN_EVENTS)

    async def follow(self, limit_s: float) -> list[CaseView]:
        """Show the cases until all are closed or the limit (seconds) is over; the last view of each."""
        deadline = asyncio.get_running_loop().time() + limit_s
        if not self._console.is_terminal:
            return await self._until_closed(deadline, None)
        with Live(console=self._console, refresh_per_second=4, transient=True) as live:
            return await self._until_closed(deadline, live)

    async def _until_closed(self, deadline: float, live: Live | None) -> list[CaseView]:
        while True:
            views = [view for key in self._cases if (view := await self._queries.case(key.case_id)) is not None]
            for line in await self._news(views):
                self._events.append(line)
                if live is None:
                    self._console.print(line, highlight=False, soft_wrap=True)
            if live is not None:
                live.update(Group(self._table(views), Text(), *(Text(line, overflow="ellipsis", no_wrap=True) for line in self._events)))
            closed = sum(view.closed_at is not None for view in views)
            if (closed == len(self._cases)) or asyncio.get_running_loop().time() > deadline:
                return views
            await asyncio.sleep(_EVERY_S)

    async def _news(self, views: Sequence[CaseView]) -> list[str]:
        fresh: list[tuple[datetime, int, str, str]] = []
        for view in views:
            fresh += [(fact.learned_at, fact.seq, _name(view), said) for fact, said in await self._new_facts(view)]
            fresh += [(at, 10**6, _name(view), said) for at, said in await self._new_messages(view)]
            if fresh and fresh[-1][2] == _name(view):
                self._last[view.case_id] = fresh[-1][3]
        return [f"{at.astimezone():%H:%M:%S}  {name:<16} {said}" for at, _, name, said in sorted(fresh)]

    async def _new_facts(self, view: CaseView) -> list[tuple[Fact, str]]:
        seen = self._seen.get(view.case_id, 0)
        if view.as_of_seq <= seen:
            return []
        found = []
        for fact in await self._queries.facts(view.case_id):
            said = phrase(fact) if fact.seq > seen else None
            self._seen[view.case_id] = max(self._seen.get(view.case_id, 0), fact.seq)
            if said is not None:
                found.append((fact, said))
        return found

    async def _new_messages(self, view: CaseView) -> list[tuple[datetime, str]]:
        """Messages are in the ledger at once; the fact that one was accepted reaches the books with the next entry."""
        found = []
        for message in await self._queries.messages(view.case_id):
            if message.state is not MessageState.ACCEPTED or message.message_id in self._told or message.ended_at is None:
                continue
            self._told.add(message.message_id)
            next_word = f"; next word {message.next_word_at.astimezone():%H:%M:%S}" if message.next_word_at else ""
            found.append((message.ended_at, f"{message_phrase(message.kind)}{next_word}"))
        return found

    def _table(self, views: Sequence[CaseView]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        for column in ("case", "status", "level", "next", "promises", "last"):
            table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=3 if column == "last" else None)
        now = datetime.now(UTC)
        for view in views:
            due = f"{view.next_what} in {max(0, (view.next_at - now).total_seconds()):.0f} s" if view.next_at and view.next_what else ""
            sums = view.promises
            promises = f"{sums.get('kept', 0)} kept" + "".join(f", {sums[word]} {word}" for word in ("late", "broken") if sums.get(word))
            table.add_row(
                _name(view),
                Text(view.status.value.replace("_", " "), style=_COLOURS[view.status]),
                str(view.escalation) if view.escalation else "",
                due,
                promises,
                self._last.get(view.case_id, ""),
            )
        return table


def _name(view: CaseView) -> str:
    return f"{view.kind.value} {view.reference}"


def show_summary(console: Console, summary: Summary) -> None:
    """Promises, SLA, CSAT with n: the figures that everybody else only measures."""
    promises, feedback = summary.promises, summary.feedback
    table = Table(title="What was promised, what was kept", title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    sums = f"{promises.made} made: {promises.kept} kept, {promises.late} late, {promises.broken} broken, "
    sums += f"{promises.superseded} superseded, {promises.withdrawn} withdrawn, {promises.open} open"
    table.add_row("promises", sums)
    ended = promises.kept + promises.late + promises.broken
    table.add_row("promises kept", f"{100 * promises.kept / ended:.1f} % of {ended} that fell due" if ended else "none fell due")
    sla = f"{summary.sla_percent:.0f} %" if summary.sla_percent is not None else "no clock ended"
    table.add_row("SLA", f"{sla} ({summary.clocks_met} clocks met, {summary.clocks_breached} breached)")
    csat = f"{feedback.csat_percent:.0f} %" if feedback.csat_percent is not None else "no answer"
    table.add_row("CSAT", f"{csat} (n = {feedback.csat_n}; {feedback.answered} of {feedback.asked} asked answered)")
    nps = f"{feedback.nps:+.0f}" if feedback.nps is not None else "no answer"
    table.add_row("NPS", f"{nps} (n = {feedback.nps_n})")
    table.add_row("cases", f"{summary.total}: {summary.closed} closed, {summary.resolved} resolved, {summary.open} open")
    console.print(table)
