"""The history of a case as people read it: messages as sent, what providers said, what people decided, promises and how they ended.

Owns what stands in one entry and their order, the newest first. Must never show a link of a customer (each opens something by itself), nor
an address or name that is masked elsewhere on the page. Pure; called by the page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.case.contact_words import emails_in, phones_in
from policies.case.facts import Fact
from policies.case.vocabulary import FactType, PromiseEnd
from starter.web.console.case.reasons import why
from starter.web.console.case.said_of_facts import how_long, plainly, told, weight, who
from starter.web.portal.masking import masked_email, masked_phone, without_keys
from store.case_pages import HistoryPage
from store.contacts import Contact, RoleContact
from store.delivery_events import DID_NOT_ARRIVE
from store.standing import DeliveryState, MessageState
from store.views import AlertView, MessageView, PromiseView, TextView

_TEXTS = ("text_ref", "comment_ref")
_TELLING = 7  # last digits that tell one number from another, whatever stands before them: a country, a zero, nothing
_ARRIVED = ("delivered", "read", "answered")
# Their message stands in the history itself, with all that became of it.
_OF_A_MESSAGE = frozenset({FactType.MESSAGE_ACCEPTED, FactType.MESSAGE_REFUSED, FactType.MESSAGE_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was said of a delivery."""

    at: datetime
    words: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was sent."""

    subject: str | None
    text: str | None  # None: erased, or never written
    channel: str
    template: str
    language: str | None
    steps: tuple[Step, ...]
    promise: str | None  # the next word that it names, and what became of that
    kept: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` orders the page; `occurred_at` is the fact's own time where it is another one."""

    at: datetime
    order: int
    kind: str  # message | decision | trouble | talk | news | routine | alert
    line: str
    occurred_at: datetime | None = None
    tag: str | None = None
    tone: str = ""
    person: str | None = None
    role: str | None = None
    why: str | None = None
    text: str | None = None
    letter: Letter | None = None
    seq: int | None = None


class Masks:
    """Takes the customer's name and addresses out of a text, as far as we know them."""

    def __init__(self, contact: Contact | None, *former: Contact) -> None:
        """`former`: how the customer was reached before; older letters have that."""
        pairs: list[tuple[str, str]] = []
        people: list[Contact | RoleContact] = []
        for one in (contact, *former):
            people += [one, *one.roles] if one is not None else []
        for person in people:
            if person.email:
                pairs.append((person.email, masked_email(person.email)))
            if person.phone:
                pairs.append((person.phone, masked_phone(person.phone)))
            if person.name and len(person.name.strip()) > 1:
                pairs.append((person.name.strip(), masked_name(person.name)))
        pairs.sort(key=lambda pair: -len(pair[0]))  # the longest first: "Ada" masked alone would leave the rest of "Ada Brook" behind
        # Whole words only: somebody is called Will, and "will" is no name within "goodwill".
        self._phones = [person.phone for person in people if person.phone]
        self._pairs = [(re.compile(rf"(?<!\w){re.escape(whole)}(?!\w)", re.IGNORECASE), mask) for whole, mask in pairs]

    def over(self, text: str | None) -> str | None:
        if text is None:
            return None
        shown = without_keys(text)
        for whole, mask in self._pairs:
            shown = whole.sub(mask.replace("\\", r"\\"), shown)
        return self._numbers(shown, others=False)

    def over_typed(self, text: str | None) -> str | None:
        """Of what somebody typed: also addresses and numbers that the case does not know, for they are somebody's."""
        if text is None:
            return None
        shown = self.over(text) or ""
        for begin, end in reversed([*emails_in(shown)]):
            if "***" not in shown[begin:end]:
                shown = shown[:begin] + masked_email(shown[begin:end]) + shown[end:]
        return self._numbers(shown, others=True)

    def _numbers(self, text: str, *, others: bool) -> str:
        """Numbers in any spelling: a caller says 07700 900117, the books hold +447700900117."""
        for begin, end in reversed([*phones_in(text)]):
            digits = re.sub(r"\D", "", text[begin:end])
            whole = next((phone for phone in self._phones if phone.endswith(digits[-_TELLING:])), None)
            if whole is not None or others:
                text = text[:begin] + masked_phone(whole or text[begin:end]) + text[end:]
        return text


