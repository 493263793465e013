"""The template files: strict, escaped, complete in every language, and versioned."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError

from activities.templates.brand import Brand, Links
from activities.templates.languages import FOLDERS
from activities.templates.samples import sample_plan
from activities.templates.sources import Source, TextSet, built_in, linked, make_environment
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.money import Money
from tests.activities.templates.reading import read


def environment(texts: dict[str, str]) -> Environment:
    return make_environment({name: Source(text, Path(name)) for name, text in texts.items()})


def test_a_missing_name_is_an_error() -> None:
    env = environment({"bad.j2": "Hello {{ nme }}", "deep.j2": "{{ c.ordr|when }}"})
    with pytest.raises(UndefinedError, match="nme"):
        env.get_template("bad.j2").render(name="Anna")
    with pytest.raises(UndefinedError, match="ordr"):
        env.get_template("deep.j2").render(c=sample_plan(CaseKind.REFUND, MessageKind.UPDATE).context, formats=None)


def test_an_unknown_value_is_an_error_not_the_word_none() -> None:
    with pytest.raises(ValueError, match="not known"):
        environment({"bad.j2": "Hello {{ name }}"}).get_template("bad.j2").render(name=None)


@pytest.mark.parametrize("value", [datetime(2026, 3, 5, tzinfo=UTC), Money(amount_minor=4990, currency="EUR"), True, ["a"]])
def test_what_needs_words_or_a_filter_is_not_printed_as_it_is(value: object) -> None:
    with pytest.raises(ValueError, match="right would be words, or a filter"):
        environment({"bad.j2": "{{ value }}"}).get_template("bad.j2").render(value=value)


def test_every_language_has_every_text() -> None:
    for folder in FOLDERS:
        assert set(built_in(folder).sources) == set(built_in("en").sources), folder


def test_html_escapes_what_comes_from_outside() -> None:
    plan = sample_plan(CaseKind.DELAY, MessageKind.REPLY)
    plan.context.item = "<script>alert(1)</script>"
    rendered = read(plan, name="<b>Anna</b>", texts=["1 < 2 & <i>so</i>\n{{ c.order }}"])
    assert rendered.html is not None
    for raw in ("<b>", "<script>", "<i>"):
        assert raw not in rendered.html
    assert "&lt;b&gt;Anna&lt;/b&gt;" in rendered.html
    assert "1 &lt; 2 &amp; &lt;i&gt;so&lt;/i&gt;" in rendered.html
    assert "> {{ c.order }}" in rendered.text  # a lead's text is quoted, never a template


def test_nothing_from_outside_breaks_the_subject() -> None:
    plan = sample_plan(CaseKind.REFUND, MessageKind.UPDATE)
    plan.context.order = "N-1\r\nBcc: someone@else.example"
    subject = read(plan).subject
    assert subject is not None
    assert "\n" not in subject
    assert "\r" not in subject


def test_only_our_own_addresses_become_links() -> None:
    link = "https://nordlicht.example/c?a=1&b=2"
    assert linked(f"see {link} or https://evil.example", [link]) == (
        'see <a href="https://nordlicht.example/c?a=1&amp;b=2">https://nordlicht.example/c?a=1&amp;b=2</a> or https://evil.example'
    )


def test_links_replace_the_request_for_a_reply() -> None:
    links = Links(
        case="https://n.example/c/1",
        not_solved="https://n.example/n/1",
        survey="https://n.example/s/1",
        preferences="https://n.example/p/1",
    )
    for message, link in (
        (MessageKind.ASK, links.case),
        (MessageKind.RESOLUTION, links.not_solved),
        (MessageKind.FEEDBACK_REQUEST, links.survey),
        (MessageKind.FEEDBACK_REQUEST, links.preferences),
        (MessageKind.ACKNOWLEDGEMENT, links.preferences),
    ):
        for locale in FOLDERS:
            plan = sample_plan(CaseKind.REFUND, message, locale)
            rendered = read(plan, links=links)
            assert link is not None
            assert link in rendered.text
            assert f'<a href="{link}">' in (rendered.html or "")
            assert link in read(plan, Channel.SMS, links=links).text
            assert link not in read(plan, Channel.VOICE, links=links).text


def test_a_shop_without_a_mailbox_asks_for_a_call() -> None:
    brand = Brand(name="Nordlicht", sender="Nordlicht", phone="+49 30 5550100")
    for message in MessageKind:
        for locale in FOLDERS:
            plan = sample_plan(CaseKind.REFUND, message, locale)
            text = read(plan, brand=brand).text.lower()
            assert "+49 30 5550100" in text
            assert not any(word in text for word in ("reply to this", "a short reply", "antworten sie", "kurze antwort"))
    with pytest.raises(ValueError, match="reach a person"):
        Brand(name="Nordlicht", sender="Nordlicht")


def test_the_version_names_the_words_a_message_was_made_of() -> None:
    update = read(sample_plan(CaseKind.REFUND, MessageKind.UPDATE)).template_version
    assert update == read(sample_plan(CaseKind.REFUND, MessageKind.UPDATE), name="Someone Else").template_version
    assert update != read(sample_plan(CaseKind.REFUND, MessageKind.UPDATE, "de")).template_version
    assert update != read(sample_plan(CaseKind.REFUND, MessageKind.RESOLUTION)).template_version
    assert built_in("en").whole(("turn.j2",)).version != built_in("en").whole(("hold.j2",)).version
    assert len(update) == 12


def test_the_version_changes_with_a_text_that_is_only_included() -> None:
    def whole(inner: str) -> str:
        texts = {"outer.j2": '{% include "inner.j2" %}', "inner.j2": inner, "other.j2": inner}
        return TextSet("en", {name: Source(text, Path(name)) for name, text in texts.items()}).whole(("outer.j2",)).version

    assert whole("one") != whole("two")
