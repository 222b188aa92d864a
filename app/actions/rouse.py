"""Whoever waited for a date stands in line: the parked ones are woken, the scheduled ones join.

Decides their due time: of who slept it counts from the wake-up, of who was booked from the hour they were booked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from app.actions.requeue import PREFERRED_SECONDS
from app.actions.settle import Move, lock_free, settle
from app.db import Connection

_DUE = "SELECT id FROM interaction WHERE state = $2 AND wake_at <= wall_clock() ORDER BY wake_at LIMIT $1"


async def rouse(connection: Connection, *, limit: int) -> int:
    """Wake at most `limit` parked ones and as many scheduled ones; returns how many stand in line now."""
    return await _stand_in_line(connection, "parked", "woken", limit=limit) + await _stand_in_line(
        connection, "scheduled", "queued", limit=limit
    )


async def _stand_in_line(connection: Connection, state: str, event: str, *, limit: int) -> int:
    due = [row["id"] for row in await connection.fetch(_DUE, limit, state)]
    rows = await lock_free(connection, due, event) if due else []
    over = [row for row in rows if row["state"] == state and row["wake_at"] and row["wake_at"] <= row["now"]]
    if over:
        now: datetime = over[0]["now"]
        await settle(connection, [_move(row, now=now) for row in over], event, now=now)
    return len(over)


def _move(row: asyncpg.Record, *, now: datetime) -> Move:
    start = now if row["state"] == "parked" else row["wake_at"]
    return Move(
        row=row,
        due_at=start + timedelta(seconds=row["due_seconds"]),
        queued_at=start,
        preferred_until=now + timedelta(seconds=PREFERRED_SECONDS) if row["preferred"] else None,
    )
