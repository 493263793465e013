"""What each kind of message says beyond the common: the honest standing, what is asked, the result, what comes back."""

from datetime import timedelta

import pytest

from activities.templates.formats import Formats
from activities.templates.languages import language_for
from activities.templates.preview import preview
from activities.templates.samples import LAST_ANSWER, OPENED, TODAY, sample_plan, sample_target
from policies.case.facts import Actor
from policies.case.plans import MessagePlan
from policies.case.state import Resolution
from policies.case.vocabulary import CaseKind, Channel, MessageKind, Role
from policies.money import Money
from starter.web.portal.saying import WORDS
from tests.activities.templates.reading import read

M = MessageKind


def plan_of(message: MessageKind, locale: str = "en", *also: MessageKind) -> MessagePlan:
    return sample_plan(CaseKind.REFUND, message, locale, also=also)


def test_update_says_what_the_provider_last_said() -> None:
    plan = plan_of(M.UPDATE)
    old = TODAY - timedelta(days=3)
    assert "As of Thursday, 5 March 2026, 09:30 (CET), the bank’s system says: the refund of €49.90" in read(plan).text
    assert "has not answered us since Monday, 2 March 2026, 10:00 (CET)" in read(plan, last_answered_at=old).text
    assert "We have asked the bank’s system and have no answer yet." in read(plan, last_answered_at=None).text
    assert "We have not asked the bank’s system again for this message." in read(plan, asked_provider=False).text
    unasked = read(plan, last_answered_at=None, asked_provider=False).text
    assert "We have not been in contact with the bank’s system for this message." in unasked
    assert "No answer from the bank yet." in read(plan, Channel.SMS, last_answered_at=None).text
    german = read(plan_of(M.UPDATE, "de"), last_answered_at=old).text
    assert "Das System der Bank hat uns seit Montag, 2. März 2026, 10:00 Uhr (MEZ) nicht mehr geantwortet." in german


def test_a_fresh_answer_is_news_without_a_claim_of_no_change() -> None:
    for locale, unchanged in (("en", "Nothing has changed"), ("de", "hat sich nichts geändert")):
        assert unchanged in read(plan_of(M.UPDATE, locale)).text
        assert unchanged not in read(plan_of(M.NEWS, locale)).text
    assert "There is news of Thursday, 5 March 2026, 07:00 (CET): the refund" in read(plan_of(M.NEWS)).text


def test_who_acts_next() -> None:
    plan = plan_of(M.UPDATE)
    for who, words in {
        "us": "step is ours",
        "you": "step is yours",
        "bank": "step is the bank’s",
        "carrier": "step is the carrier’s",
        "seller": "step is the seller’s",
        "nobody": "No further step is needed",
    }.items():
        plan.context = plan.context.model_copy(update={"who_acts": who})
        assert words in read(plan).text


def test_date_of_resolution_with_its_reason_and_law() -> None:
    plan = plan_of(M.ACKNOWLEDGEMENT)
    plan.context.resolve_by_why = {"en": "by law, fourteen days after you withdrew"}
    plan.context.resolve_by_citation = "Directive 2011/83/EU, Art. 13"
    text = read(plan).text
    assert "We opened your case on Monday, 2 March 2026, 10:00 (CET)" in text
    assert (
        "by Monday, 16 March 2026, 17:00 (CET) at the latest – by law, fourteen days after you withdrew (Directive 2011/83/EU, Art. 13)."
    ) in text
    assert "want no more updates" in text


def test_a_date_that_passed_is_not_told_as_if_it_held() -> None:
    plan = plan_of(M.UPDATE)
    plan.context.resolve_by = TODAY - timedelta(hours=1)
    assert "That date has passed, and we owe you a new one." in read(plan).text
    plan.context.resolve_by = None
    assert "We cannot name a date for the resolution yet." in read(plan).text


def test_hold_in_public_words() -> None:
    plan = plan_of(M.UPDATE, "de")
    plan.context.hold_public = {"en": "a colleague is looking at your case", "de": "eine Kollegin prüft Ihren Fall"}
    plan.context.hold_since = OPENED
    assert "wartet seit Montag, 2. März 2026, 10:00 Uhr (MEZ). Der Grund: Eine Kollegin prüft Ihren Fall." in read(plan).text
    assert "Eine Kollegin prüft Ihren Fall." in read(plan, Channel.SMS).text


