"""What the text and the HTML of an e-mail are both made of, so that they say the same.

Owns how the text of a section falls into paragraphs, lists and quotations. Must never hold words. Called by rendering; the layouts print
what comes out.
"""

from typing import NamedTuple

from activities.templates.formats import PARAGRAPH, one_line


class Block(NamedTuple):
    """`shape`: paragraph (one line), list (a line per item) or quote (a line per line)."""

    shape: str
    lines: list[str]


def blocks_of(text: str) -> list[Block]:
    """Paragraphs are parted by a pilcrow; one that begins with "- " is a list, each such line an item."""
    blocks = []
    for part in text.split(PARAGRAPH):
        if part.lstrip().startswith("- "):
            items = ("\n" + part.strip()).split("\n- ")[1:]
            blocks.append(Block("list", [one_paragraph(item) for item in items]))
        elif part.strip():
            blocks.append(Block("paragraph", [one_paragraph(part)]))
    return blocks


def quoted(text: str) -> Block:
    """What a lead wrote, line by line; it is never a template."""
    return Block("quote", [one_line(line) for line in text.strip().splitlines()])


def one_paragraph(text: str) -> str:
    """Spaces and line breaks of the template's own layout become single spaces; a no-break space stays."""
    return " ".join(word for word in text.replace("\n", " ").split(" ") if word)
