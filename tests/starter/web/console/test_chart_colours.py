"""The colours of the pictures stand out from their card, in light and dark (WCAG 2.2, 1.4.11)."""

import re

import pytest

from starter.web.console.style import stylesheet
from tests.starter.web.portal.test_contrast import contrast

STYLE = bytes(stylesheet().body).decode()
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2])


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_part_of_a_picture_is_seen(scheme: dict[str, str]) -> None:
    for part in ("act", "done", "warm", "trouble", "soft"):
        assert contrast(scheme[part], scheme["sheet"]) >= 3, part
    for text in ("ink", "soft"):
        assert contrast(scheme[text], scheme["sheet"]) >= 4.5, text
