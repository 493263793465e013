"""The director: plays the people of the script through the desk, exactly as a backend service or a lead would.

Owns when an act is due. Must never touch the engine or the books but through the desk and the queries. Called by run.py.
"""

import asyncio
import time
from collections.abc import Callable

from policies.case.facts import Actor, Fact
from policies.case.vocabulary import FactType, Role
from starter.demo.script import Act, Script
from starter.desk.desk import Desk
from starter.desk.errors import Refused
from starter.desk.keys import CaseKey
from store.queries import Queries

_EVERY_S = 0.25
_CONDITIONS: dict[str, tuple[FactType, str | None]] = {
    "feedback_asked": (FactType.MESSAGE_ACCEPTED, "feedback_request"),
    "breached": (FactType.CLOCK_BREACHED, None),
    "reopened": (FactType.MESSAGE_ACCEPTED, "reopen"),
    "customer_replied": (FactType.CUSTOMER_REPLIED, None),
    "recovery": (FactType.RECOVERY_OPENED, None),
}


class Director:
    def __init__(self, script: Script, desk: Desk, queries: Queries, on_refused: Callable[[str], None]) -> None:
        self._script = script
        self._desk = desk
        self._queries = queries
        self._on_refused = on_refused

    async def play(self, cases: dict[str, CaseKey]) -> None:
        """Play every act of the script on the opened cases, each at its moment."""
        opened = time.monotonic()
        await asyncio.gather(*(self._play(act, cases[act.case], opened) for act in self._script.act if act.case in cases))

    async def _play(self, act: Act, case: CaseKey, opened: float) -> None:
        if act.when is not None:
            await self._until(case, act.when)
        if act.after_s is not None:
            await asyncio.sleep(act.after_s if act.when is not None else max(0.0, opened + act.after_s - time.monotonic()))
        try:
            await self._do(act, case)
        except Refused as error:
            self._on_refused(f"{act.case}: {act.do} was refused: {error}")

    async def _until(self, case: CaseKey, when: str) -> None:
        type_, kind = _CONDITIONS[when]
        while not any(_is(fact, type_, kind) for fact in await self._facts(case)):
            await asyncio.sleep(_EVERY_S)

    async def _facts(self, case: CaseKey) -> list[Fact]:
        try:
            return await self._desk.timeline(case)
        except Exception:  # the engine may be busy for a moment; the books say the same a little later
            return await self._queries.facts(case.case_id)

    async def _do(self, act: Act, case: CaseKey) -> None:
        lead = Actor(who=act.who, role=Role.LEAD, why=act.why)
        customer = Actor(who="customer", role=Role.CUSTOMER)
        match act.do:
            case "hold":
                await self._desk.hold(case, lead, act.reason or "")
            case "resume":
                await self._desk.resume(case, lead)
            case "resolve":
                await self._desk.resolve(case, lead, act.outcome or "", amounts=act.amounts)
            case "escalate":
                await self._desk.escalate(case, lead)
            case "reply":
                await self._desk.reply(case, lead, act.text or "")
            case "note":
                await self._desk.note(case, lead, act.text or "")
            case "phone_contact":
                await self._desk.phone_contact(case, lead, text=act.text)
            case "report_fact":
                await self._desk.report_fact(case, lead, act.name or "", old_reference=act.old_reference, new_reference=act.new_reference)
            case "customer_reply":
                await self._desk.customer_reply(case, customer, act.text, supplied=act.supplied)
            case "feedback":
                await self._desk.feedback(case, customer, csat=act.csat, nps=act.nps, comment=act.text)


def _is(fact: Fact, type_: FactType, kind: str | None) -> bool:
    return fact.type is type_ and (kind is None or fact.detail.get("kind") == kind)
