"""Insight as a page and as CSV: figures with their n, a table for every picture, nobody else's cases."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest

from policies.case.vocabulary import CaseKind, CaseStatus, FactType, PromiseEnd
from starter.insight_table import plain_text
from starter.web.console import charts
from starter.web.console.charts import Value
from starter.web.console.insight_words import group_name, score, span
from store.insight_views import Grouping
from store.people import PersonRole
from store.recorder import Recorder
from tests.starter.web.console.harness import Scene
from tests.store.samples import MONDAY, ended, entry, fact

PERIOD = "from=2026-02-23&until=2026-03-08"
FORMULA = "=HYPERLINK(evil)"


async def _filled(scene: Scene) -> None:
    scene.clock.now = MONDAY + timedelta(days=3)
    recorder = Recorder(scene.store)

    async def case(case_id: str, policy: str = "retail.refund", ends: tuple[PromiseEnd, ...] = (), **row: Any) -> None:
        promises = [ended(number, end) for number, end in enumerate(ends, 1)]
        opened = fact(1, FactType.OPENED, detail={"policy": policy})
        await recorder.commit_entry(entry(case_id, facts=[opened], ended_promises=promises, **row))

    kept, late, broken = PromiseEnd.KEPT, PromiseEnd.LATE, PromiseEnd.BROKEN
    await case("a", ends=(kept,) * 21 + (late, broken, broken), csat=5, nps=10, clocks_met=3, status=CaseStatus.OPEN)
    await case("b", FORMULA, (late,), merchant="beta", kind=CaseKind.DISPUTE, csat=2, opened_at=MONDAY - timedelta(days=7))
    await case("s", shadow=True)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_the_page_shows_pictures_figures_and_how_they_are_counted(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in(PersonRole.VIEWER) as visitor:
        page = await visitor.get(f"/console/insight?{PERIOD}")
        assert page.status_code == 200
        for words in (
            "<b>2</b> cases opened 23 Feb 2026 to 8 Mar 2026 (UTC)",
            "<b>84.0 %</b>",  # 21 of 25 promises
            "broken 8.0 %",
            "n = 25 promises",
            "<b>50.0 %</b>",  # CSAT: one of two
            "n = 2 answers",
            "mean 3.50",
            "<b>+100</b>",
            "How this is counted",
            "have not come back",
        ):
            assert words in page.text, words
        assert page.text.count('<svg class="chart"') == 4  # nothing to draw of resolutions: nobody's is there
        assert page.text.count("nothing measured yet, n = 0") == 2
        assert re.search(r'<th scope="row">2 Mar 2026</th><td class="figure">1</td>', page.text)
        assert "<script" not in page.text
        assert "style=" not in page.text


async def test_figures_of_few_cases_are_marked(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in(PersonRole.VIEWER) as visitor:
        page = await visitor.get(f"/console/insight?{PERIOD}&by=kind")
        for words in ('<td class="figure">87.5 %</td>', '<td class="figure">0.0 %*</td>', "* n below 20", '<span class="tag">few</span>'):
            assert words in page.text, words


async def test_every_grouping_can_be_looked_at_and_taken_along(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in() as visitor:
        for by in Grouping:
            assert (await visitor.get(f"/console/insight?{PERIOD}&by={by.value}")).status_code == 200
            taken = await visitor.get(f"/console/insight.csv?{PERIOD}&by={by.value}")
            assert (taken.status_code, taken.headers["content-type"]) == (200, "text/csv; charset=utf-8")
            assert f'attachment; filename="makegood-insight-2026-02-23-2026-03-08-{by.value}.csv"' == taken.headers["content-disposition"]
            assert _rows(taken.text)[0]["cases"] == "2"


async def test_the_csv_has_every_n_and_no_formula(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in() as visitor:
        whole, first, second = _rows((await visitor.get(f"/console/insight.csv?{PERIOD}&by=policy")).text)
    assert (whole["group"], first["group"], second["group"]) == ("all", f"'{FORMULA}", "retail.refund")
    assert (second["promises_n"], second["promises_kept_percent"], second["promises_broken_percent"]) == ("24", "87.5", "8.3")
    assert (first["csat_n"], first["csat_mean"], first["nps_n"], first["nps"], first["few"]) == ("1", "2.0", "0", "", "promises csat")
    assert {name.split("_")[0] for name in whole if name.endswith("_n")} == {"promises", "sla", "resolution", "first", "csat", "nps"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\uff1d1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert plain_text(text) == f"'{text}"
    assert plain_text(f"a{text}") == f"a{text}"


async def test_filters_and_shadow_cases(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in() as visitor:
        for query, cases in (("", "2"), ("&kind=dispute", "1"), ("&merchant=acme", "1"), ("&shadow=yes", "3"), ("&merchant=nobody", "0")):
            assert _rows((await visitor.get(f"/console/insight.csv?{PERIOD}{query}")).text)[0]["cases"] == cases, query
        usual = await visitor.get("/console/insight")
        assert 'value="2025-12-08"' in usual.text  # thirteen weeks, with this one
        assert 'value="2026-03-05"' in usual.text
        empty = await visitor.get("/console/insight?from=2025-01-01&until=2025-02-01")
        assert "No case was opened in this period" in empty.text


async def test_what_is_wrong_is_said_at_its_field(scene: Scene) -> None:
    async with scene.signed_in() as visitor:
        for query, words in (
            ("from=yesterday", "From: right would be a day as 2026-03-02."),
            ("until=0001-01-01", "Until: right would be a day as 2026-03-02."),
            ("from=2026-03-02&until=2026-03-01", "From: it lies after the last day"),
            ("from=2020-01-01&until=2026-03-01", "From: the period is longer than three years"),
            ("by=person", "Group by: right would be one of week, kind, policy, channel, template."),
            ("kind=x", "Kind: right would be one of"),
        ):
            page = await visitor.get(f"/console/insight?{query}")
            assert page.status_code == 422, query
            assert words in page.text, query
            assert (await visitor.get(f"/console/insight.csv?{query}")).status_code == 422


async def test_other_merchants_cases_do_not_exist(scene: Scene) -> None:
    await _filled(scene)
    async with scene.signed_in(PersonRole.LEAD, merchants=["beta"]) as visitor:
        for query, cases in (("", "1"), ("&merchant=acme", "0"), ("&merchant=beta", "1")):
            assert _rows((await visitor.get(f"/console/insight.csv?{PERIOD}{query}")).text)[0]["cases"] == cases, query
        page = await visitor.get(f"/console/insight?{PERIOD}")
        assert "<b>1</b> case opened" in page.text
        assert "acme" not in page.text


async def test_nobody_sees_figures_without_signing_in(scene: Scene) -> None:
    async with scene.stranger() as stranger:
        for path in ("/console/insight", "/console/insight.csv"):
            assert (await stranger.get(path, follow=False)).status_code == 303


def test_lines_break_where_nothing_was_measured() -> None:
    values = [Value("a", "", {"near": 0}), Value("b", "", {"near": 100}), Value("c", "", None), Value("d", "", {"near": 50}, few=True)]
    drawn = charts.over_time("x", values, charts.percent())
    assert drawn.lines[0].strokes == ["77.2,110.0 155.8,10.0"]
    assert [(dot.y, dot.few) for dot in drawn.lines[0].dots] == [(110.0, False), (10.0, False), (60.0, True)]


def test_columns_stand_on_each_other() -> None:
    (column,) = charts.over_time("x", [Value("a", "", {"good": 75, "bad": 25})], charts.percent(), stacked=True).columns
    assert [(part.style, part.at, part.length) for part in column.parts] == [("good", 35.0, 75.0), ("bad", 10.0, 25.0)]


def test_bars_of_a_score_grow_from_the_middle() -> None:
    drawn = charts.side_by_side("x", [Value("a", "", {"near": 50}), Value("b", "", {"near": -100})], charts.score())
    assert drawn.zero == 180
    assert [(part.at, part.length) for row in drawn.rows for part in row.parts] == [(180.0, 90.0), (0.0, 180.0)]


def test_figures_as_people_say_them() -> None:
    assert [score(value) for value in (None, 0.0, 33.3, -12.6)] == ["\u2013", "0", "+33", "\u221213"]
    assert [span(value) for value in (None, 600, 5400, 86400 * 2.5)] == ["\u2013", "10 min", "1.5 h", "2.5 d"]
    assert group_name(Grouping.CHANNEL, None) == "no message"
    assert group_name(Grouping.WEEK, "2026-03-02", with_year=True) == "2 Mar 2026"
