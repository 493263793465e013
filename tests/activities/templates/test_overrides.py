"""A shop's own texts over ours: which are used, what the ledger is told, and that none of them stops a message or does harm."""

import logging
from pathlib import Path

import pytest

from activities.templates.overrides import Overrides
from activities.templates.rendering import Rendered
from activities.templates.samples import NAME, sample_plan
from activities.templates.sources import built_in
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from tests.activities.templates.reading import read, words_of_html
from tests.activities.templates.shops import unchecked

M = MessageKind
MOIN = "Moin{% if name %} {{ name }}{% endif %}!"


def message(
    overrides: Overrides | None,
    kind: MessageKind = M.UPDATE,
    locale: str = "de",
    channel: Channel = Channel.EMAIL,
    *,
    merchant: str = "northwind",
    brand: str | None = None,
    name: str | None = NAME,
    order: str = "N-10482",
) -> Rendered:
    plan = sample_plan(CaseKind.REFUND, kind, locale)
    plan.context.merchant, plan.context.brand, plan.context.order = merchant, brand, order
    return read(plan, channel, name=name, overrides=overrides)


def test_a_shops_text_replaces_ours_file_by_file(tmp_path: Path) -> None:
    own = unchecked(tmp_path, {"northwind/de/greeting.j2": MOIN})
    rendered, ours = message(own), message(None)
    assert rendered.text.startswith(f"Moin {NAME}!")
    assert f"Moin {NAME}!" in (rendered.html or "")
    assert rendered.text.split("\n", 1)[1] == ours.text.split("\n", 1)[1]  # the rest stays ours
    assert rendered.subject == ours.subject


def test_other_shops_languages_and_messages_stay_ours(tmp_path: Path) -> None:
    own = unchecked(tmp_path, {"northwind/de/greeting.j2": MOIN})
    assert message(own, merchant="someone else") == message(None, merchant="someone else")
    assert message(own, locale="en") == message(None, locale="en")
    assert message(own, channel=Channel.SMS) == message(None, channel=Channel.SMS)  # it does not use that file


def test_a_brands_texts_lie_over_its_merchants(tmp_path: Path) -> None:
    files = {"northwind/de/greeting.j2": MOIN, "northwind/de/closing.j2": "Tschüs", "northwind/summit/de/greeting.j2": "Servus!"}
    own = unchecked(tmp_path, files)
    brand, merchant = message(own, brand="summit"), message(own, brand="another")
    assert brand.text.startswith("Servus!")
    assert brand.text.rstrip().endswith("Tschüs")
    assert brand.template_id == "refund.update.email@northwind/summit"
    assert merchant.text.startswith("Moin")
    assert merchant.template_id == "refund.update.email@northwind"
    assert message(own, merchant="another", brand="summit").template_id == "refund.update.email"  # that shop's brand is another one


def test_the_ledger_is_told_whose_words_and_which_version(tmp_path: Path) -> None:
    ours = message(None)
    first = message(unchecked(tmp_path / "1", {"northwind/de/greeting.j2": MOIN}))
    second = message(unchecked(tmp_path / "2", {"northwind/de/greeting.j2": MOIN + " "}))
    other = message(unchecked(tmp_path / "3", {"northwind/de/greeting.j2": MOIN, "northwind/de/trace.j2": "-"}))
    assert ours.template_id == "refund.update.email"
    assert first.template_id == second.template_id == "refund.update.email@northwind"
    assert len({ours.template_version, first.template_version, second.template_version}) == 3
    assert first.template_version == other.template_version  # a file that the message does not use


def test_the_version_follows_what_a_shops_text_includes(tmp_path: Path) -> None:
    files = {"northwind/de/closing.j2": '{% include "signature.j2" %}'}
    one = message(unchecked(tmp_path / "1", {**files, "northwind/de/signature.j2": "Ihre Anna"}))
    two = message(unchecked(tmp_path / "2", {**files, "northwind/de/signature.j2": "Ihr Ben"}))
    assert one.text.rstrip().endswith("Ihre Anna")
    assert one.template_version != two.template_version


def test_ours_import_from_a_shops_words(tmp_path: Path) -> None:
    ours = built_in("de").sources["words.j2"].text
    own = unchecked(tmp_path, {"northwind/de/words.j2": ours.replace("wird bearbeitet", "ist in Arbeit")})
    assert "ist in Arbeit" in message(own).text
    assert "ist in Arbeit" in message(own, channel=Channel.SMS).text


@pytest.mark.parametrize(
    "broken",
    [
        "Moin {{ nme }}",
        "Moin {{ 1 // 0 }}",
        "{% if %}",
        '{% include "no such file.j2" %}',
        '{% from "words.j2" import no_such_macro with context %}{{ no_such_macro() }}',
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ c.case_id|no_such_filter }}",
        "{{ c.item }}",  # not known in this case
    ],
)
def test_a_text_that_breaks_later_gives_way_to_ours(broken: str, tmp_path: Path) -> None:
    rendered, ours = message(unchecked(tmp_path, {"northwind/de/greeting.j2": broken})), message(None)
    assert rendered.template_id == "refund.update.email@northwind:broken"
    assert rendered.model_copy(update={"template_id": ours.template_id}) == ours


