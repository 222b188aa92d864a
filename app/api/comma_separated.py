"""Tables as comma-separated text (RFC 4180) that no spreadsheet takes for formulas.

Decides how a cell is written: numbers as they are, words that a spreadsheet would run behind an apostrophe. All words here are
codes, so no byte order mark is needed to say what letters they are of.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with; the wide ones run, too."""
_QUOTED: Final = frozenset(',"\r\n')


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A header and the rows; what a row does not have is an empty cell."""
    lines = [columns, *([row.get(name) for name in columns] for row in rows)]
    return "".join(",".join(cell(value) for value in line) + "\r\n" for line in lines).encode("utf-8")


def cell(value: object) -> str:
    """One cell. None is empty; numbers, also those below 0, and truth values stay what they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if text.lstrip(" ").startswith(RUN):
        text = f"'{text}"
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED & set(text) else text
