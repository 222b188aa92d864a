"""Who serves which queues now, and what has been seen of each queue: arrivals, handling, patience.

Decides what counts as serving, as free and as recent. Never writes, and reckons nothing (`routing.lines` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db import Connection
from routing.lines import Crew, Known, Serves

RECENT_HOURS: Final = 1
RECENT_AT_MOST: Final = 2_000
ENOUGH: Final = 10
"""Fewer measured contacts than this say less than the configuration does."""
LEADS_AT_MOST: Final = 20
WAITING_AT_MOST: Final = 1_000
LEAST_SECONDS: Final = 600.0
"""Arrivals are counted over at least this time: two in the first second are no rate."""

_QUEUES = """
SELECT q.code, q.mean_handle_seconds, (
    SELECT count(*) FROM (
        SELECT FROM interaction i WHERE i.queue = q.code AND i.state = 'queued' LIMIT $1
    ) AS line
) AS waiting
FROM queue q ORDER BY q.code
"""
_CREWS = """
SELECT queues, count(*) AS on_shift,
       count(*) FILTER (
           WHERE presence = 'available' AND live = 0 AND units < capacity AND coalesce(resting_until <= wall_clock(), true)
       ) AS free,
       max(greatest(idle_since, presence_at)) AS changed_at
FROM representative WHERE presence <> 'offline' AND NOT retired AND queues <> '{}'
GROUP BY queues
"""
# Keys are in order of time, so the latest are read from the end of the key's own index. Whoever holds three letters at
# once gives each a third of their time.
_HANDLED = """
SELECT i.queue, avg(recent.seconds) AS seconds, var_pop(recent.seconds) AS variance
FROM (SELECT a.interaction_id, extract(epoch FROM a.ended_at - a.offered_at)::float8
             * CASE WHEN a.live THEN 1 ELSE least(1, greatest(1, a.units)::float8 / greatest(1, r.capacity)) END AS seconds
      FROM assignment a JOIN representative r ON r.code = a.representative
      WHERE a.id > $1 AND a.outcome = 'completed' AND a.answered_at IS NOT NULL
      ORDER BY a.id DESC LIMIT $2) AS recent
JOIN interaction i ON i.id = recent.interaction_id
GROUP BY i.queue HAVING count(*) >= $3
"""
_CAME = """
WITH recent AS (
    SELECT i.id, i.queue, i.state, i.state_at, i.queued_at, i.due_at FROM interaction i
    WHERE i.id > $1 AND i.queued_at IS NOT NULL AND i.due_at IS NOT NULL AND i.queue IS NOT NULL
    ORDER BY i.id DESC LIMIT $2
), waited AS (
    SELECT recent.*, answer.at AS answered_at FROM recent LEFT JOIN LATERAL (
        SELECT min(a.answered_at) AS at FROM assignment a WHERE a.interaction_id = recent.id
    ) AS answer ON true
)
SELECT queue, round(extract(epoch FROM due_at - queued_at))::float8 AS lead, count(*) AS came,
       count(*) FILTER (WHERE state = 'abandoned' AND answered_at IS NULL) AS gone,
       sum(greatest(0, extract(epoch FROM
           CASE WHEN answered_at IS NOT NULL THEN answered_at
                WHEN state IN ('abandoned', 'cancelled') THEN state_at
                ELSE wall_clock() END - queued_at)))::float8 AS waited_seconds,
       extract(epoch FROM wall_clock() - min(min(queued_at)) OVER ())::float8 AS over_seconds
FROM waited GROUP BY queue, lead ORDER BY queue, came DESC, lead
"""
_HOUR_AGO = "SELECT (extract(epoch FROM wall_clock() - make_interval(hours => $1)) * 1000)::bigint"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Who works now. `changed_at`: when one of a crew last ended work, came or went."""

    crews: Mapping[Serves, Crew]
    changed_at: Mapping[Serves, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """One queue as it stands: how many wait (at most `WAITING_AT_MOST`), and its configured handling time."""

    code: str
    waiting: int
    mean_handle_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the last hour has shown, by queue. A queue of which too little was seen is missing."""

    handled: Mapping[str, tuple[float, float]]
    """Mean seconds of a representative's time for one piece, and its variance over the mean's square."""
    came: Mapping[str, Known]
    """Arrivals, leads and leaving; the rest of it means nothing."""


NOTHING_SEEN: Final = Seen(handled={}, came={})


async def queues(connection: Connection) -> list[Queue]:
    """Every queue, by code."""
    rows = await connection.fetch(_QUEUES, WAITING_AT_MOST)
    return [
        Queue(code=row["code"], waiting=row["waiting"], mean_handle_seconds=float(row["mean_handle_seconds"]))
        for row in rows
    ]


async def shift(connection: Connection) -> Shift:
    """Everybody on shift, together with those who serve the same queues."""
    crews: dict[Serves, Crew] = {}
    changed: dict[Serves, datetime] = {}
    for row in await connection.fetch(_CREWS):
        serves = frozenset(row["queues"])
        known = crews.get(serves, Crew(on_shift=0))
        crews[serves] = Crew(on_shift=known.on_shift + row["on_shift"], free=known.free + row["free"])
        changed[serves] = max(changed.get(serves, row["changed_at"]), row["changed_at"])
    return Shift(crews=crews, changed_at=changed)


async def seen(connection: Connection) -> Seen:
    """What the last hour has shown, by its latest contacts."""
    milliseconds = await connection.fetchval(_HOUR_AGO, RECENT_HOURS)
    since = UUID(int=milliseconds << 80)
    handled = await connection.fetch(_HANDLED, since, RECENT_AT_MOST, ENOUGH)
    came: dict[str, list[tuple[float, int, int, float, float]]] = {}
    for row in await connection.fetch(_CAME, since, RECENT_AT_MOST):
        came.setdefault(row["queue"], []).append(
            (row["lead"], row["came"], row["gone"], row["waited_seconds"], row["over_seconds"])
        )
    return Seen(
        handled={row["queue"]: _handled(row["seconds"], row["variance"]) for row in handled},
        came={queue: _came(rows) for queue, rows in came.items()},
    )


def _handled(seconds: float, variance: float) -> tuple[float, float]:
    mean = max(1.0, seconds)
    return mean, variance / mean**2


def _came(rows: list[tuple[float, int, int, float, float]]) -> Known:
    number = sum(came for _, came, _, _, _ in rows)
    waited = sum(seconds for _, _, _, seconds, _ in rows)
    over = max(LEAST_SECONDS, rows[0][4])
    return Known(
        waiting=0,
        handle_seconds=1.0,
        arrival_rate=number / over,
        leaving_rate=sum(gone for _, _, gone, _, _ in rows) / waited if number >= ENOUGH and waited > 0 else 0.0,
        leads=tuple((lead, came / over) for lead, came, _, _, _ in rows[:LEADS_AT_MOST]),
    )
