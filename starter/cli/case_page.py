"""The page of one case in the terminal: clocks, what is next, promises, timeline.

Owns its form. Must never fetch anything. Called by showing.py.
"""

from collections.abc import Sequence

from policies.case.commands import Snapshot
from policies.case.facts import Fact
from policies.money import Money
from starter.cli.printing import say, table, when
from starter.desk.case_start import plain_money
from store.views import MessageView, PromiseView, TextView

_NOT_SHOWN = frozenset({"text_ref", "comment_ref"})


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
    _promises(snapshot, promises)
    _messages(messages)
    say("\nTimeline")
    bodies = {text.text_ref: text.body for text in texts}
    for fact in timeline:
        say(f"  {fact_line(fact, bodies)}")


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
    if snapshot.next_what:
        say(
            f"  next: {snapshot.next_what.replace('_', ' ')} {when(snapshot.next_at)}"
            + (f": {snapshot.next_why}" if snapshot.next_why else "")
        )
    if snapshot.resolve_by is not None:
        binds = f" ({snapshot.resolve_by_clock})" if snapshot.resolve_by_clock else ""
        say(f"  to be resolved by {when(snapshot.resolve_by)}{binds}")
    if snapshot.resolution is not None:
        say(f"  resolved as {snapshot.resolution['outcome']} {when(str(snapshot.resolution['decided_at']))}")
    if snapshot.feedback is not None:
        answers = [f"{name.upper()} {snapshot.feedback[name]}" for name in ("csat", "nps") if snapshot.feedback.get(name) is not None]
        say(f"  feedback: {', '.join(answers) or snapshot.feedback.get('ended') or 'not answered'}")


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
    for target in snapshot.targets:
        amount = ""
        if target.get("amount_minor") is not None and target.get("currency"):
            amount = ", " + plain_money(Money(amount_minor=int(target["amount_minor"] or 0), currency=str(target["currency"])))
        replaced = f", replaced by {target['replaced_by']}" if target.get("replaced_by") else ""
        say(f"  {target['type']} {target['reference']} at {target['provider']}: {target['status']}{amount}{replaced}")


def _promises(snapshot: Snapshot, promises: Sequence[PromiseView]) -> None:
    say("\nPromises: " + ", ".join(f"{number} {name}" for name, number in snapshot.promises.items()))
    for promise in promises[-5:]:
        end = promise.end.value if promise.end else "open"
        late = f" by {promise.late_s} s" if promise.late_s else ""
        say(f"  {promise.number}. next word {when(promise.due_at)}: {end}{late}")


def _messages(messages: Sequence[MessageView]) -> None:
    if messages:
        say("\nMessages")
    for message in messages:
        also = f" with {', '.join(kind.value for kind in message.also)}" if message.also else ""
        way = f" by {message.channel.value}" if message.channel else ""
        why = f" ({message.reason})" if message.reason else ""
        say(f"  {when(message.ended_at or message.opened_at)}  {message.kind.value}{also}: {message.state.value}{way}{why}")


def fact_line(fact: Fact, bodies: dict[str, str] | None = None) -> str:
    """One line of the timeline."""
    by = f" by {fact.by.who}" if fact.by is not None and fact.by.who != "makegood" else ""
    why = f": {fact.by.why}" if fact.by is not None and fact.by.why else ""
    detail = " ".join(f"{name}={value}" for name, value in fact.detail.items() if value is not None and name not in _NOT_SHOWN)
    text = next((bodies[str(fact.detail[name])] for name in _NOT_SHOWN if bodies and str(fact.detail.get(name)) in bodies), None)
    words = f"{when(fact.occurred_at)}  {fact.type.value.replace('_', ' ')}{by}{why}"
    return words + (f"  {detail}" if detail else "") + (f'  "{text}"' if text else "")


def _text(value: str | int | bool | None) -> str | None:
    return str(value) if value is not None else None
