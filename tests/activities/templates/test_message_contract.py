"""What every message must say, whatever its kind, channel and language (conventions.md, Messages)."""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from activities.templates.formats import plain
from activities.templates.languages import FOLDERS
from activities.templates.message_contract import left_out
from activities.templates.rendering import drafted
from activities.templates.samples import BRAND, OCCASIONS, TODAY, Sample, sample_plan, samples_of
from activities.templates.sources import built_in
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.providers.statuses import STATUSES
from policies.sms_segments import SmsEncoding, sms_size
from tests.activities.templates.reading import read, whole, words_of_html, words_of_text

Occasion = tuple[MessageKind, tuple[MessageKind, ...]]

# One test for each kind of case and language; the occasions are read within it, and a fault names its own.
READERS = list(itertools.product(CaseKind, FOLDERS))
NEXT_WORD = {
    "en": "Friday, 6 March 2026, 10:00 (CET)",
    "de": "Freitag, 6. März 2026, 10:00 Uhr (MEZ)",
    "fr": "vendredi 6 mars 2026 à 10:00 (CET)",
    "es": "viernes, 6 de marzo de 2026, a las 10:00 (CET)",
}
SHORT_NEXT_WORD = {
    "en": "Next word by Fri 6 Mar, 10:00 CET.",
    "de": "Nächste Nachricht bis Fr., 6. März, 10:00 MEZ.",
    "fr": "Prochain message d'ici au ven. 6 mars, 10:00 CET.",
    "es": "Proximo aviso a mas tardar el vie 6 mar, 10:00 CET.",
}
SHORT_RESOLUTION = {
    "en": "Resolution by Mon 16 Mar, 17:00 CET.",
    "de": "Lösung bis Mo., 16. März, 17:00 MEZ.",
    "fr": "Solution d'ici au lun. 16 mars, 17:00 CET.",
    "es": "Solucion para el lun 16 mar, 17:00 CET.",
}
AMOUNT = {"en": "€49.90", "de": "49,90\u00a0€", "fr": "49,90\u00a0€", "es": "49,90\u00a0€"}
RAW = {status for statuses in STATUSES.values() for status in statuses if "_" in status}


def every_sample(kind: CaseKind, locale: str) -> Iterator[tuple[Occasion, Sample]]:
    for occasion in OCCASIONS:
        for sample in samples_of(kind, occasion[0], locale, occasion[1]):
            yield occasion, sample


def read_sample(sample: Sample, channel: Channel) -> str:
    return whole(
        read(
            sample.plan,
            channel,
            name=sample.name,
            brand=sample.brand,
            links=sample.links,
            last_answered_at=sample.last_answered_at,
            asked_provider=sample.asked_provider,
        )
    )


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize(("kind", "locale"), READERS)
def test_every_message_owes_nothing_to_its_reader(kind: CaseKind, locale: str, channel: Channel) -> None:
    for occasion, sample in every_sample(kind, locale):
        draft = drafted(
            sample.plan,
            channel,
            name=sample.name,
            texts=sample.texts,
            brand=sample.brand,
            last_answered_at=sample.last_answered_at,
            asked_provider=sample.asked_provider,
            today=TODAY,
            links=sample.links,
        )
        rendered = draft.written(built_in(locale))
        missing = left_out(sample.plan, channel, draft.facts, rendered.text)
        assert missing == [], (occasion, rendered.text)


@pytest.mark.parametrize(("kind", "locale"), READERS)
def test_email_names_all_that_it_must(kind: CaseKind, locale: str) -> None:
    for occasion in OCCASIONS:
        _names_all(kind, occasion, locale)


def _names_all(kind: CaseKind, occasion: Occasion, locale: str) -> None:
    plan = sample_plan(kind, occasion[0], locale, also=occasion[1])
    rendered = read(plan)
    context = plan.context
    for part in (rendered.text, rendered.html or ""):
        assert context.case_id in part
        assert context.order in part
        told = (context.item or AMOUNT[locale]) in part
        assert told == (occasion[0] is not MessageKind.ADDRESS_CHANGED)  # whoever reads there may be nobody of the case
        assert BRAND.reply_address is not None
        assert BRAND.reply_address in part
        assert str(BRAND.phone) in part
        if plan.next_word_at:
            assert NEXT_WORD[locale] in part
    assert context.case_id in (rendered.subject or "")
    assert rendered.template_id == f"{kind}.{occasion[0]}.email"
    assert rendered.locale == locale
    assert words_of_text(rendered.text) == words_of_html(rendered.html or "")