def masked_name(name: str) -> str:
    """A*** B***: enough to hear whether it is the one who calls."""
    return " ".join(f"{part[:1]}***" for part in name.split())


def entries(page: HistoryPage, masks: Masks, now: datetime) -> list[Entry]:
    """Everything of this page, the newest first."""
    sent = {message.message_id for message in page.messages}
    kept = {message.keeps for message in page.messages if message.keeps is not None}
    found = [_of_message(message, page, masks, now) for message in page.messages]
    found += [_of_alert(alert) for alert in page.alerts]
    found += [_of_erasure(text) for text in page.erasures]
    for fact in page.facts:
        if fact.type in _OF_A_MESSAGE and fact.detail.get("message_id") in sent:
            continue
        if fact.type is FactType.PROMISE_ENDED and fact.detail.get("number") in kept and fact.detail.get("end") == "kept":
            continue  # said with the message that kept it
        found.append(_of_fact(fact, page, masks))
    return sorted(found, key=lambda entry: (entry.at, entry.order), reverse=True)


def _of_fact(fact: Fact, page: HistoryPage, masks: Masks) -> Entry:
    refs = [str(fact.detail[name]) for name in _TEXTS if fact.detail.get(name)]
    body = next((page.texts[ref].body for ref in refs if ref in page.texts), None)
    loud = weight(fact)
    erased = "(erased)" if refs and body == "" else body
    person = who(fact.by)
    own_time = abs(fact.learned_at - fact.occurred_at) >= timedelta(seconds=1)
    return Entry(
        at=fact.learned_at,
        order=fact.seq,
        kind=loud,
        line=told(fact),
        occurred_at=fact.occurred_at if own_time else None,
        tag=_tag(fact, loud),
        tone="bad" if loud == "trouble" else "",
        person=person,
        role=fact.by.role.value if fact.by is not None and person is not None else None,
        why=why(fact),
        text=masks.over_typed(erased),
        seq=fact.seq,
    )


def _tag(fact: Fact, loud: str) -> str:
    if fact.type is FactType.PROVIDER_STATUS:
        return "provider"
    names = {FactType.NOTED: "note", FactType.PHONE_CONTACT: "call", FactType.PROMISE_ENDED: "promise"}
    if fact.type in names:
        return names[fact.type]
    if fact.type in (FactType.CUSTOMER_REPLIED, FactType.CUSTOMER_SUPPLIED, FactType.FEEDBACK_GIVEN):
        return "customer"
    return {"decision": "decision", "trouble": "trouble", "talk": "reply"}.get(loud, "case")


def _of_message(message: MessageView, page: HistoryPage, masks: Masks, now: datetime) -> Entry:
    also = f" with {', '.join(plainly(kind.value) for kind in message.also)}" if message.also else ""
    name = f"{plainly(message.kind.value).capitalize()}{also}"
    standing, bad = _standing(message, page)
    made = page.promises.get(message.makes) if message.makes is not None else None
    kept = page.promises.get(message.keeps) if message.keeps is not None else None
    version = f"version {message.template_version}" if message.template_version else None
    channel = message.channel.value if message.channel is not None else "no channel"
    letter = Letter(
        subject=masks.over(message.subject),
        text=masks.over(message.text),
        channel={"email": "e-mail", "sms": "SMS", "voice": "call"}.get(channel, channel),
        template=", ".join(part for part in (message.template_id, version) if part) or "no template",
        language=message.locale,
        steps=tuple(_steps(message, page)),
        promise=_promised(message, made, now),
        kept=_kept(kept),
    )
    where = f" by {letter.channel}" if message.channel is not None else ""
    return Entry(
        at=message.ended_at or message.opened_at,
        order=message.seq,
        kind="message",
        line=f"{name}{where}: {standing}" + (" (shadow: nothing was sent)" if message.shadow else ""),
        tag="message",
        tone="bad" if bad else "",
        letter=letter,
    )