@pytest.mark.parametrize(
    ("file", "forgets"),
    [
        ("next_word.j2", "{% if c.order == 'N-1' %}Bald mehr.{% else %}Bis {{ next_word_at|due }}.{% endif %}"),
        ("at_a_glance.j2", "{{ c.case_id }}, {{ c.amounts|amounts }}{% if c.order != 'N-1' %}, {{ c.order }}{% endif %}"),
        ("reach.j2", "{% if c.order != 'N-1' %}{{ brand.phone }}{% endif %}"),
    ],
)
def test_a_text_that_forgets_a_fact_later_gives_way_to_ours(file: str, forgets: str, tmp_path: Path) -> None:
    own = unchecked(tmp_path, {f"northwind/de/{file}": forgets, "northwind/de/subject.j2": "Neues", "northwind/de/closing.j2": "Tschüs"})
    assert message(own).template_id == "refund.update.email@northwind"
    special = message(own, order="N-1")
    assert special.template_id == "refund.update.email@northwind:broken"
    assert special.text == message(None, order="N-1").text


def test_what_is_logged_of_a_broken_text_holds_nothing_personal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = unchecked(tmp_path, {"northwind/de/greeting.j2": "Moin\n{{ name|int + c.order }}", "northwind/en/reach.j2": "-"})
    with caplog.at_level(logging.WARNING):
        assert message(own, order="N-4711").template_id.endswith(":broken")
        assert message(own, locale="en", order="N-4711").template_id.endswith(":broken")
    raised, forgotten = (record.getMessage() for record in caplog.records)
    assert f"at={tmp_path}/northwind/de/greeting.j2:2" in raised
    assert "shop=northwind message=refund.update.email facts=how to reach a person" in forgotten
    for personal in (NAME, "Anna", "4711", "N-4711"):
        assert personal not in raised + forgotten


@pytest.mark.parametrize(
    "reaching",
    [
        "{{ c.__class__ }}",
        "{{ c.model_dump() }}",
        "{{ c.contact_ref }}",
        "{{ c['merchant'] }}",
        "{{ brand.sender }}",
        "{{ c.targets[0].provider }}",
        "{{ c.targets|map(attribute='provider')|join }}",
        "{{ c.amounts[0].amount_minor }}",
        "{{ c.opened_at.year }}",
        "{{ formats.money(c.amounts[0]) }}",
        "{{ name.upper() }}",
        "{{ '%s'.format(name) }}",
        "{{ texts.append('x') }}",
        "{{ c.targets.clear() }}",
        "{{ name|attr('upper') }}",
        "{{ name|safe }}",
        "{{ 'x' * 100000000 }}",
        "{{ [1] * 100000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ range(9) }}",
        "{{ lipsum() }}",
        "{{ self.__init__ }}",
        "{{ namespace.__init__ }}",
        '{% include "/etc/hostname" %}',
        '{% include "../../en/greeting.j2" %}',
    ],
)
def test_a_text_reaches_nothing_beyond_the_documented_names(reaching: str, tmp_path: Path) -> None:
    rendered = message(unchecked(tmp_path, {"northwind/de/greeting.j2": reaching}))
    assert rendered.template_id == "refund.update.email@northwind:broken"
    assert rendered.text == message(None).text


def test_a_text_cannot_change_the_case_that_it_reads(tmp_path: Path) -> None:
    own = unchecked(tmp_path, {"northwind/de/greeting.j2": "{% set c = 1 %}{% set kinds = [] %}Moin!"})
    assert "N-10482" in message(own).text


@pytest.mark.parametrize("raw", ["<b>Moin</b><script>x()</script>", "{{ '<b>'|e }}Moin</b><script>x()</script>"])
def test_a_text_brings_no_html(raw: str, tmp_path: Path) -> None:
    rendered = message(unchecked(tmp_path, {"northwind/de/greeting.j2": raw}))
    assert rendered.template_id == "refund.update.email@northwind"
    assert "<b>" not in (rendered.html or "")
    assert "<script>" not in (rendered.html or "")


LAYOUT = """<html lang="{{ tag }}"><head><title>{{ subject }}</title></head><body><h1>{{ brand.name }}</h1>
{% for block in blocks %}{% for line in block.lines %}<p>{{ line|linked(links) }}</p>{% endfor %}{% endfor %}</body></html>"""


def test_a_shops_own_layout_escapes_what_it_prints(tmp_path: Path) -> None:
    own = unchecked(tmp_path, {"northwind/de/email.html.j2": LAYOUT})
    rendered = message(own, name="<b>Anna</b>")
    assert rendered.template_id == "refund.update.email@northwind"
    assert "<h1>Nordlicht</h1>" in (rendered.html or "")
    assert "&lt;b&gt;Anna&lt;/b&gt;" in (rendered.html or "")
    assert rendered.text == message(None, name="<b>Anna</b>").text


def test_a_layout_that_drops_a_paragraph_gives_way_to_ours(tmp_path: Path) -> None:
    own = unchecked(tmp_path, {"northwind/de/email.html.j2": LAYOUT.replace("in blocks", "in blocks[:2]")})
    rendered = message(own)
    assert rendered.template_id == "refund.update.email@northwind:broken"
    assert "N-10482" in words_of_html(rendered.html or "")


def test_a_reply_is_quoted_and_never_a_template_in_a_shops_words(tmp_path: Path) -> None:
    plan = sample_plan(CaseKind.REFUND, M.REPLY, "de")
    plan.context.merchant = "northwind"
    own = unchecked(tmp_path, {"northwind/de/reply.j2": "Wir antworten:"})
    rendered = read(plan, texts=["{{ c.order }} <i>x</i>"], overrides=own)
    assert "Wir antworten:\n\n> {{ c.order }} <i>x</i>" in rendered.text
    assert "<i>" not in (rendered.html or "")
