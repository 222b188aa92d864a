"""Where in the event log an instant lies, found without an index on time.

Decides only that. Numbers are given while transactions run, so events near each other may stand in another order than
their moments: whoever reads from a place found here begins a little earlier and looks at the moments themselves. A
database clock that was set back within the log makes the place doubtful for that stretch, never the moments.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.db import Connection

SLACK: Final = timedelta(minutes=2)
"""How far number and moment may disagree: longer than any transaction may last."""

_ENDS: Final = "SELECT coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last FROM event"
_NEXT: Final = "SELECT seq, at FROM event WHERE seq >= $1 ORDER BY seq LIMIT 1"


async def place(connection: Connection, moment: datetime) -> int:
    """A number so that every event after `moment` has a higher one. A few dozen look-ups, however long the log is."""
    wanted = moment - SLACK
    ends = await connection.fetchrow(_ENDS)
    assert ends is not None
    low, high = ends["first"], ends["last"] + 1  # the first number whose event is at `wanted` or later lies between
    while low < high:
        middle = (low + high) // 2
        row = await connection.fetchrow(_NEXT, middle)
        if row is None or row["at"] >= wanted:
            high = middle
        else:
            low = row["seq"] + 1
    return int(low) - 1
