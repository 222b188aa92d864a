"""Where a page ended, as an opaque word.

Decides the form of cursors. A cursor names the last row that was seen, so pages neither repeat nor miss rows that stay.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from app.errors import Invalid

LONGEST_CURSOR: Final = 200


def encode(*parts: object) -> str:
    """The cursor after the row with this key."""
    text = "\n".join(str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode("utf-8")).rstrip(b"=").decode("ascii")


def decode(cursor: str, kinds: Sequence[type[int | str | UUID]]) -> list[Any]:
    """The key in a cursor. Raises `Invalid` (`bad_cursor`): it is ours to make, nobody else's."""
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8").split("\n")
        values = [kind(part) for kind, part in zip(kinds, parts, strict=True)]
    except (ValueError, binascii.Error):
        raise Invalid("This cursor is not one of ours.", code="bad_cursor") from None
    if any(isinstance(value, int) and not 0 <= value < 2**63 for value in values) or "\0" in "".join(parts):
        raise Invalid("This cursor is not one of ours.", code="bad_cursor")
    return values