@pytest.mark.parametrize("message", [M.ASK, M.ASK_REMINDER])
def test_asking_says_what_until_when_and_what_otherwise(message: MessageKind) -> None:
    plan = plan_of(message)
    text = read(plan).text
    assert "the bank details for your refund" in text
    assert "until Tuesday, 10 March 2026, 10:00 (CET)" in text
    assert "It is not closed without a word." in text
    assert "There is nothing you need to do" not in text
    plan.context.ask_expiry = "denied"
    assert "we will close the case and write to you about it" in read(plan).text
    assert "denied" not in read(plan).text


def test_any_message_of_a_waiting_case_repeats_what_is_asked() -> None:
    plan = plan_of(M.UPDATE)
    plan.context.ask_public = {"en": "a photo of the damage"}
    plan.context.who_acts = "you"
    assert "We still need something from you: a photo of the damage." in read(plan).text


def test_apology_names_the_missed_promise_and_one_new_date() -> None:
    text = read(plan_of(M.APOLOGY, "en", M.EXTENSION, M.UPDATE)).text
    assert "promised you a resolution by Wednesday, 4 March 2026, 10:00 (CET)" in text
    assert text.count("Wednesday, 11 March 2026, 10:00 (CET)") == 1
    assert text.count("sorry") == 1


def test_no_apology_where_nothing_went_wrong() -> None:
    for message in set(MessageKind) - {M.APOLOGY}:
        for locale, word in (("en", "sorry"), ("de", "leid")):
            assert word not in read(plan_of(message, locale)).text


def test_a_stricter_date_stands_beside_the_new_one() -> None:
    plan = plan_of(M.APOLOGY)
    plan.context.resolve_by = TODAY + timedelta(days=2)
    plan.context.resolve_by_why = {"en": "by law"}
    assert "This date still holds as well: by Saturday, 7 March 2026, 10:00 (CET) – by law." in read(plan).text


def test_an_owed_update_is_owned() -> None:
    plan = plan_of(M.UPDATE)
    plan.context.owed_update_at = LAST_ANSWER - timedelta(days=1)
    assert "We owed you an update on Wednesday, 4 March 2026, 09:30 (CET)" in read(plan).text


def test_resolution_agrees_with_its_record() -> None:
    plan = plan_of(M.RESOLUTION)
    first = sample_target(CaseKind.REFUND, settled=True).model_copy(update={"amount": Money(amount_minor=2000, currency="EUR")})
    second = first.model_copy(
        update={"amount": Money(amount_minor=2990, currency="EUR"), "method": "gift_card", "trace": None, "reference": "re_2"}
    )
    plan.context.targets = [first, second]
    assert plan.context.resolution is not None
    plan.context.resolution.references = [str(first.trace), "re_2"]
    plan.context.trace_follows = True
    text = read(plan).text
    assert "was settled on Thursday, 5 March 2026, 08:00 (CET). The result: refunded." in text
    assert "Amount: €49.90." in text
    assert "- The refund of €20.00 to your card has been carried out (Wednesday, 4 March 2026)." in text
    assert "- The refund of €29.90 to your gift card has been carried out (Wednesday, 4 March 2026)." in text
    assert "by Thursday, 12 March 2026. If it does not, tell us" in text
    assert text.count(str(first.trace)) == 1
    assert "Reference: re_2." in text
    assert "We will send it to you as soon as we have it." in text
    assert "On Friday, 6 March 2026, 10:00 (CET) we will ask you how we did." in text
    assert "Until Saturday, 4 April 2026, 11:00 (CEST)" in text


def test_money_that_should_be_there_already_is_not_announced_as_to_come() -> None:
    plan = plan_of(M.RESOLUTION)
    assert plan.context.resolution is not None
    plan.context.resolution.money_expected_at = TODAY - timedelta(days=1)
    assert "The money should have reached you by Wednesday, 4 March 2026. If it has not, tell us" in read(plan).text


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "look for the missing charge rather than for a credit"), ("de", "eine eigene Gutschrift erscheint nicht")]
)
def test_a_reversal_is_explained(locale: str, words: str) -> None:
    plan = plan_of(M.RESOLUTION, locale)
    plan.context.targets = [target.model_copy(update={"reversal": True, "trace": None}) for target in plan.context.targets]
    assert words in read(plan).text
    assert words not in read(plan_of(M.RESOLUTION, locale)).text


