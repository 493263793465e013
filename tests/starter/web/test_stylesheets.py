"""Stylesheets as a browser reads them: a brace that is missing would make everything after it hold on narrow screens only."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[3] / "starter" / "web" / "pages"
SHEETS = sorted([*PAGES.rglob("*.css"), *PAGES.rglob("*.css.j2")])


def test_there_are_stylesheets() -> None:
    assert len(SHEETS) >= 4


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_block_ends_where_it_should(sheet: Path) -> None:
    """Rules stand on their own or in one block with a condition; such a block holds no other condition."""
    open_blocks: list[str] = []
    bare = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    for before, brace in re.findall(r"([^{}]*)([{}])", bare):
        if brace == "{":
            open_blocks.append(before.strip())
            assert [block.startswith("@") for block in open_blocks] in ([False], [True], [True, False]), open_blocks
        else:
            assert open_blocks, f"a brace too many after {before.strip()[-60:]}"
            open_blocks.pop()
    assert open_blocks == []
