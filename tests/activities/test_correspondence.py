"""Which link goes with which message."""

from datetime import UTC, datetime

import pytest

from activities.correspondence import Correspondence, Letter
from activities.templates.samples import sample_plan
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from store.link_tokens import LinkSigner, LinkUrls

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK_ID = "AAAAAAAAAAAAAAAAAAAAAA"
URLS = LinkUrls("https://care.example.com", LinkSigner(["k" * 32], lambda: AT.timestamp()))


def _letter(kind: MessageKind, channel: Channel, link_id: str | None = LINK_ID) -> Letter:
    plan = sample_plan(CaseKind.REFUND, kind, "en")
    return Correspondence(URLS, "reply@in.example.com").letter(plan, channel, link_id, AT)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MessageKind.UPDATE, True),
        (MessageKind.FEEDBACK_REQUEST, True),
        (MessageKind.ACKNOWLEDGEMENT, False),
        (MessageKind.RESOLUTION, False),
    ],
)
def test_one_click_is_for_what_the_customer_can_do_without(kind: MessageKind, expected: bool) -> None:
    assert (_letter(kind, Channel.EMAIL).unsubscribe_url is not None) is expected


def test_a_text_message_has_one_link_of_its_own_and_a_call_none() -> None:
    update, survey = _letter(MessageKind.UPDATE, Channel.SMS).links, _letter(MessageKind.FEEDBACK_REQUEST, Channel.SMS).links
    assert [link.rsplit("/", 1)[0] for link in update.all()] == ["https://care.example.com/s"]
    assert [link.rsplit("/", 1)[0] for link in survey.all()] == ["https://care.example.com/f"]
    assert _letter(MessageKind.UPDATE, Channel.VOICE).links.all() == []


def test_an_answer_by_mail_finds_its_case_and_a_contact_without_link_has_none() -> None:
    assert _letter(MessageKind.UPDATE, Channel.EMAIL).headers["Reply-To"].startswith("reply+")
    assert _letter(MessageKind.UPDATE, Channel.SMS).headers == {}
    assert _letter(MessageKind.UPDATE, Channel.EMAIL, None) == Letter()


def test_a_notice_to_a_replaced_address_carries_no_link_and_an_answer_finds_the_case() -> None:
    former = sample_plan(CaseKind.REFUND, MessageKind.ADDRESS_CHANGED, "en")
    letter = Correspondence(URLS, "reply@in.example.com").letter(former, Channel.EMAIL, LINK_ID, AT)
    assert (letter.links.all(), letter.unsubscribe_url) == ([], None)
    present = former.model_copy(update={"context": former.context.model_copy(update={"to_former_address": False})})
    assert Correspondence(URLS, "reply@in.example.com").letter(present, Channel.EMAIL, LINK_ID, AT).links.case is not None
    assert "reply+" in letter.headers["Reply-To"]
