"""A raw letter as something to be read: its text, and the names of what came with it.

Decides which part of a letter is its text. It never decides who wrote it (people.py) or what is quoted (quoted_text.py).
Every letter can be read: one that goes past a limit is read without its parts and marked, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from channels.cleaning import keepable, one_line
from channels.email.charsets import decoded
from channels.email.headers import Headers, read_headers
from channels.email.html_text import text_of_html
from channels.email.mime import LONGEST_LEAF, Part, TooMuch, split

LONGEST_TEXT: Final = 200_000  # characters
_MOST_ATTACHMENTS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """`text`: all of it, at most 200,000 characters. `quarantined`: the limit it went past, as a code, or None."""

    headers: Headers
    text: str
    attachments: tuple[dict[str, Any], ...] = ()
    quarantined: str | None = None


def read_letter(raw: bytes) -> Letter:
    """Read a letter of any bytes. Never raises."""
    headers = read_headers(raw)
    if not headers.complete:
        return _plainly(raw, headers, "headers_too_long" if headers.values else "no_headers")
    try:
        whole = split(raw, headers)
    except TooMuch as limit:
        return _plainly(raw, headers, str(limit))
    leaves = _leaves(whole)
    attachments = [
        {"name": leaf.file_name, "media_type": one_line(leaf.media_type, 100), "bytes": leaf.size}
        for leaf in leaves
        if leaf.is_attachment
    ]
    text = "\n\n".join(_Texts().of(whole))
    return Letter(
        headers=headers, text=keepable(text, LONGEST_TEXT), attachments=tuple(attachments[:_MOST_ATTACHMENTS])
    )


def _plainly(raw: bytes, headers: Headers, reason: str) -> Letter:
    body = raw[headers.body_begins : headers.body_begins + LONGEST_TEXT]
    return Letter(headers=headers, text=keepable(decoded(body, "utf-8"), LONGEST_TEXT), quarantined=reason)


def _leaves(part: Part) -> list[Part]:
    if not part.parts:
        return [part]
    return [leaf for inner in part.parts for leaf in _leaves(inner)]


class _Texts:
    """What there is to read, in order, until as many bytes were read as any letter may cost."""

    def __init__(self) -> None:
        self._left = LONGEST_LEAF

    def of(self, part: Part) -> list[str]:
        if part.media_type == "multipart/alternative" and part.parts:
            return self._alternative(part)
        if part.parts:
            return [text for inner in part.parts for text in self.of(inner)]
        if part.is_attachment or self._left <= 0:
            return []
        text = part.text(self._left)
        self._left -= len(part.content)
        text = text_of_html(text) if part.media_type == "text/html" else text.strip()
        return [text] if text else []

    def _alternative(self, part: Part) -> list[str]:
        """The plain one, unless it is empty; else the last, which is the best by the letter's own word."""
        plain = [inner for inner in part.parts if inner.media_type == "text/plain"]
        others = [inner for inner in part.parts if inner.media_type != "text/plain"]
        return next(filter(None, (self.of(choice) for choice in (*plain, *reversed(others)))), [])
