"""What waiting in a queue is made of: how many serve it, how many of them are free, and how long a contact takes them.

Decides what counts as serving and as recent. Never writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db import Connection

RECENT_HOURS: Final = 1
RECENT_AT_MOST: Final = 2_000
ENOUGH: Final = 10
"""Fewer measured contacts than this say less than the configuration does."""

_SERVERS = """
SELECT q.code, q.mean_handle_seconds,
       count(r.code) AS servers,
       count(r.code) FILTER (WHERE r.presence = 'available' AND r.live = 0 AND r.units < r.capacity) AS free
FROM queue q LEFT JOIN representative r ON q.code = ANY (r.queues) AND r.presence <> 'offline' AND NOT r.retired
GROUP BY q.code, q.mean_handle_seconds ORDER BY q.code
"""
# Keys are in order of time, so the latest are read from the end of the key's own index.
_HANDLED = """
SELECT i.queue, avg(extract(epoch FROM recent.ended_at - recent.answered_at))::float8 AS seconds
FROM (SELECT interaction_id, answered_at, ended_at FROM assignment
      WHERE id > $1 AND outcome = 'completed' AND answered_at IS NOT NULL
      ORDER BY id DESC LIMIT $2) AS recent
JOIN interaction i ON i.id = recent.interaction_id
GROUP BY i.queue HAVING count(*) >= $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """One queue: people on shift who serve it, those of them who are free, and its configured handling time."""

    queue: str
    servers: int
    free: int
    mean_handle_seconds: float


async def servers(connection: Connection) -> list[Servers]:
    """Every queue, by code."""
    rows = await connection.fetch(_SERVERS)
    return [
        Servers(
            queue=row["code"],
            servers=row["servers"],
            free=row["free"],
            mean_handle_seconds=float(row["mean_handle_seconds"]),
        )
        for row in rows
    ]


async def handled(connection: Connection) -> Mapping[str, float]:
    """Measured mean seconds from answer to end, of queues with enough recent contacts."""
    milliseconds = await connection.fetchval(
        "SELECT (extract(epoch FROM wall_clock() - make_interval(hours => $1)) * 1000)::bigint", RECENT_HOURS
    )
    rows = await connection.fetch(_HANDLED, UUID(int=milliseconds << 80), RECENT_AT_MOST, ENOUGH)
    return {row["queue"]: max(1.0, row["seconds"]) for row in rows}
