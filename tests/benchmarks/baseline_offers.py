"""What the dispatcher is held against: SKIP LOCKED, one transaction per offer, over many connections.

A good one: the earliest due and the least loaded are found, guarded and written in a single prepared statement, so that an
offer is one round trip and one commit. It writes the same rows, with a trace as long as ours in each event, which it gets
for nothing. It knows no order between queues, no skills and no holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import asyncpg

from app import convert
from app.db import uuid7
from routing.model import Ranked, Trace

_OFFER = """
WITH work AS (
    SELECT id, live, units FROM interaction
    WHERE state = 'queued' AND queue = $2 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
), staff AS (
    SELECT code FROM representative
    WHERE presence = 'available' AND $2 = ANY (queues) AND units < capacity AND EXISTS (SELECT FROM work)
    ORDER BY units, idle_since, code LIMIT 1 FOR UPDATE SKIP LOCKED
), loaded AS (
    UPDATE representative r SET units = r.units + work.units, live = r.live + work.live::int
    FROM work, staff WHERE r.code = staff.code
    RETURNING r.code
), moved AS (
    UPDATE interaction i SET state = 'offered', state_at = wall_clock(), version = i.version + 1
    FROM work, loaded WHERE i.id = work.id
    RETURNING i.id, i.version, i.live, i.units, loaded.code
), made AS (
    INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)
    SELECT $1, id, code, 'offered', live, units, wall_clock(), wall_clock() + interval '15 seconds' FROM moved
    RETURNING expires_at
)
INSERT INTO event (subject, subject_id, version, kind, at, actor, data)
SELECT 'interaction', moved.id::text, moved.version, 'offered', wall_clock(), 'system',
       jsonb_build_object('assignment', $1::uuid, 'representative', moved.code, 'expires_at', made.expires_at,
                          'trace', $3::text::jsonb)
FROM moved, made
"""

_CANDIDATES = tuple(
    Ranked(representative=f"r{number:04}", preferred=False, scarcity=16.0, load=0.25, idle_since=1.8e9 + number / 3)
    for number in range(6)
)
_TRACE = convert.trace_text(
    Trace(rules=1, step=0, chosen=_CANDIDATES[0], runners_up=_CANDIDATES[1:], ruled_out=(("queue", 4), ("busy", 90)))
)


async def offers_per_second(dsn: str, *, connections: int, count: int, queue: str) -> float:
    """Make `count` offers of those who wait in `queue`, and how many a second that were."""
    opened = await asyncio.gather(*(asyncpg.connect(dsn) for _ in range(connections)))
    left = iter(range(count))
    began = time.perf_counter()
    await asyncio.gather(*(_worker(connection, queue, left) for connection in opened))
    seconds = time.perf_counter() - began
    await asyncio.gather(*(connection.close() for connection in opened))
    return count / seconds


async def _worker(connection: asyncpg.Connection, queue: str, left: Iterator[int]) -> None:
    offer = await connection.prepare(_OFFER)
    for _ in left:
        made = False
        while not made:  # all whom we looked at were just locked by our neighbours
            await offer.fetch(uuid7(), queue, _TRACE)
            made = offer.get_statusmsg() == "INSERT 0 1"