@pytest.mark.parametrize(
    ("outcome", "english", "german"), [("withdrawn", "withdrawn", "zurückgezogen"), ("merged", "joined", "zusammengelegt")]
)
def test_withdrawn_and_merged_cases_end_properly(outcome: str, english: str, german: str) -> None:
    for locale, word in (("en", english), ("de", german)):
        plan = plan_of(M.RESOLUTION, locale)
        plan.context.resolution = Resolution(
            outcome=outcome, references=["nordlicht-other-9f8e7d6c"], by=Actor(who="lead.sample", role=Role.LEAD), decided_at=TODAY
        )
        plan.context.outcome_public = {}
        plan.context.feedback_at = None
        plan.context.reopen_until = TODAY
        for channel in (Channel.EMAIL, Channel.SMS):
            text = read(plan, channel).text
            assert word in text
            assert "not solved" not in text.lower()
            assert "nicht gelöst" not in text.lower()
        assert ("nordlicht-other-9f8e7d6c" in read(plan, Channel.SMS).text) == (outcome == "merged")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("refund_failed", "did not reach you after all"),
        ("customer_not_solved", "not solved for you"),
        ("dispute_reopened", "taken your dispute up again"),
        ("delivery_lost", "new problem with your parcel"),
        ("a_code_of_next_year", "something left for us to do"),
        (None, "something left for us to do"),
    ],
)
def test_reopen_says_why(code: str | None, words: str) -> None:
    plan = plan_of(M.REOPEN)
    plan.context.reopened_because = code
    plan.context.unchanged_since = TODAY  # what the rules hand over: the last news is the very reason
    text = read(plan).text
    assert words in text
    assert "under the same number" in text
    assert "that question is closed" in text
    assert "Wednesday, 11 March 2026, 10:00 (CET)" in text
    assert "Nothing has changed" not in text


def test_trace_number_and_its_use() -> None:
    text = read(plan_of(M.TRACE)).text
    assert "trace number of your refund, as announced: 74537604221010000123456." in text
    assert "give this number to your bank" in text


@pytest.mark.parametrize("message", [M.FEEDBACK_REQUEST, M.FEEDBACK_REMINDER])
def test_feedback_asks_two_scales_until_when_and_how_to_stop(message: MessageKind) -> None:
    for channel in (Channel.EMAIL, Channel.SMS):
        text = read(plan_of(message), channel).text
        assert "1" in text
        assert "10" in text
        assert "13 Mar" in text
        assert "ore questions" in text or "ore surveys" in text


def test_reply_quotes_the_lead() -> None:
    rendered = read(plan_of(M.REPLY), texts=["First line\n\nSecond line", "Another"])
    assert "> First line\n> \n> Second line\n\n> Another" in rendered.text
    assert (
        "Our reply: First line Second line Another"
        in read(plan_of(M.REPLY), Channel.SMS, texts=["First line\nSecond line", "Another"]).text
    )


def test_many_parts_are_counted_in_sms_and_listed_in_email() -> None:
    plan = plan_of(M.UPDATE)
    done = sample_target(CaseKind.REFUND, settled=True)
    plan.context.targets = [
        done,
        sample_target(CaseKind.REFUND, settled=False),
        done.model_copy(update={"status": "unknown", "status_at": None}),
    ]
    assert "1 of 3 parts are done." in read(plan, Channel.SMS).text
    assert "- Wednesday, 4 March 2026, 07:00 (CET): the refund of €49.90 to your card has been carried out." in read(plan).text
    assert "- The refund of €49.90 to your card has not been reported on yet." in read(plan).text


