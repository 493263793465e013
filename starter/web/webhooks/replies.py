"""A customer's words on their way from the endpoint to the case.

Owns their form in the inbox, and the one text that they become in the books. Must never lose a word silently: what is cut says so.
"""

from pydantic import Field

from policies.case.vocabulary import Channel
from policies.contract import Contract

LONGEST_TEXT = 20_000  # characters; the desk takes no more
_CUT = "\n[... the message goes on; it was cut here]"
_LONGEST_TYPE = 100


class Attachment(Contract):
    """A file that came with a reply: where it is kept, and what makes it recognisable. Its name may be personal and is not kept."""

    address: str
    type: str
    bytes: int | None = None
    sha256: str | None = None
    problem: str | None = None  # why it is not kept by us


class Reply(Contract):
    """Who says it is known by the link that the message carried, or by the number that it came from."""

    channel: Channel
    text: str = ""
    link_id: str | None = None
    number: str | None = None
    attachments: list[Attachment] = Field(default_factory=list)


def bounded(text: str, most: int = LONGEST_TEXT) -> str:
    """At most `most` characters, without characters that no database keeps."""
    clean = text.replace("\x00", "").strip()
    return clean if len(clean) <= most else clean[: most - len(_CUT)].rstrip() + _CUT


def reply_text(reply: Reply) -> str:
    """The words, and one line for each attachment by address and hash."""
    lines = [_line(number, attachment) for number, attachment in enumerate(reply.attachments, start=1)]
    listed = "\n".join(lines)
    words = bounded(reply.text, LONGEST_TEXT - len(listed) - 2)
    return "\n\n".join(part for part in (words, listed) if part) or "[an empty message]"


def _line(number: int, attachment: Attachment) -> str:
    facts = [attachment.type[:_LONGEST_TYPE]]
    if attachment.bytes is not None:
        facts.append(f"{attachment.bytes} bytes")
    if attachment.sha256 is not None:
        facts.append(f"sha256 {attachment.sha256}")
    if attachment.problem is not None:
        facts.append(f"not kept: {attachment.problem}")
    return f"[attachment {number}: {', '.join(facts)}, at {attachment.address}]"
