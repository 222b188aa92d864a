"""Bytes as text, whatever the letter says of its charset.

Decides which charsets are believed. Some of Python's codecs are no charsets at all, or slow on purpose-made input
(punycode), so only the real ones are used. Never raises.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_REAL: Final = re.compile(
    r"utf-?(7|8|16|32)([-_]?[bl]e)?|(us-?)?ascii|(iso-?)?8859[-_]\d{1,2}|iso-8859-\d{1,2}|latin-?1|"
    r"(windows|cp)-?\d{3,4}|koi8-[ru]|gb2312|gbk|gb18030|big5|big5-?hkscs|euc-?(jp|kr)|shift[-_]?jis|iso-2022-(jp|kr)|"
    r"tis-620|mac-?roman",
    re.IGNORECASE,
)
_ALIASES: Final = {"iso-8859-8-i": "iso-8859-8", "unicode-1-1-utf-7": "utf-7", "ascii": "utf-8", "us-ascii": "utf-8"}


def decoded(content: bytes, charset: str | None) -> str:
    """The text; where the charset is unknown or wrong, read as UTF-8, else as Windows-1252 with marks for the rest."""
    name = (charset or "utf-8").strip().strip("'\"").lower()
    name = _ALIASES.get(name, name)
    for candidate in (name if _REAL.fullmatch(name) else "utf-8", "utf-8"):
        try:
            codec = codecs.lookup(candidate)
            return codec.decode(content)[0]
        except (LookupError, ValueError):  # no such charset here, or bytes that are none of it
            continue
    return content.decode("windows-1252", "replace")
