"""What every message must say, whatever its kind, channel and language (conventions.md, Messages)."""

import itertools
import re

import pytest

from activities.templates.samples import BRAND, sample_plan
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.providers.statuses import STATUSES
from tests.activities.templates.reading import read, whole, words_of_html, words_of_text

M = MessageKind
TOGETHER: list[tuple[MessageKind, tuple[MessageKind, ...]]] = [
    (M.ACKNOWLEDGEMENT, (M.APOLOGY, M.UPDATE)),
    (M.ACKNOWLEDGEMENT, (M.ASK,)),
    (M.RESOLUTION, (M.ACKNOWLEDGEMENT, M.APOLOGY, M.NEWS, M.UPDATE)),
    (M.RESOLUTION, (M.ASK_EXPIRED,)),
    (M.APOLOGY, (M.EXTENSION, M.NEWS, M.UPDATE)),
    (M.REOPEN, (M.APOLOGY, M.NEWS)),
    (M.REPLY, (M.ASK, M.UPDATE)),
    (M.LEGAL_NOTICE, (M.NEWS,)),
]
OCCASIONS = [(kind, ()) for kind in MessageKind] + TOGETHER
EVERYTHING = list(itertools.product(CaseKind, OCCASIONS, ("en", "de")))
NEXT_WORD = {"en": "Friday, 6 March 2026, 10:00 (CET)", "de": "Freitag, 6. März 2026, 10:00 Uhr (MEZ)"}
RAW = {status for statuses in STATUSES.values() for status in statuses if "_" in status}


@pytest.mark.parametrize(("kind", "occasion", "locale"), EVERYTHING)
def test_email_names_all_that_it_must(kind: CaseKind, occasion: tuple[MessageKind, tuple[MessageKind, ...]], locale: str) -> None:
    plan = sample_plan(kind, occasion[0], locale, also=occasion[1])
    rendered = read(plan)
    context = plan.context
    for part in (rendered.text, rendered.html or ""):
        assert context.case_id in part
        assert context.order in part
        assert (context.item or {"en": "€49.90", "de": "49,90\u00a0€"}[locale]) in part
        assert BRAND.reply_address is not None
        assert BRAND.reply_address in part
        assert str(BRAND.phone) in part
        if plan.next_word_at:
            assert NEXT_WORD[locale] in part
    assert context.case_id in (rendered.subject or "")
    assert rendered.template_id == f"{kind}.{occasion[0]}.email"
    assert rendered.locale == locale
    assert words_of_text(rendered.text) == words_of_html(rendered.html or "")


@pytest.mark.parametrize(("kind", "occasion", "locale"), EVERYTHING)
@pytest.mark.parametrize("channel", list(Channel))
def test_nothing_raw_reaches_the_customer(
    kind: CaseKind, occasion: tuple[MessageKind, tuple[MessageKind, ...]], locale: str, channel: Channel
) -> None:
    plan = sample_plan(kind, occasion[0], locale, also=occasion[1])
    text = whole(read(plan, channel))
    for mark in ("{{", "{%", "None", "¶", "Undefined", "simulator", *RAW):
        assert mark not in text
    said = read(plan, channel).text
    assert not re.search(r" [.,;:?]|\.\.|: *\.|  |,\s*,", said), said
    assert not re.search(r"[.?!:][A-ZÄÖÜ]", said), said


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", list(CaseKind))
@pytest.mark.parametrize("message", list(MessageKind))
def test_sms_is_one_short_text(kind: CaseKind, message: MessageKind, locale: str) -> None:
    plan = sample_plan(kind, message, locale)
    rendered = read(plan, Channel.SMS)
    assert rendered.subject is None
    assert rendered.html is None
    assert "\n" not in rendered.text
    assert plan.context.case_id in rendered.text
    assert str(BRAND.phone) in rendered.text
    assert len(rendered.text) <= 480
    # In the alphabet of SMS (GSM 03.38): one character outside it would halve the room.
    assert re.fullmatch(r"[\w @£$¥€!\"#%&'()*+,./:;<=>?-]+", rendered.text)
    assert not re.search(r"[^\x00-\x7fäöüÄÖÜß€£¥§é]", rendered.text)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", list(CaseKind))
@pytest.mark.parametrize("asked", [True, False])
def test_routine_sms_stays_within_two_parts(kind: CaseKind, locale: str, asked: bool) -> None:
    plan = sample_plan(kind, MessageKind.UPDATE, locale)
    plan.context.case_id = "nordlicht-gm-re-2026-03-02-000123-1a2b3c4d"
    text = read(plan, Channel.SMS, asked_provider=asked).text
    assert len(text) <= 320
    assert {"en": "Next word by Fri 6 Mar, 10:00 CET", "de": "Nächste Nachricht bis Fr., 6. März, 10:00 MEZ"}[locale] in text
    assert {"en": "Resolution by Mon 16 Mar, 17:00 CET", "de": "Lösung bis Mo., 16. März, 17:00 MEZ"}[locale] in text


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_status_has_words(kind: CaseKind, locale: str) -> None:
    plan = sample_plan(kind, MessageKind.UPDATE, locale)
    target = plan.context.targets[0]
    said = set()
    for status in (*STATUSES[target.type], "a_word_of_next_year"):
        plan.context.targets = [target.model_copy(update={"status": status})]
        text = read(plan).text
        assert "_" not in text
        said.add(text)
    assert len(said) == len(STATUSES[target.type])  # each its own words; an unknown one reads as "still in progress"


def test_voice_spells_numbers_and_names_the_zone() -> None:
    text = read(sample_plan(CaseKind.REFUND, MessageKind.UPDATE), Channel.VOICE).text
    assert "case nordlicht, 1 0 6 1, 1 a 2 b 3 c 4 d." in text
    assert "Friday, 6 March 2026, 10:00, Central European Standard Time" in text
    assert "call plus, 4 9, 3 0, 5 5 5 0 1 0 0." in text
