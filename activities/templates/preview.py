"""A message of made-up people, for the eye: `makegood templates show`.

Owns only the choice of the sample. Must never send anything or read a case. Called by the command line and by tests.
"""

from activities.templates.brand import Brand
from activities.templates.overrides import Overrides
from activities.templates.rendering import Rendered, render
from activities.templates.samples import BRAND, LAST_ANSWER, NAME, REPLY, TODAY, sample_plan
from policies.case.vocabulary import CaseKind, Channel, MessageKind


def preview(
    kind: CaseKind,
    message: MessageKind,
    locale: str,
    channel: Channel,
    also: tuple[MessageKind, ...] = (),
    *,
    merchant: str | None = None,
    brand: str | None = None,
    overrides: Overrides | None = None,
) -> Rendered:
    """A sample of such a message; of `merchant` and `brand`, in their words, if they are given."""
    plan = sample_plan(kind, message, locale, also=also)
    shown: Brand = BRAND
    if merchant is not None:
        plan.context.merchant, plan.context.brand = merchant, brand
        shown = BRAND.model_copy(update={"name": brand or merchant})
    return render(
        plan,
        channel,
        name=NAME,
        texts=[REPLY] if MessageKind.REPLY in (message, *also) else [],
        brand=shown,
        last_answered_at=LAST_ANSWER,
        asked_provider=True,
        today=TODAY,
        overrides=overrides,
    )
