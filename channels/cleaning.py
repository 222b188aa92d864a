"""Text from strangers, made safe to keep.

Decides which characters may be kept at all. It never judges what a text means, and never raises.
"""

from __future__ import annotations

import re
from typing import Final

# What PostgreSQL, XML 1.0 or a terminal cannot hold: control characters but tab and newline, lone surrogates, and the
# marks that turn the writing direction of everything after them (used to disguise names and file endings).
_UNKEEPABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_SPACES: Final = re.compile(r"\s+")


def keepable(text: str, limit: int) -> str:
    """`text` without what cannot be kept, at most `limit` characters, lines ended by a newline alone."""
    # Cut before cleaning: the work must depend on the limit, not on what was sent.
    bounded = text[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")
    return _UNKEEPABLE.sub("", bounded)[:limit]


def one_line(text: str, limit: int) -> str:
    """The same on a single line, without spaces around it."""
    return _SPACES.sub(" ", keepable(text, limit * 2)).strip()[:limit].rstrip()


def is_keepable(text: str) -> bool:
    """Whether nothing would be taken away."""
    return _UNKEEPABLE.search(text.replace("\r\n", "\n")) is None
