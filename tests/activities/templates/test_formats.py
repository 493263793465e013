"""Money by its own decimals, moments in the reader's zone and language."""

from datetime import UTC, datetime

import pytest

from activities.templates.formats import Formats, for_sms, one_line, plain
from activities.templates.languages import in_language, language_for
from activities.templates.samples import TODAY, sample_plan
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.money import Money
from tests.activities.templates.reading import read


def formats(locale: str = "en", zone: str = "Europe/Berlin", *, seconds: bool = False, speech: bool = False) -> Formats:
    return Formats(language_for(locale), zone, show_seconds=seconds, today=TODAY, speech=speech)


@pytest.mark.parametrize(
    ("locale", "minor", "currency", "shown"),
    [
        ("en", 4990, "EUR", "€49.90"),
        ("de", 4990, "EUR", "49,90 €"),
        ("de-AT", 4990, "EUR", "€ 49,90"),
        ("en", 5000, "JPY", "JP¥5,000"),
        ("de", 5000, "JPY", "5.000 ¥"),
        ("en", 1250, "KWD", "KWD 1.250"),
        ("de", 1250, "KWD", "1,250 KWD"),
        ("en", 1250, "IQD", "IQD 1.250"),  # Babel alone would show none of its three decimals
        ("en-US", 123456, "USD", "$1,234.56"),
        ("en", 123456, "USD", "US$1,234.56"),
        ("fr", 4990, "EUR", "49,90 €"),
        ("es", 4990, "EUR", "49,90 €"),
        ("nl", 4990, "EUR", "€49.90"),
    ],
)
def test_money(locale: str, minor: int, currency: str, shown: str) -> None:
    assert plain(formats(locale).money(Money(amount_minor=minor, currency=currency))) == shown


def test_money_for_the_ear() -> None:
    assert formats(speech=True).money(Money(amount_minor=4990, currency="EUR")) == "49.90 euros"
    assert formats("de", speech=True).money(Money(amount_minor=5000, currency="EUR")) == "50 Euro"


@pytest.mark.parametrize(
    ("locale", "zone", "at", "shown"),
    [
        ("en", "Europe/Berlin", datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "Sunday, 29 March 2026, 01:59 (CET)"),
        ("en", "Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Sunday, 29 March 2026, 03:00 (CEST)"),
        ("de", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Sonntag, 25. Oktober 2026, 02:30 Uhr (MESZ)"),
        ("de", "Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Sonntag, 25. Oktober 2026, 02:30 Uhr (MEZ)"),
        ("en-US", "America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "Sunday, March 8, 2026, 3:00 AM (EDT)"),
        ("en-GB", "America/New_York", datetime(2026, 3, 8, 6, 0, tzinfo=UTC), "Sunday, 8 March 2026, 01:00 (EST)"),
        ("en", "America/Sao_Paulo", datetime(2026, 3, 5, 9, 0, tzinfo=UTC), "Thursday, 5 March 2026, 06:00 (UTC-03:00)"),
        ("en", "UTC", datetime(2026, 3, 5, 9, 0, tzinfo=UTC), "Thursday, 5 March 2026, 09:00 (UTC)"),
    ],
)
def test_moments_across_clock_changes(locale: str, zone: str, at: datetime, shown: str) -> None:
    assert formats(locale, zone).when(at) == shown


def test_seconds_are_shown_on_demand() -> None:
    at = datetime(2026, 3, 5, 9, 0, 7, tzinfo=UTC)
    assert formats(seconds=True).when(at) == "Thursday, 5 March 2026, 10:00:07 (CET)"
    plan = sample_plan(CaseKind.REFUND, MessageKind.UPDATE)
    plan.context.show_seconds = True
    assert "Friday, 6 March 2026, 10:00:00 (CET)" in read(plan).text


def test_a_deadline_at_midnight_belongs_to_the_day_it_ends() -> None:
    midnight = datetime(2026, 3, 15, 23, 0, tzinfo=UTC)
    assert formats().due(midnight) == "the end of Sunday, 15 March 2026 (CET)"
    assert formats("de").due(midnight) == "Sonntag, 15. März 2026, 24:00 Uhr (MEZ)"
    assert formats().short_due(midnight) == "the end of Sun 15 Mar CET"
    assert formats().last_day(midnight) == "Sunday, 15 March 2026"
    assert formats().short_day(midnight) == "Sun 15 Mar"


def test_french_dates_join_day_and_time_and_name_the_first() -> None:
    assert formats("fr").when(TODAY) == "jeudi 5 mars 2026 à 10:00 (CET)"
    assert formats("fr").short(TODAY) == "jeu. 5 mars, 10:00 CET"
    assert formats("fr").day(datetime(2026, 3, 1, 12, tzinfo=UTC)) == "dimanche 1er mars 2026"
    assert formats("fr").due(datetime(2026, 3, 15, 23, tzinfo=UTC)) == "dimanche 15 mars 2026 à 24:00 (CET)"


def test_spanish_dates() -> None:
    assert formats("es").when(TODAY) == "jueves, 5 de marzo de 2026, a las 10:00 (CET)"
    assert formats("es-MX").short(TODAY) == "jue 5 mar, 10:00 CET"


def test_an_sms_drops_accents_only_where_that_makes_it_short() -> None:
    assert for_sms("déjà reçu à Noël, cœur “so”") == 'déjà recu à Noel, coeur "so"'  # é and à are in the alphabet of SMS
    assert for_sms("Größe 5 €") == "Größe 5 €"
    assert for_sms("привет, ça va") == "привет, ça va"  # it would be long all the same


def test_short_dates_name_another_year() -> None:
    assert formats().short(datetime(2027, 1, 7, 9, 0, tzinfo=UTC)) == "Thu 7 Jan 2027, 10:00 CET"
    assert formats("de").short(TODAY) == "Do., 5. März, 10:00 MEZ"


def test_the_next_word_is_told_in_the_readers_zone() -> None:
    plan = sample_plan(CaseKind.REFUND, MessageKind.UPDATE, zone="America/New_York")
    assert "by Friday, 6 March 2026, 04:00 (EST)" in read(plan).text
    assert "by Fri 6 Mar, 04:00 EST" in read(plan, Channel.SMS).text


def test_a_language_without_texts_reads_english() -> None:
    dutch, english = (sample_plan(CaseKind.DELAY, MessageKind.UPDATE, locale) for locale in ("nl", "en"))
    assert read(dutch) == read(english)
    assert read(dutch).locale == "en"
    assert read(sample_plan(CaseKind.DELAY, MessageKind.UPDATE, "de-AT")).locale == "de-AT"


def test_public_words_fall_back_to_english() -> None:
    assert in_language({"en": "we wait", "de": "wir warten."}, language_for("de-AT")) == "wir warten"
    assert in_language({"en": "we wait", "fr": "nous attendons"}, language_for("fr-CA")) == "nous attendons"
    assert in_language({"en": "we wait", "nl": "wij wachten"}, language_for("nl")) == "we wait"
    assert in_language({"fr": "nous attendons"}, language_for("de")) is None
    assert in_language({}, language_for("de")) is None


def test_outside_words_keep_to_one_line() -> None:
    assert one_line("a\r\nBcc: x\u202e¶b") == "a Bcc: x b"
