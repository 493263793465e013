"""What a customer wrote, without the message that they answered.

Owns where a quotation begins, in the languages that we write in and two more, and the plain text of an HTML mail. Must never lose a
customer's words: where they stand between or below quoted lines, the whole text is kept. Called by the endpoint of inbound e-mail.
"""

import re
from html.parser import HTMLParser

# "On Mon, 2 Mar 2026 at 10:00, Shop <...> wrote:" and its like; mail programs break it into two or three lines.
_ATTRIBUTION = re.compile(
    r"^(on\b.{0,300}\bwrote|am\b.{0,300}\bschrieb\b.{0,200}|le\b.{0,300}\ba écrit|el\b.{0,300}\bescribió)\s*:\s*$",
    re.IGNORECASE | re.DOTALL,
)
_MAY_BEGIN = re.compile(r"\s*(on|am|le|el)\b.{0,300}$", re.IGNORECASE)
_ATTRIBUTION_LINES = 3
# Outlook quotes without marks: everything below belongs to the old message.
_DIVIDER = re.compile(
    r"^(-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|mensaje original)\s*-{2,}|_{20,})\s*$", re.IGNORECASE
)
_HEADER_FROM = re.compile(r"^\*?(from|von|de)\s*:\*?\s.{1,300}$", re.IGNORECASE)
_HEADER_NEXT = re.compile(r"^\*?(sent|gesendet|date|datum|envoyé|enviado|to|an|subject|betreff)\s*:\*?\s", re.IGNORECASE)

_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "blockquote", "table"})
_SILENT = frozenset({"script", "style", "head", "title"})


def without_quotation(text: str) -> str:
    """The new words above the quoted message; the whole text if there are none above, or some below."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines):
        marked = bool(_DIVIDER.match(line.strip())) or _is_header(lines, number)
        end = None if marked else _attribution_end(lines, number)
        if not marked and end is None and not line.startswith(">"):
            continue
        above = "\n".join(lines[:number]).strip()
        quotes_only = marked or not _own_words(lines[(end if end is not None else number) :])
        return above if above and quotes_only else text.strip()
    return text.strip()


def text_of_html(html: str) -> str:
    """The visible words of an HTML mail, a line for each block."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _attribution_end(lines: list[str], number: int) -> int | None:
    """The line after "... wrote:" if it begins here."""
    if not _MAY_BEGIN.match(lines[number]):
        return None
    for count in range(1, _ATTRIBUTION_LINES + 1):
        if _ATTRIBUTION.match(" ".join(line.strip() for line in lines[number : number + count])):
            return number + count
    return None


def _is_header(lines: list[str], number: int) -> bool:
    following = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return bool(_HEADER_FROM.match(lines[number].strip()) and _HEADER_NEXT.match(following))


def _own_words(lines: list[str]) -> bool:
    """Whether anything below is not quoted. Programs that quote without any mark are known by their having none at all."""
    quoted = [line.startswith(">") for line in lines if line.strip()]
    return any(quoted) and not all(quoted)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data.replace("\n", " "))
