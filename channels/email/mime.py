"""The parts of a letter, split by ourselves in time that grows only with its size.

Decides where parts begin and end, and how their bytes are decoded. It never decides which of them is the text.

Why not the standard library: on purpose-made letters its parser takes 18 seconds for a megabyte of empty parts, exhausts
the stack on 2,000 parts within parts, and raises what it likes on unknown charsets. Here every step has a limit, and
what goes past one raises `TooMuch`; the letter is then read without its parts.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from channels.email.charsets import decoded
from channels.email.headers import Headers, read_headers, text_of

MOST_PARTS: Final = 200
DEEPEST: Final = 10
MOST_CANDIDATES: Final = 2_000  # places that look like a part's beginning, true or not
LONGEST_LEAF: Final = 400_000
_PART_HEADERS: Final = 8_192
_LONGEST_VALUE: Final = 4_000
_PARAMETER: Final = re.compile(
    r';\s*([A-Za-z][A-Za-z-]{0,30})(\*?)(?:0\*?)?\s*=\s*(?:"((?:[^"\\]|\\.){0,1000})"|([^\s;"]{1,1000}))'
)
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_ALPHABET))


class TooMuch(Exception):
    """The letter goes past a limit; its text says which, as a code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A leaf (`parts` empty) or a container. `content`: a leaf's bytes, at most 400 kB; `size`: how many there are."""

    headers: Headers
    media_type: str  # lower case
    size: int = 0
    content: bytes = b""
    parts: tuple[Part, ...] = ()

    @property
    def is_attachment(self) -> bool:
        """Whether it is meant to be saved and not to be read."""
        if self.headers.first("content-disposition").partition(";")[0].strip().lower() == "attachment":
            return True
        return self.media_type not in {"text/plain", "text/html"}

    @property
    def file_name(self) -> str:
        """Its name, "" when it has none."""
        disposition = parameters(self.headers.first("content-disposition"))
        return text_of(
            disposition.get("filename") or parameters(self.headers.first("content-type")).get("name", ""), 200
        )

    def text(self, most_bytes: int = LONGEST_LEAF) -> str:
        """The content as text, as far as these bytes go; what cannot be decoded stands as it came."""
        charset = parameters(self.headers.first("content-type")).get("charset")
        return decoded(_decoded_bytes(self.content[:most_bytes], self.headers), charset)


def split(raw: bytes, headers: Headers) -> Part:
    """The letter as a tree. Raises TooMuch."""
    return _Splitter(raw).part(headers, headers.body_begins, len(raw), depth=0, default="text/plain")


def parameters(value: str) -> dict[str, str]:
    """The parameters of a Content-Type or Content-Disposition; of a repeated one the first."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value[:_LONGEST_VALUE]):
        text = re.sub(r"\\(.)", r"\1", match[3]) if match[3] is not None else match[4]
        found.setdefault(match[1].lower(), _extended(text) if match[2] and text.count("'") >= 2 else text)
    return found


class _Splitter:
    """Works on places in the letter, so that nothing is copied but leaves; counts over the whole letter."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parts = 0
        self._candidates = 0

    def part(self, headers: Headers, begin: int, end: int, *, depth: int, default: str) -> Part:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise TooMuch("too_many_parts")
        if depth > DEEPEST:
            raise TooMuch("nested_too_deep")
        value = headers.first("content-type")
        media_type = value[:_LONGEST_VALUE].partition(";")[0].strip().lower() or default
        boundary = parameters(value).get("boundary", "") if media_type.startswith("multipart/") else ""
        inner = tuple(self._inner(begin, end, boundary, media_type, depth)) if boundary else ()
        if inner:
            return Part(headers=headers, media_type=media_type, size=end - begin, parts=inner)
        if media_type.startswith("multipart/"):
            media_type = "text/plain"  # it says it has parts and has none: then what it holds is the text
        content = self._raw[begin : min(end, begin + LONGEST_LEAF)]
        return Part(headers=headers, media_type=media_type, size=end - begin, content=content)

    def _inner(self, begin: int, end: int, boundary: str, media_type: str, depth: int) -> Iterator[Part]:
        default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        for first, last in self._pieces(begin, end, b"--" + boundary.encode("utf-8", "replace")):
            headers = read_headers(self._raw[first : min(last, first + _PART_HEADERS)], _PART_HEADERS)
            yield self.part(headers, first + headers.body_begins, last, depth=depth + 1, default=default)

    def _pieces(self, begin: int, end: int, delimiter: bytes) -> Iterator[tuple[int, int]]:
        """Where the pieces between the delimiter's lines begin and end; the last delimiter may be missing."""
        first: int | None = None
        at = self._raw.find(delimiter, begin, end)
        while at >= 0:
            self._candidates += 1
            if self._candidates > MOST_CANDIDATES:
                raise TooMuch("too_many_parts")
            after = at + len(delimiter)
            line = self._raw[after : min(end, after + 200)].partition(b"\n")[0].rstrip()
            if line in {b"", b"--"} and (at == begin or self._raw[at - 1 : at] in {b"\n", b"\r"}):
                if first is not None:
                    yield first, self._line_before(first, at)
                if line == b"--":
                    return
                first = self._next_line(after, end)
            at = self._raw.find(delimiter, after, end)
        if first is not None:
            yield first, end

    def _line_before(self, first: int, at: int) -> int:
        """The line end before a delimiter belongs to the delimiter."""
        end = at - 1 if self._raw[at - 1 : at] == b"\n" else at
        return max(first, end - 1 if self._raw[end - 1 : end] == b"\r" else end)

    def _next_line(self, at: int, end: int) -> int:
        found = self._raw.find(b"\n", at, end)
        return end if found < 0 else found + 1


def _decoded_bytes(content: bytes, headers: Headers) -> bytes:
    encoding = headers.first("content-transfer-encoding").strip().lower()
    if encoding == "quoted-printable":
        return binascii.a2b_qp(content)
    if encoding == "base64":
        letters = content.translate(None, _NOT_BASE64)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]  # a lone last letter holds no byte
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    return content


def _extended(text: str) -> str:
    """RFC 2231: charset'language'percent-encoded."""
    charset, _, rest = text.partition("'")
    return decoded(unquote_to_bytes(rest.partition("'")[2]), charset)
