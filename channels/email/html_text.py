"""The text of a letter that was written in HTML.

Decides which tags break a line, which hide their content and which quote. Nothing active is kept, because nothing but
text is kept. Read by one pass over the tags: the standard library's parser is slow on purpose-made input.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

MOST_CHARACTERS: Final = 200_000
# Possessive, so that a name without end is given up once and not once for each of its letters.
_TAG: Final = re.compile(r"<(?:!--|[!?][^<>]*+>|(/?)([A-Za-z][A-Za-z0-9]*+)[^<>]*+>)")
_BREAKS: Final = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "pre"}
)
_HIDDEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"})
_DEEPEST_QUOTE: Final = 5
_LONG_NUMBER: Final = re.compile(r"&#[xX]?[0-9A-Fa-f]{8,}")  # int() refuses the longest of them


def text_of_html(html: str) -> str:
    """The readable text; what is quoted begins with ">" as in plain letters. Never raises."""
    page = _Page()
    html = html[:MOST_CHARACTERS]
    at = 0
    while match := _TAG.search(html, at):
        page.write(html[at : match.start()])
        if match[0] == "<!--":
            at = _after(re.compile("-->"), html, match.end())
            continue
        name, closing = (match[2] or "").lower(), bool(match[1])
        if name in _HIDDEN and not closing:
            at = _after(re.compile(rf"</{name}[^<>]*+>", re.IGNORECASE), html, match.end())
            continue
        page.tag(name, closing=closing)
        at = match.end()
    page.write(html[at:])
    return page.text()


def _after(end: re.Pattern[str], html: str, start: int) -> int:
    """Behind the end mark; where it is missing, everything to the end is hidden."""
    match = end.search(html, start)
    return match.end() if match else len(html)


class _Page:
    """Lines as they grow."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0

    def write(self, text: str) -> None:
        self._line.append(text)

    def tag(self, name: str, *, closing: bool) -> None:
        if name not in _BREAKS:
            return
        self._end_line()
        if name == "blockquote":
            self._quotes = max(0, self._quotes - 1) if closing else self._quotes + 1

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines).strip()

    def _end_line(self) -> None:
        words = " ".join(unescape(_LONG_NUMBER.sub("", "".join(self._line))).split())
        self._line.clear()
        if words:
            self._lines.append(f"{'>' * min(self._quotes, _DEEPEST_QUOTE)} {words}" if self._quotes else words)
        elif self._lines and self._lines[-1]:
            self._lines.append("")