@pytest.mark.parametrize(("kind", "locale"), READERS)
@pytest.mark.parametrize("channel", list(Channel))
def test_nothing_raw_reaches_the_customer(kind: CaseKind, locale: str, channel: Channel) -> None:
    for occasion, sample in every_sample(kind, locale):
        text = read_sample(sample, channel)
        for mark in ("{{", "{%", "None", "¶", "Undefined", "simulator", *RAW):
            assert mark not in text, (occasion, text)
        said = re.sub(
            r"https?://\S+", "LINK", text if channel is not Channel.EMAIL else read(sample.plan, channel, links=sample.links).text
        )
        # French parts ; : ? ! from their word: by a no-break space, and by a plain one in an SMS.
        parted = "[.,]" if locale == "fr" and channel is Channel.SMS else "[.,;:?!]"
        assert not re.search(f" {parted}" + r"|\.\.|: *\.|  |,\s*,", said), said
        assert not re.search(r"[.?!:][A-ZÄÖÜÉÀÊÇÁÍÓÚÑ]", said), said


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("kind", list(CaseKind))
@pytest.mark.parametrize("message", list(MessageKind))
def test_sms_is_one_short_text(kind: CaseKind, message: MessageKind, locale: str) -> None:
    plan = sample_plan(kind, message, locale)
    rendered = read(plan, Channel.SMS)
    assert rendered.subject is None
    assert rendered.html is None
    assert "\n" not in rendered.text
    assert plan.context.case_id in rendered.text
    assert plan.context.order in rendered.text
    told = (plan.context.item or plain(AMOUNT[locale])) in rendered.text
    assert told == (message is not MessageKind.ADDRESS_CHANGED)
    assert str(BRAND.phone) in rendered.text
    size = sms_size(rendered.text)
    assert size.encoding is SmsEncoding.GSM_7, rendered.text  # one character outside its alphabet would more than halve the room
    assert size.segments <= 3, (size, rendered.text)


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("kind", list(CaseKind))
def test_a_routine_sms_stays_within_two_segments(kind: CaseKind, locale: str) -> None:
    plan = sample_plan(kind, MessageKind.UPDATE, locale)
    text = read(plan, Channel.SMS).text
    assert sms_size(text).segments <= 2, text
    assert SHORT_NEXT_WORD[locale] in text
    assert SHORT_RESOLUTION[locale] in text


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("kind", list(CaseKind))
def test_a_routine_sms_with_a_long_case_number_and_a_silent_provider_stays_within_three(kind: CaseKind, locale: str) -> None:
    plan = sample_plan(kind, MessageKind.UPDATE, locale)
    plan.context.case_id = "nordlicht-gm-re-2026-03-02-000123-1a2b3c4d"
    text = read(plan, Channel.SMS, last_answered_at=TODAY - timedelta(days=3)).text
    assert sms_size(text).segments <= 3, text


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("kind", list(CaseKind))
@pytest.mark.parametrize("channel", list(Channel))
def test_every_status_has_words(kind: CaseKind, locale: str, channel: Channel) -> None:
    plan = sample_plan(kind, MessageKind.UPDATE, locale)
    target = plan.context.targets[0]
    said = set()
    for status in (*STATUSES[target.type], "a_word_of_next_year"):
        plan.context.targets = [target.model_copy(update={"status": status})]
        text = read(plan, channel).text
        assert "_" not in text
        said.add(text)
    assert len(said) == len(STATUSES[target.type])  # each its own words; an unknown one reads as "still in progress"


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("channel", list(Channel))
def test_whose_turn_it_is_has_words(locale: str, channel: Channel) -> None:
    plan = sample_plan(CaseKind.REFUND, MessageKind.UPDATE, locale)
    said = set()
    for who in ("us", "you", "bank", "carrier", "seller", "nobody"):
        plan.context = plan.context.model_copy(update={"who_acts": who})
        said.add(read(plan, channel).text)
    assert len(said) == 6


def test_voice_spells_numbers_and_names_the_zone() -> None:
    text = read(sample_plan(CaseKind.REFUND, MessageKind.UPDATE), Channel.VOICE).text
    assert "case nordlicht, 1 0 6 1, 1 a 2 b 3 c 4 d, order N, 1 0 4 8 2, 49.90 euros." in text
    assert "Friday, 6 March 2026, 10:00, Central European Standard Time" in text
    assert "call plus, 4 9, 3 0, 5 5 5 0 1 0 0." in text
