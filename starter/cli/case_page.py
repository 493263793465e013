"""The page of one case in the terminal: clocks, what is next, promises, timeline.

Owns its form. Must never fetch anything. Called by showing.py.
"""

import re
from collections.abc import Mapping, Sequence

from policies.case.commands import Snapshot
from policies.case.facts import Fact
from policies.case.vocabulary import FactType
from policies.money import Money, plain_money
from starter.cli.printing import how_long, say, table, what_is_next, when
from store.erasure import RECORD
from store.views import MessageView, PromiseView, TextView

_TEXTS = ("text_ref", "comment_ref")
_NOT_SHOWN = frozenset({*_TEXTS, "message_id", "task_id"})  # ids for scripts: --json has them
_MISCONFIGURED = "provider_misconfigured"  # activities/watching.py
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")


def show_case(
    snapshot: Snapshot,
    timeline: Sequence[Fact],
    messages: Sequence[MessageView],
    promises: Sequence[PromiseView],
    texts: Sequence[TextView],
) -> None:
    _head(snapshot)
    _clocks(snapshot)
    _targets(snapshot)
    _promises(snapshot, promises, timeline)
    _messages(messages)
    say("\nTimeline")
    bodies = {text.text_ref: text.body for text in texts}
    for fact in timeline:
        say(f"  {fact_line(fact, bodies)}")
    for text in texts:
        if text.kind == RECORD:
            say(f"  {when(text.at)}  erased by {text.by.who}{f': {text.by.why}' if text.by.why else ''}  {text.body}")


def _head(snapshot: Snapshot) -> None:
    status = snapshot.status.value.replace("_", " ")
    cycle = f", cycle {snapshot.cycle}" if snapshot.cycle > 1 else ""
    say(f"{snapshot.workflow_id}: {status}, escalation level {snapshot.escalation}{cycle}{', shadow' if snapshot.shadow else ''}")
    say(f"  merchant {snapshot.merchant}, order {snapshot.order}, owner {snapshot.owner or 'nobody'}, opened {when(snapshot.opened_at)}")
    if snapshot.policy:
        say(f"  ruled by {snapshot.policy}")
    if snapshot.links:
        say(f"  linked with {', '.join(snapshot.links)}")
    if snapshot.hold:
        say(f"  on hold: {snapshot.hold['reason']}, since {when(_text(snapshot.hold.get('since')))}")
    following = what_is_next(snapshot.next_what, snapshot.next_at)
    if following:
        say(f"  next: {following}" + (f": {snapshot.next_why}" if snapshot.next_why else ""))
    if snapshot.resolve_by is not None:
        by_clock = f", which clock {snapshot.resolve_by_clock} sets" if snapshot.resolve_by_clock else ""
        binds = ", the new date that the customer was given" if snapshot.resolve_by_clock == "new_date" else by_clock
        say(f"  to be resolved by {when(snapshot.resolve_by)}{binds}")
    if snapshot.resolution is not None:
        say(f"  resolved as {snapshot.resolution['outcome']} {when(str(snapshot.resolution['decided_at']))}")
    if snapshot.feedback is not None:
        answers = [f"{name.upper()} {snapshot.feedback[name]}" for name in ("csat", "nps") if snapshot.feedback.get(name) is not None]
        waiting = "asked for, not answered yet" if snapshot.feedback.get("asked_at") else "not asked for yet"
        say(f"  feedback: {', '.join(answers) or snapshot.feedback.get('ended') or waiting}")


def _clocks(snapshot: Snapshot) -> None:
    if not snapshot.clocks:
        return
    say("\nClocks")
    rows = []
    for clock in snapshot.clocks:
        ended = clock.get("ended")
        state = str(ended).replace("_", " ") if ended else "stopped" if clock.get("held_since") else "running"
        if clock.get("breached_at") and not ended:
            state = "breached"
        rows.append((f"  {clock['id']}", when(_text(clock.get("due_at"))), state))
    table(("  clock", "due", "state"), rows)


