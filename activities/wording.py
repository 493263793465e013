"""A plan's message in words, with what the books add to it: the person's name, the lead's texts, when the provider last answered.

Owns this joining of a plan and its preparation. Must never send or write anything. Called by the message activity, and where a person is
to speak a message (calling.py).
"""

from datetime import datetime
from typing import Protocol

from activities.templates.brand import Brand, Links
from activities.templates.overrides import Overrides
from activities.templates.rendering import SILENT_AFTER, Rendered, render
from policies.case.plans import MessagePlan, TargetView
from policies.case.vocabulary import Channel
from store.recorder.sending import Preparation
from store.standing import CheckStanding


class BrandsPort(Protocol):
    def of(self, merchant: str, brand: str | None, channel: Channel) -> Brand: ...


def worded(
    plan: MessagePlan,
    channel: Channel,
    prepared: Preparation,
    brand: Brand,
    at: datetime,
    *,
    links: Links | None = None,
    overrides: Overrides | None = None,
) -> Rendered:
    """The message for `channel` as it is true at `at` (engine's time)."""
    context = plan.context
    answered = [check.last_answered_at for check in prepared.checks if check.last_answered_at is not None]
    statuses = {(check.provider, check.reference): check.status for check in prepared.checks if check.status}
    # The workflow keeps real news only; what the provider last said ("pending") is in the books.
    targets: list[TargetView] = [
        target.model_copy(update={"status": statuses.get((target.provider, target.reference), target.status)})
        if target.status == "unknown"
        else target
        for target in context.targets
    ]
    return render(
        plan.model_copy(update={"context": context.model_copy(update={"targets": targets})}),
        channel,
        name=prepared.contact.name if prepared.contact is not None else None,
        texts=prepared.texts,
        brand=brand,
        last_answered_at=max(answered, default=None),
        asked_provider=any(_still_asked(check, at) for check in prepared.checks),
        today=at,
        links=links,
        overrides=overrides,
    )


def _still_asked(check: CheckStanding, at: datetime) -> bool:
    """False once nothing is asked about the reference any more: silence is no fault of a provider that nobody asks."""
    answered_at = check.last_answered_at
    return check.failing_since is not None or answered_at is None or at - answered_at <= SILENT_AFTER
