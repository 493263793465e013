"""/webhooks/twilio/inbound: keywords are obeyed at once and answered once; everything else is words for a case."""

from datetime import datetime, timedelta
from xml.etree import ElementTree

import httpx2
import pytest

from policies.case.vocabulary import CaseStatus, Channel, MessageClass
from starter.web.webhooks.replies import LONGEST_TEXT, Reply, reply_text
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import Store
from store.inbox import InboxState
from store.recorder import Recorder
from store.suppressions import SuppressionReason
from tests.starter.web.webhooks.harness import ADA, Hooks, hooks
from tests.store.rows import suppressions_of
from tests.store.samples import ADMIN, CASE, MONDAY, entry

NUMBER = "+4930123456"
STOPS = ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL", "stop", " Stop. ", "STOPP", "Abmelden"]


def said(answer: httpx2.Response) -> list[str]:
    """The messages that the TwiML answers with."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    root = ElementTree.fromstring(answer.text)
    assert root.tag == "Response"
    return [message.text or "" for message in root.iter("Message")]


@pytest.mark.parametrize("word", STOPS)
async def test_stop_is_in_force_at_once_for_every_class(sqlite_store: Store, word: str) -> None:
    h = hooks(sqlite_store)
    await h.text(word)
    for message_class in MessageClass:
        for channel in (Channel.SMS, Channel.VOICE):  # who wants no texts is not called by a machine instead
            assert await h.suppressions.is_suppressed(channel, NUMBER, message_class) is SuppressionReason.STOP
    (row,) = await h.rows()
    assert (row.kind, row.state, row.payload) == ("stop", InboxState.DONE, {})


async def test_where_twilio_answers_by_itself_we_are_silent(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    assert [said(await h.text(word)) for word in ("STOP", "START", "STOP")] == [[], [], []]
    assert said(await h.text("START", OptOutType="START")) == []
    assert said(await h.text("Schluss", OptOutType="STOP")) == []  # a keyword of the operator's own in Advanced Opt-Out
    assert await h.suppressions.is_suppressed(Channel.SMS, NUMBER, MessageClass.MANDATORY) is SuppressionReason.STOP


async def test_on_a_bare_short_code_stop_is_confirmed_once_in_the_shops_name(sqlite_store: Store) -> None:
    h = hooks(sqlite_store, twilio_answers=False)
    await h.sent(channel=Channel.SMS)
    first, second = said(await h.text("STOP", sid="SM" + "a" * 32)), said(await h.text("STOP"))
    again = said(await h.text("STOP", sid="SM" + "a" * 32))
    assert first == ["Acme & Sons: you will get no more text messages from us. Answer START to get them again."]
    assert (second, again) == ([], [])
    assert said(await h.text("start")) == ["Acme & Sons: you will get text messages from us again. Answer STOP to end them."]


async def test_a_word_that_twilio_does_not_know_is_confirmed_by_us(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await DeskBooks(sqlite_store).save_contact("c1", CASE, "acme", ADA.model_copy(update={"locale": "de"}), MONDAY)
    await h.sent(channel=Channel.SMS)
    assert said(await h.text("Stopp")) == ["Acme & Sons: Sie erhalten keine SMS mehr von uns. Mit START erhalten Sie wieder welche."]


@pytest.mark.parametrize(
    ("word", "locale", "words"),
    [
        ("Arrêt", "fr-FR", "Acme & Sons : vous ne recevrez plus de SMS de notre part. Répondez START pour en recevoir à nouveau."),
        ("baja", "es", "Acme & Sons: no recibirá más SMS nuestros. Responda START para volver a recibirlos."),
    ],
)
async def test_the_words_of_every_language_that_we_write_in_are_obeyed(sqlite_store: Store, word: str, locale: str, words: str) -> None:
    h = hooks(sqlite_store)
    await DeskBooks(sqlite_store).save_contact("c1", CASE, "acme", ADA.model_copy(update={"locale": locale}), MONDAY)
    await h.sent(channel=Channel.SMS)
    assert said(await h.text(word)) == [words]


@pytest.mark.parametrize("word", ["HELP", "info", "Hilfe", "aide", "Ayuda"])
async def test_help_names_the_shop_and_a_person(sqlite_store: Store, word: str) -> None:
    h = hooks(sqlite_store)
    await h.sent(channel=Channel.SMS)
    assert said(await h.text(word)) == [
        "Acme & Sons: messages about your order. A person answers at +4930555000. Answer STOP to end text messages."
    ]
    assert said(await h.text(word, OptOutType="HELP")) == []  # answered there, in words that the operator chose
    assert said(await h.text(word, from_="+4930999999")) == [
        "Customer care: messages about your order. A person answers at care@shop.example. Answer STOP to end text messages."
    ]
    assert await suppressions_of(h.store, Channel.SMS, NUMBER) == []


@pytest.mark.parametrize("word", ["START", "unstop", "YES", "Anmelden"])
async def test_start_lifts_a_stop(sqlite_store: Store, word: str) -> None:
    h = hooks(sqlite_store)
    await h.text("STOP")
    await h.text(word)
    assert await h.suppressions.is_suppressed(Channel.SMS, NUMBER, MessageClass.MANDATORY) is None


async def test_yes_is_an_answer_where_nothing_was_stopped(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    assert said(await h.text("Yes")) == []
    (row,) = await h.rows()
    assert (row.kind, Reply.model_validate(row.payload).text) == ("reply", "Yes")


@pytest.mark.parametrize("words", ["Please stop this", "stop it", "Where is my money? HELP", "cancel my order", "", "👍"])
async def test_anything_else_is_words_for_a_case(sqlite_store: Store, words: str) -> None:
    h = hooks(sqlite_store)
    assert said(await h.text(words)) == []
    (row,) = await h.rows()
    reply = Reply.model_validate(row.payload)
    assert (row.kind, row.state, reply.number, reply.text) == ("reply", InboxState.NEW, NUMBER, words)
    assert await suppressions_of(h.store, Channel.SMS, NUMBER) == []


async def test_the_same_message_five_times_is_one(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    for _ in range(5):
        assert said(await h.text("Where is it?", sid="SM" + "b" * 32)) == []
    assert len(await h.rows()) == 1


async def test_pictures_come_by_their_address(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    media = {"NumMedia": "3", "MediaUrl0": "https://api.twilio.com/M0", "MediaContentType0": "image/jpeg", "MediaUrl1": "javascript:x"}
    await h.text("broken", **media)
    (row,) = await h.rows()
    assert reply_text(Reply.model_validate(row.payload)) == "broken\n\n[attachment 1: image/jpeg, at https://api.twilio.com/M0]"


async def test_a_text_is_bounded_and_says_so(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.text("x" * 40_000 + "\x00")
    (row,) = await h.rows()
    text = Reply.model_validate(row.payload).text
    assert len(text) <= LONGEST_TEXT
    assert text.endswith("it was cut here]")


@pytest.mark.parametrize("sender", ["NORTHWIND", "32665", "", "whatsapp:+4930123456"])
async def test_a_sender_that_is_no_number_is_nobody(sqlite_store: Store, sender: str) -> None:
    h = hooks(sqlite_store)
    assert said(await h.text("STOP", from_=sender)) == []
    assert await h.rows() == []


async def test_a_forged_stop_stops_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    form = {"MessageSid": "SM" + "c" * 32, "From": NUMBER, "Body": "STOP"}
    assert (await h.twilio("/webhooks/twilio/inbound", token="z" * 32, **form)).status_code == 403
    assert (await h.client.post("/webhooks/twilio/inbound", data=form)).status_code == 403
    assert (await h.rows(), await suppressions_of(h.store, Channel.SMS, NUMBER)) == ([], [])


async def test_stop_holds_for_every_case_of_that_number(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await DeskBooks(sqlite_store).save_contact("c9", "another", "other shop", Contact(phone=NUMBER), MONDAY)
    await h.sent(channel=Channel.SMS)
    await h.text("STOP")
    assert await h.suppressions.is_suppressed(Channel.SMS, "+49 30 123456", MessageClass.SURVEY) is SuppressionReason.STOP


async def _ended(h: Hooks, closed_at: datetime = MONDAY) -> None:
    await h.sent(channel=Channel.SMS, at=MONDAY - timedelta(days=40))
    await Recorder(h.store).commit_entry(entry(status=CaseStatus.CLOSED, closed_at=closed_at, next_at=None, as_of_seq=9))


async def test_who_writes_to_a_case_that_has_ended_is_told_so_once_a_day(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await _ended(h)
    h.clock.now = MONDAY + timedelta(days=5)
    told = "Acme & Sons: your case is closed. We pass your message on to a person. You reach one at +4930555000."
    assert said(await h.text("Hello, the money is gone again", sid="SM" + "a" * 32)) == [told]
    assert said(await h.text("Hello, the money is gone again", sid="SM" + "a" * 32)) == []  # the same message, sent again by Twilio
    await DeskBooks(sqlite_store).save_text("t1", CASE, "customer", "as the drain keeps it", ADMIN, h.clock.now)
    h.clock.now += timedelta(hours=23)
    assert said(await h.text("Are you there?")) == []
    h.clock.now += timedelta(hours=2)
    assert said(await h.text("Are you there?")) == [told]
    assert {row.kind for row in await h.rows()} == {"reply"}


async def test_nothing_is_said_to_strangers_to_open_cases_and_after_stop(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    assert said(await h.text("Hello")) == []  # nobody's
    await h.sent(channel=Channel.SMS)
    assert said(await h.text("Hello")) == []  # the case answers
    await _ended(h)
    h.clock.now = MONDAY + timedelta(days=91)
    assert said(await h.text("Hello")) == []  # the number may be another person's by now
    h.clock.now = MONDAY + timedelta(days=5)
    await h.text("STOP")
    assert said(await h.text("Hello")) == []
    await h.text("START")
    assert len(said(await h.text("Hello"))) == 1
