"""Wrap-up time is over: what is still being wrapped up is completed.

Decides nothing about the case, and nothing about wrap-up that somebody ends by hand before.
"""

from __future__ import annotations

import asyncpg

from app.actions.settle import AHEAD, Move, lock_held, settle
from app.db import Connection

# Or begun before the clock was set back: its end would come as much too late as the clock had been ahead. The
# clock is asked once, not for each row.
_DUE = """
SELECT id FROM interaction
WHERE state = 'wrapping' AND (wake_at <= (SELECT wall_clock()) OR state_at > (SELECT wall_clock()) + $2)
ORDER BY wake_at LIMIT $1
"""


async def wrap_up(connection: Connection, *, limit: int) -> int:
    """Complete at most `limit` of them; returns how many."""
    due = [row["id"] for row in await connection.fetch(_DUE, limit, AHEAD)]
    rows = await lock_held(connection, due, "completed") if due else []
    over = [row for row in rows if row["state"] == "wrapping" and _is_over(row)]
    if over:
        await settle(
            connection, [Move(row=row) for row in over], "completed", now=over[0]["now"], reason="wrap_up_over"
        )
    return len(over)


def _is_over(row: asyncpg.Record) -> bool:
    return bool((row["wake_at"] and row["wake_at"] <= row["now"]) or row["state_at"] > row["now"] + AHEAD)
