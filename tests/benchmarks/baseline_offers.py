"""What the dispatcher is held against: SKIP LOCKED, one transaction per offer, over many connections.

A generous one: everything in a single statement, the representative given for nothing (round robin over one's own share,
so that no two connections ever meet on one), and only the interaction is looked for. It writes the same rows.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

import asyncpg

from app.db import uuid7

_OFFER = """
WITH work AS (
    SELECT id, live, units, version FROM interaction
    WHERE state = 'queued' AND queue = $3 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
), loaded AS (
    UPDATE representative SET live = live + 0, units = units + 1
    WHERE code = $2 AND presence = 'available' AND units < capacity AND EXISTS (SELECT FROM work)
    RETURNING code
), moved AS (
    UPDATE interaction i SET state = 'offered', state_at = wall_clock(), version = i.version + 1
    FROM work, loaded WHERE i.id = work.id RETURNING i.id, i.version
), made AS (
    INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)
    SELECT $1, work.id, $2, 'offered', work.live, work.units, wall_clock(), wall_clock() + interval '15 seconds'
    FROM work, loaded
    RETURNING id, expires_at
)
INSERT INTO event (subject, subject_id, version, kind, at, actor, data)
SELECT 'interaction', moved.id::text, moved.version, 'offered', wall_clock(), 'system',
       jsonb_build_object('assignment', $1::uuid, 'representative', $2::text, 'expires_at', made.expires_at)
FROM moved, made
"""


async def offers_per_second(dsn: str, *, connections: int, codes: Sequence[str], queue: str) -> float:
    """Offer all who wait in `queue`, and how many a second that were."""
    opened = await asyncio.gather(*(asyncpg.connect(dsn) for _ in range(connections)))
    began = time.perf_counter()
    counts = await asyncio.gather(
        *(_worker(connection, codes[place::connections], queue) for place, connection in enumerate(opened))
    )
    seconds = time.perf_counter() - began
    await asyncio.gather(*(connection.close() for connection in opened))
    return sum(counts) / seconds


async def _worker(connection: asyncpg.Connection, codes: Sequence[str], queue: str) -> int:
    offer = await connection.prepare(_OFFER)
    done = 0
    for code in itertools.cycle(codes):
        await offer.fetch(uuid7(), code, queue)
        if offer.get_statusmsg() != "INSERT 0 1":
            return done
        done += 1
    return done
