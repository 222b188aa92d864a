"""Wrap-up time is over: what is still being wrapped up is completed.

Decides nothing about the case, and nothing about wrap-up that somebody ends by hand before.
"""

from __future__ import annotations

from app.actions.settle import Move, lock_held, settle
from app.db import Connection

_DUE = "SELECT id FROM interaction WHERE state = 'wrapping' AND wake_at <= wall_clock() ORDER BY wake_at LIMIT $1"


async def wrap_up(connection: Connection, *, limit: int) -> int:
    """Complete at most `limit` of them; returns how many."""
    due = [row["id"] for row in await connection.fetch(_DUE, limit)]
    rows = await lock_held(connection, due, "completed") if due else []
    over = [row for row in rows if row["state"] == "wrapping" and row["wake_at"] and row["wake_at"] <= row["now"]]
    if over:
        await settle(
            connection, [Move(row=row) for row in over], "completed", now=over[0]["now"], reason="wrap_up_over"
        )
    return len(over)
