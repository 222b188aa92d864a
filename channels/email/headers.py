"""A letter's headers, read by ourselves, in time that depends on a limit and not on the sender.

Decides what a header says: its lines joined, its encoded words decoded. The standard library's header parser is not
used: 40 KB of quotation marks in From keep it busy for 15 seconds, and some addresses make it raise.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from channels.cleaning import one_line
from channels.email.charsets import decoded

MOST_BYTES: Final = 65_536  # of all headers together; what is longer is not read
MOST_HEADERS: Final = 500
_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_NAME: Final = re.compile(rb"([!-9;-~]{1,80})[ \t]*:[ \t]*")
_WORD: Final = re.compile(
    r"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([BbQq])\?([^?\s]{0,2000})\?=(\s+(?==\?))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Headers:
    """`values`: by lower-case name, in order, joined but not decoded. `complete`: False when there are none or the limit cut them."""

    values: dict[str, list[str]] = field(default_factory=dict)
    body_begins: int = 0
    complete: bool = True

    def all(self, name: str) -> list[str]:
        """Every value of this header."""
        return self.values.get(name, [])

    def first(self, name: str) -> str:
        """Its first value, "" when it is missing."""
        return self.values.get(name, [""])[0]


def read_headers(raw: bytes, most_bytes: int = MOST_BYTES) -> Headers:
    """The headers of a letter or of a part of one, as far as they go. Never raises."""
    if raw[:1] in {b"\n", b"\r"}:  # a part without headers begins with an empty line
        return Headers(body_begins=2 if raw[:2] == b"\r\n" else 1, complete=False)
    end = _END.search(raw, 0, most_bytes)
    block = raw[: end.start()] if end else raw[:most_bytes]
    values: dict[str, list[str]] = {}
    lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    count = 0
    for name, value in _joined(lines):
        count += 1
        if count <= MOST_HEADERS:
            values.setdefault(name, []).append(value)
    begins = end.end() if end else len(block)
    return Headers(
        values=values,
        body_begins=begins if values else 0,  # no header at all: everything is the letter
        complete=bool(values) and count <= MOST_HEADERS and (end is not None or len(raw) <= most_bytes),
    )


def text_of(value: str, limit: int) -> str:
    """A header's value with its encoded words decoded, on one line, at most `limit` characters."""
    return one_line(_WORD.sub(_word, value[: limit * 8]), limit)


def _joined(lines: list[bytes]) -> list[tuple[str, str]]:
    """(name, value) of each header; a line that begins with a blank continues the one before."""
    found: list[tuple[str, list[bytes]]] = []
    for line in lines:
        if line[:1] in {b" ", b"\t"}:
            if found:
                found[-1][1].append(line)
            continue
        match = _NAME.match(line)
        if match:
            found.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
    return [(name, decoded(b" ".join(value), "utf-8").strip()) for name, value in found]


def _word(match: re.Match[str]) -> str:
    charset, encoding, text = match[1], match[2].upper(), match[3]
    try:
        if encoding == "B":
            content = binascii.a2b_base64(text + "=" * (-len(text) % 4))
        else:
            content = binascii.a2b_qp(text.replace("_", " "), header=False)
    except (binascii.Error, ValueError):  # not what it says it is: then it stands for itself
        return match[0]
    return decoded(content, charset)
