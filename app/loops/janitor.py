"""Removes what was kept long enough: answers for repeats, what customers were told of their wait, how often they heard, how
many came in windows nothing is held against any more, and what was sent to other systems or given up.

Decides how long that is; removes nothing else.
"""

from __future__ import annotations

from typing import ClassVar, Final

from typing_extensions import override

from app.loops.chore import Chore

KEPT_HOURS: Final = 48
TOLD_DAYS: Final = 30
SURGE_DAYS: Final = 30
REACHED_DAYS: Final = 40
"""Longer than anything is counted back: a day of notices, a month of surveys."""
SENT_DAYS: Final = 30
"""Counted from the last try: so long what became of it can be read, and sent again."""
SLICE: Final = 1_000

# The clock is asked once, not for each row: what is to be kept is not looked at.
_SWEEP = """
DELETE FROM idempotency_key WHERE (owner, key) IN (
    SELECT owner, key FROM idempotency_key WHERE created_at < (SELECT wall_clock()) - make_interval(hours => $1)
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
# Queue by queue, since that is how they are indexed by time.
_FORGET = """
DELETE FROM told_wait WHERE interaction_id IN (
    SELECT old.interaction_id FROM queue CROSS JOIN LATERAL (
        SELECT interaction_id FROM told_wait
        WHERE told_wait.queue = queue.code AND told_at < (SELECT wall_clock()) - make_interval(days => $1)
        ORDER BY told_at LIMIT $2
    ) AS old
    LIMIT $2)
"""
_UNCOUNT = """
DELETE FROM reached WHERE key IN (
    SELECT key FROM reached WHERE at < (SELECT wall_clock()) - make_interval(days => $1) ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

# Longer than any window is held against: four weeks, and the day they are counted on.
_UNSURGE = """
DELETE FROM surge_count WHERE (request_type, area, starts_at) IN (
    SELECT request_type, area, starts_at FROM surge_count WHERE starts_at < (SELECT wall_clock()) - make_interval(days => $1)
    ORDER BY starts_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
# What is still to be tried has no end, whenever it was laid out.
_UNSEND = """
DELETE FROM webhook_delivery WHERE id IN (
    SELECT id FROM webhook_delivery WHERE done_at < (SELECT wall_clock()) - make_interval(days => $1)
    ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class Janitor(Chore):
    """Once a minute, slice by slice, so that no sweep holds anybody up."""

    name = "janitor"
    pause_seconds: ClassVar[float] = 60.0

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            swept = await connection.execute(_SWEEP, KEPT_HOURS, SLICE)
            forgotten = await connection.execute(_FORGET, TOLD_DAYS, SLICE)
            uncounted = await connection.execute(_UNCOUNT, REACHED_DAYS, SLICE)
            surges = await connection.execute(_UNSURGE, SURGE_DAYS, SLICE)
            sent = await connection.execute(_UNSEND, SENT_DAYS, SLICE)
        return any(int(done.rpartition(" ")[2]) == SLICE for done in (swept, forgotten, uncounted, surges, sent))
