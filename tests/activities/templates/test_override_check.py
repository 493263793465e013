"""The check of shops' texts: every problem with its file, its line and what would be right; good ones pass."""

from pathlib import Path

import pytest

from activities.templates.documented import FIELDS, NAMES
from activities.templates.languages import FOLDERS
from activities.templates.override_check import check_overrides, load_overrides
from activities.templates.overrides import OverridesInvalid
from activities.templates.rendering import drafted
from activities.templates.samples import BRAND, TODAY, sample_plan
from activities.templates.sources import built_in
from activities.templates.static_check import static_problems
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from tests.activities.templates.shops import folder

GREETING = "Moin{% if name %} {{ name }}{% endif %}!"


def problems(root: Path, files: dict[str, str]) -> list[str]:
    return [str(problem).removeprefix(f"{root}/") for problem in check_overrides(folder(root, files)).problems]


def test_good_texts_pass_and_are_used(tmp_path: Path) -> None:
    files = {
        "northwind/de/greeting.j2": GREETING,
        "northwind/de/closing.j2": '{% include "signature.j2" %}',
        "northwind/de/signature.j2": "{{ brand.name }}",
        "northwind/summit/en/turn.j2": '{% from "words.j2" import actor with context %}Up next: {{ actor() }}.',
        "README.md": "for people",
        ".git/config": "of version control",
    }
    overrides = load_overrides(folder(tmp_path, files))
    assert {(str(shop), language) for shop, language in overrides.sets} == {("northwind", "de"), ("northwind/summit", "en")}


def test_an_empty_folder_is_no_problem(tmp_path: Path) -> None:
    assert load_overrides(tmp_path).sets == {}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n{% if name %}", 2, "is no template: Unexpected end of template"),
        ("Moin {{ nme }}", 1, '"nme" is no name of a text; did you mean name?'),
        ("{% if resolved %}\n{{ nme }}{% endif %}", 2, '"nme" is no name of a text; did you mean name?'),  # in a branch no sample takes
        ("\n{{ c.ordr }}", 2, 'there is no "c.ordr" for texts; did you mean order?'),
        ("{{ c.merchant }}", 1, "right would be brand.name"),
        ("{{ c.next_word_at|due }}", 1, "right would be next_word_at"),
        ("{% for t in c.targets %}{{ t.provider }}{% endfor %}", 1, 'there is no "t.provider" for texts'),
        ('{{ c.targets|selectattr("stauts")|list|length }}', 1, 'there is no ".stauts" for texts; did you mean status?'),
        ("{{ name|uper }}", 1, 'there is no filter "uper" for texts; did you mean upper?'),
        ("{{ name|safe }}", 1, 'there is no filter "safe" for texts'),
        ("{% if name is defind %}x{% endif %}", 1, 'there is no test "defind"; did you mean defined?'),
        ('{% include "signatur.j2" %}', 1, 'there is no text "signatur.j2"'),
        ('{% include name ~ ".j2" %}', 1, "names a file by an expression; right would be its name in quotes"),
        ('{% from "words.j2" import actr with context %}', 1, '"words.j2" has no macro "actr"; did you mean actor?'),
        ('{% include "email.html.j2" %}', 1, "they cannot be mixed"),
        ("{% autoescape true %}Moin{% endautoescape %}", 1, "autoescape is not for texts to change"),
        ("Moin\n{{ c.opened_at }}", 2, "prints a datetime as it is; right would be words, or a filter such as when or money"),
        ("{{ c.item }}", 1, "a template prints a value that is not known"),
        ("{{ 1 // 0 }}", 1, "fails in resolution of a refund, email"),
        ("{% for t in c.targets %}{{ t.status }}{% endfor %}", 1, "prints a code or a provider's word as it is"),
        ("¶ {% raw %}{{ name }}{% endraw %}", 1, "prints a mark of a template"),
    ],
)
def test_a_wrong_text_is_told_with_its_line_and_what_would_be_right(text: str, line: int, words: str, tmp_path: Path) -> None:
    found = problems(tmp_path, {"northwind/de/greeting.j2": text})
    assert len(found) == 1, found
    assert found[0].startswith(f"northwind/de/greeting.j2:{line}: "), found
    assert words in found[0]


