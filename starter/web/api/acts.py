"""POST /v1/cases/{case_id}/...: what a backend does to a case, answered or refused at once.

Owns the names of the acts, their bodies and which scope each needs. Must never decide what is allowed: the case does. Part of the API.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from policies.case.commands import Receipt
from policies.case.facts import Actor
from policies.money import Money
from starter.desk import CaseKey, Desk
from starter.owners import not_an_owner, owners_of
from starter.web.api import bodies
from starter.web.api.acting import Act, Doing
from starter.web.api.caller import Caller
from starter.web.api.documented import BEARER, act_examples, answers, operation
from starter.web.api.fields import CaseId
from starter.web.api.finding import find
from starter.web.api.guard import Guard, needs
from starter.web.api.refusals import of_reasons
from starter.web.parts import WebParts
from store.api_keys import Scope

# They change what the customer gets: the case takes them from a lead only. Everything else is an agent's too.
LEADS_ACTS = frozenset({"resolve", "extend", "reassign", "withdraw"})

Look = Callable[[WebParts, Caller, str, Any], Awaitable[None]]
Means = Callable[[Desk, CaseKey, Actor, Any, str | None], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """`means`: the desk's own method, with what the body says. `look`: what the rules cannot know; raises Problem."""

    name: str
    summary: str
    form: type[bodies.ActBody]
    means: Means
    look: Look | None = None


def _resolve(desk: Desk, case: CaseKey, by: Actor, body: bodies.ResolveBody, key: str | None) -> Awaitable[Receipt]:
    amounts = [Money(amount_minor=amount.amount_minor, currency=amount.currency) for amount in body.amounts]
    return desk.resolve(case, by, body.outcome, amounts=amounts, references=body.references, evidence=body.evidence, key=key)


def _fact(desk: Desk, case: CaseKey, by: Actor, body: bodies.FactBody, key: str | None) -> Awaitable[Receipt]:
    told = body.model_dump(include={"occurred_at", "old_reference", "new_reference", "provider"})
    return desk.report_fact(case, by, body.name, key=key, **told)


def _feedback(desk: Desk, case: CaseKey, by: Actor, body: bodies.FeedbackBody, key: str | None) -> Awaitable[Receipt]:
    return desk.feedback(case, by, csat=body.csat, nps=body.nps, comment=body.comment, key=key)


async def _known_owner(parts: WebParts, caller: Caller, case_id: str, body: bodies.ReassignBody) -> None:
    found = await find(parts, caller, case_id)
    merchant = found.row.merchant if found.row is not None else found.snapshot.merchant if found.snapshot is not None else ""
    wrong = not_an_owner(body.owner, await owners_of(merchant, parts.backends.store(), parts.settings))
    if wrong is not None:
        raise of_reasons([f"owner: {wrong}"])


_ACTS = (
    _Entry("resolve", "Resolve a case: the customer is told exactly this", bodies.ResolveBody, _resolve),
    _Entry(
        "hold",
        "Put a case on hold: internal clocks stop, the customer is kept informed",
        bodies.HoldBody,
        lambda desk, case, by, body, key: desk.hold(case, by, body.reason, until=body.until, key=key),
    ),
    _Entry(
        "resume",
        "End a hold: what was left of the clocks is left still",
        bodies.ResumeBody,
        lambda desk, case, by, _, key: desk.resume(case, by, key=key),
    ),
    _Entry(
        "escalate",
        "Tell the next level of the ladder now",
        bodies.EscalateBody,
        lambda desk, case, by, body, key: desk.escalate(case, by, level=body.level, to=body.to, key=key),
    ),
    _Entry(
        "extend",
        "Give the customer a later date of resolution; no later than the law allows",
        bodies.ExtendBody,
        lambda desk, case, by, body, key: desk.extend(case, by, body.until, key=key),
    ),
    _Entry(
        "reassign",
        "Give a case to another owner",
        bodies.ReassignBody,
        lambda desk, case, by, body, key: desk.reassign(case, by, body.owner, key=key),
        _known_owner,
    ),
    _Entry(
        "replies",
        "Answer the customer on the case's channel; the answer names the next word",
        bodies.TextBody,
        lambda desk, case, by, body, key: desk.reply(case, by, body.text, key=key),
    ),
    _Entry(
        "notes",
        "Keep an internal note; the customer never sees it",
        bodies.TextBody,
        lambda desk, case, by, body, key: desk.note(case, by, body.text, key=key),
    ),
    _Entry("facts", "Report that something has happened; clocks that wait for it start or end", bodies.FactBody, _fact),
    _Entry(
        "withdraw",
        "The matter is withdrawn: the customer is told and the case closes",
        bodies.WithdrawBody,
        lambda desk, case, by, _, key: desk.withdraw(case, by, key=key),
    ),
    _Entry("feedback", "Enter the customer's answer to the survey; a later one replaces it", bodies.FeedbackBody, _feedback),
)
BODIES: dict[str, type[bodies.ActBody]] = {**{entry.name: entry.form for entry in _ACTS}, "links": bodies.LinkBody}
ACTS = tuple(BODIES)


def acts_router(parts: WebParts, guard: Guard) -> APIRouter:
    router = APIRouter(route_class=guard.route_class(), dependencies=[BEARER], tags=["Acting on a case"])
    examples = act_examples(parts.clock())

    def declared(name: str, summary: str) -> dict[str, Any]:
        return {
            "path": f"/v1/cases/{{case_id}}/{name}",
            "response_model": Receipt,
            "summary": summary,
            "operation_id": name,
            "responses": {200: {"description": "Done; durable.", "headers": _VERSION}, **answers(404, 409, 412, 504, body=True)},
            "openapi_extra": operation(scope_of(name), examples[name]),
        }

    for entry in _ACTS:
        router.post(**declared(entry.name, entry.summary))(_operation(parts, entry))

    @router.post(**declared("links", "Link another case"))
    @needs(scope_of("links"))
    async def link(case_id: CaseId, body: bodies.LinkBody, act: Act) -> Receipt:
        other = (await find(parts, act.caller, body.case_id, field="case_id")).key  # one that the caller may see, too
        doing: Doing = lambda desk, case, by, key: desk.link(case, by, other, relation=body.relation, key=key)  # noqa: E731
        return await act.do(parts, case_id, "links", body, doing)

    return router


def scope_of(act: str) -> Scope:
    return Scope.LEAD if act in LEADS_ACTS else Scope.ACT


_VERSION = {"ETag": {"schema": {"type": "string"}, "description": "The version of the case after the act."}}


def _operation(parts: WebParts, entry: _Entry) -> Callable[..., Awaitable[Receipt]]:
    """An operation that takes the entry's form."""

    async def operate(case_id: CaseId, body: Any, act: Act) -> Receipt:
        if entry.look is not None:
            await entry.look(parts, act.caller, case_id, body)
        return await act.do(parts, case_id, entry.name, body, lambda desk, case, by, key: entry.means(desk, case, by, body, key))

    operate.__annotations__["body"] = entry.form  # read when the route is made
    return needs(scope_of(entry.name))(operate)
