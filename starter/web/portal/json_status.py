"""The same status for software that acts for the customer (docs/customer-page.md).

Owns the form of /case.json: names and values here are a promise to programs; they grow, and are never renamed. Must never hold what the
page does not show. Called by the portal's routes.
"""

from datetime import datetime
from typing import Any

from policies.money import Money
from starter.web.portal.headline import headline
from starter.web.portal.masking import without_keys, without_stumps
from starter.web.portal.saying import Saying
from starter.web.portal.standing import Standing
from starter.web.portal.steps import steps_of
from store.portal_views import PortalView

VERSION = 1


def status_of(case: Standing, view: PortalView, say: Saying, step_words: dict[str, str]) -> dict[str, Any]:
    """Moments in ISO 8601, UTC; amounts in minor units of ISO 4217 currencies."""
    result = case.result
    return {
        "version": VERSION,
        "case_id": case.case_id,
        "kind": case.kind.value,
        "order": case.order,
        "status": case.phase,
        "summary": headline(case, say),
        "language": say.language,
        "time_zone": say.zone,
        "as_of": _at(case.as_of),
        "complete": case.fresh,
        "opened_at": _at(case.opened_at),
        "closed_at": _at(case.closed_at),
        "who_acts": case.who_acts,
        "answer_due_at": _at(case.answer_due_at),
        "next_update_at": _at(case.next_word_at),
        "resolve_by": _at(case.resolve_by),
        "resolve_by_reason": case.resolve_by_why,
        "delivery_expected_at": _at(case.delivery_expected_at),
        "last_asked_at": _at(case.asked_at),
        "last_answered_at": _at(case.answered_at),
        "waiting": (
            {"why": case.wait.why, "need": case.wait.need, "since": _at(case.wait.since), "until": _at(case.wait.until)}
            if case.wait is not None
            else None
        ),
        "steps": [
            {"step": step.name, "state": step.state, "at": _at(step.at), "expected_by": _at(step.by), "text": step_words[step.name]}
            for step in steps_of(case)
        ],
        "parts": [
            {
                "type": part.type.value,
                "state": part.state,
                "state_at": _at(part.status_at),
                "amount": _money(part.amount),
                "trace_number": part.trace,
                "tracking_number": part.number,
                "replaced": part.replaced,
            }
            for part in case.parts
        ],
        "result": (
            {
                "ending": result.ending,
                "text": result.words,
                "amounts": [_money(money) for money in result.amounts],
                "decided_at": _at(result.decided_at),
                "money_expected_at": _at(result.money_expected_at),
                "continues_in": result.continues_in,
            }
            if result is not None
            else None
        ),
        "feedback": {"state": case.survey, "csat": case.csat, "nps": case.nps},
        "not_solved_until": _at(case.not_solved_until),
        "messages": [
            {
                "at": _at(message.at),
                "channel": message.channel.value if message.channel is not None else None,
                "subject": message.subject,
                "text": without_stumps(without_keys(message.text), say("messages.link")) if message.text is not None else None,
            }
            for message in view.messages
        ],
    }


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _money(money: Money | None) -> dict[str, Any] | None:
    return {"amount_minor": money.amount_minor, "currency": money.currency} if money is not None else None
