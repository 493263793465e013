"""What is an answer to the survey, and what is a sentence."""

import pytest

from starter.web.webhooks.survey_answers import SurveyAnswer, survey_answer

ANSWERS = {
    "5": SurveyAnswer(5),
    " 5. ": SurveyAnswer(5),
    "1!": SurveyAnswer(1),
    "4 8": SurveyAnswer(4, 8),
    "4 and 8": SurveyAnswer(4, 8),
    "4 und 8": SurveyAnswer(4, 8),
    "4 et 8": SurveyAnswer(4, 8),
    "4 y 8": SurveyAnswer(4, 8),
    "4, 8": SurveyAnswer(4, 8),
    "4;8": SurveyAnswer(4, 8),
    "4\n8": SurveyAnswer(4, 8),
    "5 10": SurveyAnswer(5, 10),
    "5 9 thanks": SurveyAnswer(5, 9, "thanks"),
    "2 0. It took three weeks!": SurveyAnswer(2, 0, "It took three weeks!"),
    "5\nSent from my telephone": SurveyAnswer(5, None, "Sent from my telephone"),
    "4 and 8\r\n\r\nBest regards\r\nAda": SurveyAnswer(4, 8, "Best regards\n\nAda".replace("\n\n", "\n")),
}
SENTENCES = [
    "",
    "thanks",
    "0",
    "6",
    "10",
    "55",
    "8 4",
    "5 days ago I wrote to you",
    "5 thanks",
    "4/5",
    "4 / 5",
    "4 of 5",
    "4.5",
    "5 11",
    "3 4.50 EUR are missing",
    "3 5% of it",
    "2 10€ notes",
    "5 9th of March",
    "1 1/2 weeks",
    "It was a 5",
    "4 or 8",
]


@pytest.mark.parametrize("words", ANSWERS)
def test_numbers_are_an_answer(words: str) -> None:
    assert survey_answer(words) == ANSWERS[words]


@pytest.mark.parametrize("words", SENTENCES)
def test_whatever_is_not_plainly_numbers_stays_the_customers_words(words: str) -> None:
    assert survey_answer(words) is None
