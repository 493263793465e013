"""What a message must say whatever its words: the facts of conventions.md, "Every message names".

Owns which facts a message owes its reader and whether they stand in its words. Must never hold words of its own beside the names of
facts. Called by rendering (an override that leaves one out is not sent) and by the check of overrides; tests hold our own texts to it.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from activities.templates.formats import Formats, one_line, plain, without_accents
from policies.case.plans import MessageContext, MessagePlan
from policies.case.vocabulary import Channel, MessageKind

_TAG = re.compile(r"<[^>]+>")
_TOLD_NOW = frozenset({MessageKind.NEWS, MessageKind.ACKNOWLEDGEMENT, MessageKind.REOPEN})


class Fact(NamedTuple):
    """`any_of`: one of these must stand in the words. `right`: how a text says it."""

    name: str
    right: str
    any_of: list[str]


def left_out(plan: MessagePlan, channel: Channel, facts: Mapping[str, Any], text: str) -> list[Fact]:
    """The facts that this message owes and `text` does not hold. `facts`: every name that its templates could use."""
    words = _alike(text)
    return [fact for fact in owed(plan, channel, facts) if not any(_alike(form) in words for form in fact.any_of)]


def owed(plan: MessagePlan, channel: Channel, facts: Mapping[str, Any]) -> Iterator[Fact]:
    """Every fact that this message must name, as its reader would see it."""
    c, formats = plan.context, facts["formats"]
    yield Fact("the case number", "{{ c.case_id }}", [formats.spelled(c.case_id)])
    yield Fact("the order", "{{ c.order }}", [formats.spelled(one_line(c.order))])
    for money in c.amounts:
        yield Fact("the amount with its currency", "{{ c.amounts|amounts }}", [formats.money(money)])
    if c.item and not c.amounts:
        yield Fact("the item", "{{ c.item }}", [one_line(c.item)])
    if facts["next_word_at"]:
        yield Fact("the next word: date, time and zone", "{{ next_word_at|due }}", _moment(formats, facts["next_word_at"]))
    brand = facts["brand"]
    ways = [way for way in (brand.phone and formats.spelled(brand.phone), brand.reply_address) if way]
    yield Fact("how to reach a person", "{{ brand.reply_address }} or {{ brand.phone }}", ways)
    yield from _dates(c, facts, formats)
    yield from _of_kinds(c, facts, formats, channel)
    yield from _of_standing(c, facts, formats, channel)


def _dates(c: MessageContext, facts: Mapping[str, Any], formats: Formats) -> Iterator[Fact]:
    if facts["resolved"]:
        assert c.resolution is not None
        yield Fact("when the case was resolved", "{{ c.resolution.decided_at|when }}", _day(formats, c.resolution.decided_at))
        return
    if c.new_date_at:
        yield Fact("the new date of the resolution", "{{ c.new_date_at|due }}", _day(formats, c.new_date_at))
    if facts["resolve_by"]:
        yield Fact("the date of the resolution", "{{ resolve_by|due }}", _day(formats, facts["resolve_by"]))


def _of_kinds(c: MessageContext, facts: Mapping[str, Any], formats: Formats, channel: Channel) -> Iterator[Fact]:
    kinds, links, speech = set(facts["kinds"]), facts["links"], facts["speech"]
    if MessageKind.ACKNOWLEDGEMENT in kinds:
        yield Fact("when the case was opened", "{{ c.opened_at|when }}", _day(formats, c.opened_at))
        if links.preferences and not speech:
            yield Fact("how to choose another channel or stop updates", "{{ links.preferences }}", [links.preferences])
    if MessageKind.APOLOGY in kinds and c.missed_due_at:
        yield Fact("the date that was missed", "{{ c.missed_due_at|due }}", _day(formats, c.missed_due_at))
    if MessageKind.REPLY in kinds and channel is not Channel.EMAIL:  # in an e-mail we quote it ourselves
        for text in facts["texts"]:
            yield Fact("the reply itself", '{{ texts|join(" ") }}', [text])
    if kinds & {MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER} and links.survey and not speech:
        yield Fact("where to answer", "{{ links.survey }}", [links.survey])
    if kinds & {MessageKind.RESOLUTION, MessageKind.TRACE, MessageKind.MONEY_CHECK}:
        yield from _of_resolution(c, facts, formats)


def _of_standing(c: MessageContext, facts: Mapping[str, Any], formats: Formats, channel: Channel) -> Iterator[Fact]:
    if c.owed_update_at:
        yield Fact("the update that was owed", "{{ c.owed_update_at|when }}", _day(formats, c.owed_update_at))
    if says_nothing_new(c, facts, channel):
        yield Fact("since when nothing has changed", "{{ c.unchanged_since|when }}", _moment(formats, c.unchanged_since))
    if facts["asking"]:
        yield Fact("what is wanted of the customer", "{{ ask }}", [facts["ask"]])
        if c.ask_until:
            yield Fact("until when", "{{ c.ask_until|due }}", _moment(formats, c.ask_until))
    elif facts["hold"] and not facts["resolved"]:
        yield Fact("why the case waits", "{{ hold }}", [facts["hold"]])


def _of_resolution(c: MessageContext, facts: Mapping[str, Any], formats: Formats) -> Iterator[Fact]:
    record, kinds, links = c.resolution, facts["kinds"], facts["links"]
    if record is None or record.outcome in ("merged", "withdrawn"):  # these two results are words of ours
        return
    for target in c.targets:
        if target.trace:
            yield Fact("the trace number", "{{ t.trace }} of every t in c.targets", [formats.spelled(target.trace)])
    if record.money_expected_at and MessageKind.TRACE not in kinds:
        yield Fact("when the money shows", "{{ c.resolution.money_expected_at|last_day }}", _day(formats, record.money_expected_at))
    if MessageKind.RESOLUTION not in kinds:
        return
    if facts["outcome"]:
        yield Fact("the result", "{{ outcome }}", [facts["outcome"]])
    for money in record.amounts:
        yield Fact("the amount of the resolution", "{{ c.resolution.amounts|amounts }}", [formats.money(money)])
    if c.feedback_at:
        yield Fact("when we ask how we did", "{{ c.feedback_at|when }}", _day(formats, c.feedback_at))
    if c.money_check_at:
        yield Fact("when we ask whether the money has arrived", "{{ c.money_check_at|when }}", _day(formats, c.money_check_at))
    if facts["reopen_until"] and links.not_solved and not facts["speech"]:
        yield Fact('the link "not solved"', "{{ links.not_solved }}", [links.not_solved])


def says_nothing_new(c: MessageContext, facts: Mapping[str, Any], channel: Channel) -> bool:
    """True where a message must say since when nothing has changed: not where it brings something new."""
    if c.unchanged_since is None or facts["resolved"] or _TOLD_NOW & set(facts["kinds"]):
        return False
    return channel is Channel.EMAIL or shows_standing(facts)


def shows_standing(facts: Mapping[str, Any]) -> bool:
    """A short text that asks for something does not tell the rest as well."""
    return not facts["asking"] and MessageKind.ASK_EXPIRED not in facts["kinds"]


def words_of_page(page: str) -> str:
    """What a reader of HTML sees: not its head, not its tags."""
    return html.unescape(_TAG.sub(" ", page.split("<body", 1)[-1].split(">", 1)[-1]))


def _moment(formats: Formats, at: datetime | None) -> list[str]:
    assert at is not None
    return [formats.due(at), formats.when(at), formats.short_due(at), formats.short(at)]


def _day(formats: Formats, at: datetime) -> list[str]:
    return [*_moment(formats, at), formats.last_day(at), formats.day(at), formats.short_day(at)]


def _alike(text: str) -> str:
    """Neither capitals nor the spaces, quotation marks and accents of a channel make a fact another one."""
    return " ".join(without_accents(plain(one_line(text))).casefold().split())