LEAVES_OUT = [
    (
        "next_word.j2",
        "Bald mehr.",
        "leaves out the next word: date, time and zone",
        "{{ next_word_at|due }}, as line 2 of our next_word.j2",
    ),
    ("next_word.j2", "Bis {{ next_word_at|day if next_word_at }}.", "leaves out the next word", "{{ next_word_at|due }}"),
    ("at_a_glance.j2", "{{ c.order }}{{ c.item or '' }}{{ c.amounts|amounts }}", "leaves out the case number", "{{ c.case_id }}"),
    ("at_a_glance.j2", "{{ c.case_id }}{{ c.item or '' }}{{ c.amounts|amounts }}", "leaves out the order", "{{ c.order }}"),
    ("reach.j2", "Wir helfen gern.", "leaves out how to reach a person", "{{ brand.reply_address }} or {{ brand.phone }}"),
    ("turn.j2", "Es geht weiter.", "does not say who acts next", "{{ actor() }}, imported from words.j2"),
    ("standing.j2", "Alles in Arbeit.", "does not say how it stands", "{{ target(t) }} {{ state(t) }}"),
    ("standing.j2", "Alles in Arbeit.", "leaves out since when nothing has changed", "{{ c.unchanged_since|when }}"),
    ("date.j2", "Bald.", "leaves out the date of the resolution", "{{ resolve_by|due }}, as line"),
    ("apology.j2", "Pardon.", "leaves out the date that was missed", "{{ c.missed_due_at|due }}"),
    ("acknowledgement.j2", "Angekommen.", "leaves out when the case was opened", "{{ c.opened_at|when }}"),
    ("ask.j2", "Wir brauchen etwas.", "leaves out what is wanted of the customer", "{{ ask }}"),
    ("reopen.j2", "Wieder offen.", "does not say why the case is open again", "{{ why_reopened() }}"),
    ("trace.j2", "Die Nummer ist da.", "leaves out the trace number", "{{ t.trace }}"),
    ("resolution.j2", "Fertig.", "leaves out the result", "{{ outcome }}"),
    ("resolution.j2", "Fertig.", "leaves out when the money shows", "{{ c.resolution.money_expected_at|last_day }}"),
    ("resolution.j2", "Fertig.", 'leaves out the link "not solved"', "{{ links.not_solved }}"),
    ("choices.j2", "Danke.", "leaves out how to choose another channel or stop updates", "{{ links.preferences }}"),
    ("hold.j2", "Es dauert.", "leaves out why the case waits", "{{ hold }}"),
    ("subject.j2", "", "leaves the subject empty", "{{ c.case_id }} in the subject"),
    ("sms.j2", "{{ c.case_id }}", "leaves out the order", "{{ c.order }}"),
    ("sms.j2", "{{ c.case_id }}", "leaves out the reply itself", '{{ texts|join(" ") }}'),
    ("email.html.j2", "<body>{{ subject }}</body>", "leaves out the next word", "{{ next_word_at|due }}"),
]

_WRONG_IN_A_SHOP = 8  # whose fault it is takes a look at each of them alone, message by message


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """What is told of each of these texts, by file and words: few shops with many wrong texts, since each shop is a check of its own."""
    shops: list[dict[str, str]] = []
    for file, text, *_ in LEAVES_OUT:
        shop = next((shop for shop in shops if len(shop) < _WRONG_IN_A_SHOP and file not in shop), None)
        if shop is None:
            shops.append(shop := {})
        shop[file] = text
    found: dict[tuple[str, str], list[str]] = {}
    for files in shops:
        every = problems(tmp_path_factory.mktemp("shop"), {f"northwind/de/{file}": text for file, text in files.items()})
        by_text = {(file, text): [one for one in every if one.startswith(f"northwind/de/{file}:1: ")] for file, text in files.items()}
        assert len(every) == sum(map(len, by_text.values())), every
        found |= by_text
    return found


@pytest.mark.parametrize(("file", "text", "fact", "right"), LEAVES_OUT)
def test_a_text_that_leaves_out_a_fact_is_told_which_and_how(
    file: str, text: str, fact: str, right: str, told: dict[tuple[str, str], list[str]]
) -> None:
    found = [problem for problem in told[file, text] if fact in problem]
    assert len(found) == 1, told[file, text]
    assert right in found[0]
    assert " (in " in found[0]


def test_the_guilty_one_of_several_texts_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, {"northwind/de/greeting.j2": GREETING, "northwind/de/reach.j2": "-", "northwind/de/closing.j2": "Tschüs"})
    assert [problem.split(":")[0] for problem in found] == ["northwind/de/reach.j2"]


