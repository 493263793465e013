"""The stylesheet's colours in light and dark: text is readable (WCAG 2.2, 1.4.3), edges of controls are seen (1.4.11)."""

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[4] / "starter" / "web" / "pages" / "portal" / "portal.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2])
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "act", "trouble", "now") for ground in ("paper", "sheet")),
    *((ink, ground) for ink in ("ink", "soft") for ground in ("asks", "good")),
    ("on-act", "act"),
    ("sheet", "trouble"),
    ("sheet", "done"),
]
EDGES = [("edge", "sheet"), ("edge", "paper"), ("asks-line", "paper"), ("done", "paper"), ("act", "paper")]


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_is_readable_and_every_edge_is_seen(scheme: dict[str, str]) -> None:
    assert set(scheme) >= {name for pair in (*TEXT, *EDGES) for name in pair}
    for ink, ground in TEXT:
        assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
    for edge, ground in EDGES:
        assert contrast(scheme[edge], scheme[ground]) >= 3, (edge, ground)


def test_the_measure_is_the_measure() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
