"""The books in force as people read them; another merchant's policy does not exist."""

from pathlib import Path

import pytest

from policies.book import Threshold
from policies.time.spans import Span
from starter.settings import BOOKS
from starter.web.console.span_words import span_words, threshold_words
from store.engine import Store
from store.people import PersonRole
from tests.starter.web.console.harness import Scene, scene_of


async def test_everybody_reads_promises_clocks_ladders_and_the_version(scene: Scene) -> None:
    async with scene.signed_in(PersonRole.VIEWER) as visitor:
        page = await visitor.get("/console/policies")
        for words in (
            "retail.refund",
            "retail.dispute",
            "2026.11",
            "10 business days from opened",
            "24 hours",
            "the revised date of delivery",
        ):
            assert words in page.text, words
        one = await visitor.get("/console/policies/retail.refund")
        for words in (
            "10 business days from opened to resolved.",
            "<b>at 75 % of the time</b>: owner is told, level 1",
            "<b>1 business day after it was due</b>: head is told, level 3",
            "Directive 2011/83/EU, Article 13(1)",
            "expires after 14 calendar days as denied",
            "100.00 EUR",
            "settled with a goodwill payment",
        ):
            assert words in one.text, words
        assert (await visitor.get("/console/policies/nothing")).status_code == 404


async def test_every_shipped_policy_can_be_read(sqlite_store: Store) -> None:
    for book in sorted(BOOKS.glob("*.toml")):
        scene = scene_of(sqlite_store, policy_books=[book])
        name = f"reader{book.stem.replace('_', '-')}"
        async with scene.signed_in(PersonRole.VIEWER, name) as visitor:
            listed = await visitor.get("/console/policies")
            assert listed.status_code == 200
            for policy_id in {part.split('"')[0] for part in listed.text.split('href="/console/policies/')[1:]}:
                assert (await visitor.get(f"/console/policies/{policy_id}")).status_code == 200, policy_id


async def test_another_merchants_policy_does_not_exist(sqlite_store: Store, tmp_path: Path) -> None:
    retail = (BOOKS / "retail.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(retail.replace('id = "retail.refund"\n', 'id = "retail.refund"\nmatch = { merchant = "acme" }\n', 1), encoding="utf-8")
    scene = scene_of(sqlite_store, policy_books=[own])
    async with scene.signed_in(merchants=["northwind"]) as visitor:
        assert "retail.refund<" not in (await visitor.get("/console/policies")).text
        assert (await visitor.get("/console/policies/retail.refund")).status_code == 404
    async with scene.signed_in(name="all") as visitor:
        assert "merchant acme" in (await visitor.get("/console/policies/retail.refund")).text


@pytest.mark.parametrize(
    ("text", "words"),
    [("10bd", "10 business days"), ("1h", "1 hour"), ("30m", "30 minutes"), ("14cd", "14 calendar days"), ("1.5s", "1.5 seconds")],
)
def test_spans_are_said_as_people_say_them(text: str, words: str) -> None:
    assert span_words(Span.parse(text)) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("75%", "at 75 % of the time"),
        ("100%", "when it is due"),
        ("-24h", "24 hours before it is due"),
        ("+1bd", "1 business day after it was due"),
    ],
)
def test_rungs_too(at: str, words: str) -> None:
    assert threshold_words(Threshold(at=at, level=1, to="lead")) == words
