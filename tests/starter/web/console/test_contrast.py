"""The console's colours in light and dark: text is readable (WCAG 2.2, 1.4.3), edges of controls are seen (1.4.11)."""

import re
from pathlib import Path

import pytest

from tests.starter.web.portal.test_contrast import contrast

STYLE = (Path(__file__).parents[4] / "starter" / "web" / "pages" / "console" / "console.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2])
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "act", "trouble", "done") for ground in ("paper", "sheet")),
    *((ink, ground) for ink in ("ink", "soft", "act") for ground in ("asks", "good")),
    ("on-act", "act"),
    ("sheet", "trouble"),
]
EDGES = [("edge", "sheet"), ("edge", "paper"), ("asks-line", "paper"), ("asks-line", "sheet"), ("done", "sheet"), ("act", "sheet")]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_is_readable_and_every_edge_is_seen(scheme: dict[str, str]) -> None:
    assert set(scheme) >= {name for pair in (*TEXT, *EDGES) for name in pair}
    for ink, ground in TEXT:
        assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
    for edge, ground in EDGES:
        assert contrast(scheme[edge], scheme[ground]) >= 3, (edge, ground)


def test_every_colour_that_is_used_is_one_of_these() -> None:
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) <= set(LIGHT) == set(DARK)