def test_a_dispute_tells_when_we_must_answer_and_a_delay_the_new_day() -> None:
    dispute = sample_plan(CaseKind.DISPUTE, M.UPDATE)
    dispute.context.targets = [target.model_copy(update={"status": "needs_response"}) for target in dispute.context.targets]
    assert "waiting for our answer to the bank, due by Monday, 9 March 2026, 10:00 (CET)." in read(dispute).text
    delay = sample_plan(CaseKind.DELAY, M.UPDATE)
    assert "promised for Sunday, 1 March 2026. It is now expected by Tuesday, 10 March 2026." in read(delay).text
    delay.context.delay_revised_at = None
    assert "We cannot tell you a new day of delivery yet." in read(delay).text


def test_without_a_next_word_the_message_says_so() -> None:
    plan = plan_of(M.NEWS)
    plan.next_word_at = plan.context.next_word_at = None
    assert "No time is set for our next message." in read(plan).text


def test_a_resolution_by_sms_names_result_parts_and_way_of_payment() -> None:
    plan = plan_of(M.RESOLUTION)
    assert "Result: refunded. Paid to your card." in read(plan, Channel.SMS).text
    card = sample_target(CaseKind.REFUND, settled=True).model_copy(update={"amount": Money(amount_minor=2000, currency="EUR")})
    gift = card.model_copy(update={"amount": Money(amount_minor=2990, currency="EUR"), "method": "gift_card", "reference": "re_2"})
    plan.context.targets = [card, gift]
    assert "Paid €20.00 to your card, €29.90 to your gift card." in read(plan, Channel.SMS).text
    plan.context.targets = [card.model_copy(update={"reversal": True})]
    reversed_ = read(plan, Channel.SMS).text
    assert "Paid" not in reversed_
    assert "The charge itself was undone; no separate credit will appear." in reversed_


def test_a_short_text_says_that_there_is_no_date_or_that_it_has_passed() -> None:
    plan = plan_of(M.UPDATE)
    plan.context.resolve_by = None
    assert "No date for the resolution yet." in read(plan, Channel.SMS).text
    plan.context.resolve_by = TODAY - timedelta(hours=1)
    assert "The date for the resolution, Thu 5 Mar, 09:00 CET, has passed; we owe you a new one." in read(plan, Channel.SMS).text


def test_a_stricter_date_stands_beside_the_new_one_in_a_short_text() -> None:
    plan = plan_of(M.APOLOGY)
    plan.context.resolve_by = TODAY + timedelta(days=2)
    text = read(plan, Channel.SMS).text
    assert "New date for the resolution: Wed 11 Mar, 10:00 CET. Also still: Resolution by Sat 7 Mar, 10:00 CET." in text


def test_a_preview_is_the_message_of_a_sample() -> None:
    shown = preview(CaseKind.DISPUTE, M.NEWS, "de", Channel.EMAIL, (M.UPDATE,))
    assert shown.template_id == "dispute.news.email"
    assert shown == read(sample_plan(CaseKind.DISPUTE, M.NEWS, "de", also=(M.UPDATE,)))


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
def test_a_letter_that_waits_says_that_its_date_stands_still_in_the_pages_own_words(locale: str) -> None:
    """Else a photo is wanted by the 6th for a case that is "to be resolved by the 4th at the latest"."""
    plan = plan_of(M.ASK, locale)
    still = WORDS[locale]["date.still"]
    held = plan.model_copy(update={"context": plan.context.model_copy(update={"resolve_by_moves": True})})
    assert still in read(held).text
    assert still not in read(plan).text  # a date of law does not stand still
    date = Formats(language_for(locale), plan.context.zone, show_seconds=False, today=TODAY).short_due(plan.context.resolve_by or TODAY)
    assert f"{date} (" in read(held, Channel.SMS).text
    assert f"{date} (" not in read(plan, Channel.SMS).text
    given = {"new_date_at": plan.context.resolve_by, "hold_since": OPENED}
    extended = plan.model_copy(update={"context": plan.context.model_copy(update=given)})
    assert still in read(extended).text


def test_a_case_has_been_waiting_since() -> None:
    plan = plan_of(M.UPDATE)
    plan.context.hold_public = {"en": "a colleague is looking at your case"}
    plan.context.hold_since = OPENED
    assert "Your case has been waiting since Monday, 2 March 2026, 10:00 (CET). The reason: a colleague" in read(plan).text