def test_one_that_fails_does_not_hide_what_is_wrong_with_another(tmp_path: Path) -> None:
    found = problems(tmp_path, {"northwind/de/greeting.j2": "{{ 1 // 0 }}", "northwind/de/reach.j2": "-"})
    assert {problem.split(":")[0] for problem in found} == {"northwind/de/greeting.j2", "northwind/de/reach.j2"}


def test_a_macro_that_ours_need_must_stay(tmp_path: Path) -> None:
    ours = built_in("de").sources["words.j2"].text
    found = problems(tmp_path, {"northwind/de/words.j2": ours.replace("macro stage()", "macro stages()")})
    assert found == ['northwind/de/words.j2:1: breaks our standing.j2: "words.j2" has no macro "stage"; did you mean stages?']


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("northwind/de/greting.j2", "no message uses it; did you mean greeting.j2?"),
        ("northwind/de/greeting.txt", "is no text; right would be a file NAME.j2"),
        ("northwind/greeting.j2", "right would be MERCHANT/LANGUAGE/FILE.j2 or MERCHANT/BRAND/LANGUAGE/FILE.j2"),
        ("greeting.j2", "right would be MERCHANT/LANGUAGE/FILE.j2 or MERCHANT/BRAND/LANGUAGE/FILE.j2"),
        ("northwind/xx/greeting.j2", f"is neither a language ({', '.join(FOLDERS)}) nor a brand"),
        ("northwind/de-AT/greeting.j2", f"is neither a language ({', '.join(FOLDERS)}) nor a brand"),
    ],
)
def test_a_file_where_nobody_would_look_for_it_is_told(file: str, words: str, tmp_path: Path) -> None:
    found = problems(tmp_path, {file: "x"})
    assert len(found) == 1
    assert words in found[0]


def test_a_brand_with_a_language_that_we_do_not_write_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, {"northwind/summit/de/greeting.j2": GREETING, "northwind/summit/xx/greeting.j2": GREETING})
    assert found == [f"northwind/summit/xx:1: we write in no such language; known are {', '.join(FOLDERS)}"]


def test_a_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    folder(tmp_path, {"northwind/de/closing.j2": ""})
    (tmp_path / "northwind/de/closing.j2").write_bytes("Grüße".encode("latin-1"))
    assert problems(tmp_path, {}) == ["northwind/de/closing.j2:1: cannot be read: it is not UTF-8"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OverridesInvalid, match="is no folder"):
        load_overrides(tmp_path / "nowhere")


def test_a_broken_folder_is_refused_with_every_problem(tmp_path: Path) -> None:
    files = {"northwind/de/greeting.j2": "{{ nme }}", "northwind/en/reach.j2": "-"}
    with pytest.raises(OverridesInvalid) as refused:
        load_overrides(folder(tmp_path, files))
    assert [line.removeprefix(f"{tmp_path}/").split(":")[0] for line in str(refused.value).splitlines()] == [
        "northwind/de/greeting.j2",
        "northwind/en/reach.j2",
    ]


def test_a_long_sms_is_a_warning_only(tmp_path: Path) -> None:
    ours = built_in("de").sources["sms.j2"].text
    checked = check_overrides(folder(tmp_path, {"northwind/de/sms.j2": ours + " Danke für Ihre Geduld. " * 12}))
    assert checked.problems == []
    assert any("update of a refund, sms is 4 segments long" in warning for warning in checked.warnings)


@pytest.mark.parametrize("language", FOLDERS)
def test_our_own_texts_use_documented_names_only(language: str) -> None:
    texts = built_in(language)
    assert [str(problem) for name in texts.sources for problem in static_problems(name, texts.sources, texts.environment)] == []


def test_the_documented_names_are_there() -> None:
    plan = sample_plan(CaseKind.REFUND, MessageKind.UPDATE)
    facts = drafted(plan, Channel.EMAIL, name=None, texts=[], brand=BRAND, last_answered_at=None, asked_provider=False, today=TODAY).facts
    assert set(facts) - {"formats"} == set(NAMES)
    for model, fields in FIELDS.items():
        known = {*getattr(model, "model_fields", ()), *getattr(model, "_fields", ())}
        assert fields <= known, model


def test_the_document_lists_every_name() -> None:
    page = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
    listed = set(NAMES) | {field for fields in FIELDS.values() for field in fields}
    assert {name for name in listed if f"`{name}`" not in page} == set()