def _targets(snapshot: Snapshot) -> None:
    if snapshot.targets:
        say("\nWatched")
    for target in snapshot.targets:
        amount = ""
        if target.get("amount_minor") is not None and target.get("currency"):
            amount = ", " + plain_money(Money(amount_minor=int(target["amount_minor"] or 0), currency=str(target["currency"])))
        replaced = f", replaced by {target['replaced_by']}" if target.get("replaced_by") else ""
        say(f"  {target['type']} {target['reference']} at {target['provider']}: {target['status']}{amount}{replaced}{_beside(target)}")


# What a reading says beside its status, for whoever works on the case.
_WAITS = {
    "insufficient_funds": "waits: insufficient funds on the merchant's account; pay in, else nothing happens",
    "charge_pending": "waits: the charge itself is still pending",
    "processing": "waits: the provider works on it",
}


def _beside(target: Mapping[str, str | int | bool | None]) -> str:
    said = ""
    if target.get("waits"):
        said += f"; {_WAITS.get(str(target['waits']), 'waits for a reason that this version does not know')}"
    if target.get("charge_refundable") is not None:
        ends = "refunding the charge would still end it" if target["charge_refundable"] else "refunding the charge ends it no more"
        said += f"; {ends}"
    return said


def _promises(snapshot: Snapshot, promises: Sequence[PromiseView], timeline: Sequence[Fact]) -> None:
    # The books learn how a promise ended with the case's next entry; the case itself says it at once.
    ended = {fact.detail.get("number"): str(fact.detail.get("end")) for fact in timeline if fact.type is FactType.PROMISE_ENDED}
    say("\nPromises: " + ", ".join(f"{number} {name}" for name, number in snapshot.promises.items()))
    for promise in promises[-5:]:
        end = promise.end.value if promise.end else ended.get(promise.number, "open")
        late = f" by {how_long(promise.late_s)}" if promise.late_s else ""
        say(f"  {promise.number}. next word {when(promise.due_at)}: {end}{late}")


def _messages(messages: Sequence[MessageView]) -> None:
    if messages:
        say("\nMessages")
    for message in messages:
        also = f" with {', '.join(kind.value for kind in message.also)}" if message.also else ""
        way = f" by {message.channel.value}" if message.channel else ""
        why = f" ({message.reason})" if message.reason else ""
        kind = message.kind.value.replace("_", " ")
        say(f"  {when(message.ended_at or message.opened_at)}  {kind}{also}{way}: {message.state.value}{why}")


def fact_line(fact: Fact, bodies: dict[str, str] | None = None) -> str:
    """One line of the timeline."""
    by = f" by {fact.by.shown}" if fact.by is not None and fact.by.who != "makegood" else ""
    why = f": {fact.by.why}" if fact.by is not None and fact.by.why else ""
    said = fact.by.why if fact.by is not None else None
    shown = {name: value for name, value in fact.detail.items() if value is not None and name not in _NOT_SHOWN}
    detail = " ".join(f"{name}={_plainly(value)}" for name, value in shown.items() if not (name == "why" and value == said))
    text = next((bodies[str(fact.detail[name])] for name in _TEXTS if bodies and str(fact.detail.get(name)) in bodies), None)
    if fact.detail.get("reason") == _MISCONFIGURED:
        detail += "  (MAKEGOOD_PROVIDERS_FILE tells the worker how a provider is asked: this one is missing there, or told wrongly)"
    words = f"{when(fact.occurred_at)}  {fact.type.value.replace('_', ' ')}{by}{why}"
    return words + (f"  {detail}" if detail else "") + (f'  "{text}"' if text else "")


def _text(value: str | int | bool | None) -> str | None:
    return str(value) if value is not None else None


def _plainly(value: str | int | bool) -> str:
    """Moments in the terminal's zone, yes and no; anything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return when(text) if _MOMENT.fullmatch(text) else text