def _standing(message: MessageView, page: HistoryPage) -> tuple[str, bool]:
    """Where the message stands by the ledger and all reports; and whether somebody should look."""
    events = [event for delivery in message.deliveries for event in page.reports.get(delivery.delivery_id, [])]
    failed = [event for event in events if event.state in DID_NOT_ARRIVE]
    arrived = [event for event in events if event.state.value in _ARRIVED]
    if failed and not arrived:
        return plainly(failed[-1].state.value), True
    if arrived:
        return plainly(arrived[-1].state.value), False
    reason = f" ({plainly(message.reason)})" if message.reason and message.reason != "shadow" else ""
    words = {
        MessageState.SENDING: "on its way",
        MessageState.ACCEPTED: "accepted",
        MessageState.REFUSED: f"refused{reason}",
        MessageState.PARKED: f"parked{reason}" + (f", again {_moment(message.retry_at)}" if message.retry_at else ""),
        MessageState.UNKNOWN: "may have been sent",
        MessageState.SKIPPED: f"not sent{reason}",
    }
    return words[message.state], message.state in (MessageState.REFUSED, MessageState.UNKNOWN)


def _steps(message: MessageView, page: HistoryPage) -> list[Step]:
    steps = [Step(message.opened_at, "written")]
    for delivery in message.deliveries:
        way = {"email": "e-mail", "sms": "SMS", "voice": "call"}[delivery.channel.value]
        nth = f", try {delivery.try_no}" if delivery.try_no > 1 else ""
        if delivery.ended_at is not None:
            reason = f" ({plainly(delivery.reason)})" if delivery.reason else ""
            bad = delivery.state in (DeliveryState.REFUSED, DeliveryState.UNKNOWN)
            steps.append(Step(delivery.ended_at, f"{way}{nth}: {plainly(delivery.state.value)}{reason}", bad))
        for event in page.reports.get(delivery.delivery_id, []):
            reason = f" ({plainly(event.reason)})" if event.reason else ""
            steps.append(
                Step(event.at, f"{way}: {plainly(event.state.value)}{reason}, as {event.provider} reported", event.state in DID_NOT_ARRIVE)
            )
    return sorted(steps, key=lambda step: step.at)


def _promised(message: MessageView, made: PromiseView | None, now: datetime) -> str | None:
    if message.next_word_at is None:
        return None
    words = f"Names the next word: {_moment(message.next_word_at)}"
    if made is None:
        return words
    if made.end is None:
        return f"{words}, {'open' if made.due_at > now else 'overdue'}"
    return f"{words}, {_end(made)}"


def _kept(kept: PromiseView | None) -> str | None:
    if kept is None or kept.end is None:
        return None
    return f"Promise {kept.number} (for {_moment(kept.due_at)}): {_end(kept)}"


def _end(promise: PromiseView) -> str:
    late = f" by {how_long(timedelta(seconds=promise.late_s))}" if promise.end is PromiseEnd.LATE and promise.late_s else ""
    return f"{promise.end.value if promise.end is not None else 'open'}{late}"


def _of_alert(alert: AlertView) -> Entry:
    people = ", ".join(alert.people) or "nobody found"
    clock = f", clock {plainly(alert.clock)}" if alert.clock else ""
    line = f"Alert to {plainly(alert.role)} (level {alert.level}): {plainly(alert.reason)}{clock}"
    told_to = f"told {people}" if alert.sent_at is not None else f"on its way to {people}"
    return Entry(alert.opened_at, 0, "alert", f"{line}; {told_to}", occurred_at=None, tag="alert")


def _of_erasure(text: TextView) -> Entry:
    return Entry(text.at, 0, "decision", f"{text.by.who} erased personal data", tag="erasure", person=text.by.who, why=text.by.why)


def _moment(at: datetime | None) -> str:
    return f"{at:%-d %b %Y, %H:%M} UTC" if at is not None else "–"


def by_day(found: Sequence[Entry]) -> list[tuple[datetime, list[Entry]]]:
    """The entries under their days."""
    days: list[tuple[datetime, list[Entry]]] = []
    for entry in found:
        if not days or days[-1][0].date() != entry.at.date():
            days.append((entry.at, []))
        days[-1][1].append(entry)
    return days
