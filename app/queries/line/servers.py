"""Who works now and what waits, and what has been seen of either: arrivals, handling, patience.

Decides what counts as one kind of work, as free and as recent. Never writes, and reckons nothing (`routing.lines` does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.convert import needs, skills
from app.db import Connection
from routing.lines import Crew, handle_seconds
from routing.model import Needs, Staff

HANDLED_HOURS: Final = 4
CAME_HOURS: Final = 1
RECENT_AT_MOST: Final = 2_000
LATEST_DONE: Final = 200
"""Of each queue so many of the latest pieces that are done tell the mean time: enough to know it within a tenth."""
ENOUGH: Final = 10
"""Fewer measured contacts than this say less than the configuration does."""
WAITING_AT_MOST: Final = 1_000
LOOKED_AT: Final = 200
"""Of each queue's line so many, the first, tell what it is made up of."""

KIND: Final = """md5(concat_ws('|', i.queue, coalesce(CASE WHEN i.speak THEN i.language END, ''),
    coalesce(CASE WHEN i.number IS NOT NULL THEN i.office END, ''), i.skills::text, i.routing::text))"""
"""The name of what one must have to take this interaction: the same as the floor goes by, but for what it costs."""

_NEEDS = """i.queue, i.skills::text AS skills, CASE WHEN i.speak THEN i.language END AS language,
    CASE WHEN i.number IS NOT NULL THEN i.office END AS office, i.routing::text AS routing"""
_QUEUES = """
SELECT q.code, q.mean_handle_seconds, (
    SELECT count(*) FROM (
        SELECT FROM interaction i WHERE i.queue = q.code AND i.state = 'queued' LIMIT $1
    ) AS line
) AS waiting
FROM queue q ORDER BY q.code
"""
_WAITING = f"""
SELECT kind, queue, skills, language, office, routing, count(*) AS number
FROM queue q CROSS JOIN LATERAL (
    SELECT {KIND} AS kind, {_NEEDS} FROM interaction i WHERE i.queue = q.code AND i.state = 'queued'
    ORDER BY i.due_at, i.id LIMIT $1
) AS line
GROUP BY kind, queue, skills, language, office, routing
"""  # noqa: S608  (texts of our own)
_CREWS = """
SELECT queues, skills::text AS skills, languages, office, groups, count(*) AS on_shift,
       count(*) FILTER (
           WHERE presence = 'available' AND live = 0 AND units < capacity AND coalesce(resting_until <= wall_clock(), true)
       ) AS free,
       max(greatest(idle_since, presence_at)) AS changed_at
FROM representative WHERE presence <> 'offline' AND NOT retired AND queues <> '{}'
GROUP BY queues, representative.skills, languages, office, groups
"""
# Keys are in order of time, so the latest are read from the end of the key's own index. Whoever holds three letters at
# once gives each a third of their time. The mean is that of the latest of each queue: work changes with the hour, and
# hours of the morning would be believed all afternoon. How much it varies, fewer would not tell.
_HANDLED = """
SELECT queue, count(*) FILTER (WHERE done AND latest) AS done, count(*) FILTER (WHERE latest AND NOT done) AS in_hand,
       sum(seconds) FILTER (WHERE latest) AS seconds,
       coalesce(var_pop(seconds) FILTER (WHERE done) / nullif(avg(seconds) FILTER (WHERE done), 0) ^ 2, 0) AS variation
FROM (
    SELECT i.queue, recent.done, recent.seconds,
           count(*) FILTER (WHERE recent.done) OVER (PARTITION BY i.queue ORDER BY recent.id DESC) <= $4 AS latest
    FROM (SELECT a.id, a.interaction_id, a.ended_at IS NOT NULL AS done,
                 greatest(0, extract(epoch FROM coalesce(a.ended_at, wall_clock()) - a.offered_at))::float8
                 * CASE WHEN a.live THEN 1 ELSE least(1, greatest(1, a.units)::float8 / greatest(1, r.capacity)) END AS seconds
          FROM assignment a JOIN representative r ON r.code = a.representative
          WHERE a.id > $1 AND a.answered_at IS NOT NULL
          ORDER BY a.id DESC LIMIT $2) AS recent
    JOIN interaction i ON i.id = recent.interaction_id
) AS handled
GROUP BY queue HAVING count(*) FILTER (WHERE done) >= $3
"""
_CAME = f"""
WITH recent AS (
    SELECT i.id, {KIND} AS kind, {_NEEDS}, i.state, i.state_at, i.queued_at, i.due_at FROM interaction i
    WHERE i.id > $1 AND i.queued_at IS NOT NULL AND i.due_at IS NOT NULL AND i.queue IS NOT NULL
    ORDER BY i.id DESC LIMIT $2
), waited AS (
    SELECT recent.*, answer.at AS answered_at FROM recent LEFT JOIN LATERAL (
        SELECT min(a.answered_at) AS at FROM assignment a WHERE a.interaction_id = recent.id
    ) AS answer ON true
)
SELECT kind, queue, skills, language, office, routing, round(extract(epoch FROM due_at - queued_at))::float8 AS lead,
       count(*) AS came, count(*) FILTER (WHERE state = 'abandoned' AND answered_at IS NULL) AS gone,
       sum(greatest(0, extract(epoch FROM
           CASE WHEN answered_at IS NOT NULL THEN answered_at
                WHEN state IN ('abandoned', 'cancelled') THEN state_at
                ELSE wall_clock() END - queued_at)))::float8 AS waited_seconds,
       extract(epoch FROM wall_clock() - min(min(queued_at)) OVER ())::float8 AS over_seconds
FROM waited GROUP BY kind, queue, skills, language, office, routing, lead ORDER BY came DESC, kind, lead
"""  # noqa: S608  (texts of our own)
_HOURS_AGO = "SELECT (extract(epoch FROM wall_clock() - make_interval(hours => $1)) * 1000)::bigint"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """Representatives on shift who may serve the same. `changed_at`: when one of them last ended work, came or went."""

    staff: Staff
    crew: Crew
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """One queue as it stands: how many wait (at most `WAITING_AT_MOST`), and its configured handling time."""

    code: str
    waiting: int
    mean_handle_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """The floor now. `waiting`: of each kind, how many of the first in line; `kinds`: what each needs."""

    queues: Sequence[Queue]
    alike: Sequence[Alike]
    waiting: Mapping[str, int]
    kinds: Mapping[str, Needs]


@dataclass(kw_only=True, slots=True)
class Came:
    """Those of one kind who came lately. `leads`: seconds from arrival to due, and how many had them."""

    needs: Needs
    number: int = 0
    leads: dict[float, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """How much of a representative's time one piece takes: the mean, its variance over its square, and of how many."""

    seconds: float
    variation: float
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the last hours have shown."""

    handled: Mapping[str, Handled]
    """By queue."""
    leaving: Mapping[str, float]
    """By queue: of those who wait, the share that gives up in a second."""
    came: Mapping[str, Came]
    """By kind, those who come most first."""
    over_seconds: float


NOTHING_SEEN: Final = Seen(handled={}, leaving={}, came={}, over_seconds=0.0)


async def stand(connection: Connection) -> Stand:
    """Everybody on shift and everything in line, as far as it is looked at."""
    queues = await connection.fetch(_QUEUES, WAITING_AT_MOST)
    waiting = await connection.fetch(_WAITING, LOOKED_AT)
    crews = await connection.fetch(_CREWS)
    return Stand(
        queues=[
            Queue(code=row["code"], waiting=row["waiting"], mean_handle_seconds=float(row["mean_handle_seconds"]))
            for row in queues
        ],
        alike=[_alike(row) for row in crews],
        waiting={row["kind"]: row["number"] for row in waiting},
        kinds={row["kind"]: _needs(row) for row in waiting},
    )


async def seen(connection: Connection) -> Seen:
    """What the last hours have shown, by their latest contacts."""
    handled = await connection.fetch(
        _HANDLED, await _ago(connection, HANDLED_HOURS), RECENT_AT_MOST, ENOUGH, LATEST_DONE
    )
    rows = await connection.fetch(_CAME, await _ago(connection, CAME_HOURS), RECENT_AT_MOST)
    came: dict[str, Came] = {}
    for row in rows:
        kind = came.setdefault(row["kind"], Came(needs=_needs(row)))
        kind.number += row["came"]
        kind.leads[row["lead"]] = row["came"]
    return Seen(
        handled={row["queue"]: _handled(row) for row in handled},
        leaving=_leaving(rows),
        came=came,
        over_seconds=rows[0]["over_seconds"] if rows else 0.0,
    )


def _alike(row: asyncpg.Record) -> Alike:
    staff = Staff(
        id="",
        capacity=1,
        skills=frozenset(skills(row["skills"])),
        languages=frozenset(row["languages"]),
        queues=frozenset(row["queues"]),
        office=row["office"],
        groups=frozenset(row["groups"]),
    )
    return Alike(staff=staff, crew=Crew(on_shift=row["on_shift"], free=row["free"]), changed_at=row["changed_at"])


def _needs(row: asyncpg.Record) -> Needs:
    return needs(row["queue"], row["skills"], row["language"], False, 1, row["office"], row["routing"])


async def _ago(connection: Connection, hours: int) -> UUID:
    """The first key that could be made so many hours ago."""
    return UUID(int=await connection.fetchval(_HOURS_AGO, hours) << 80)


def _handled(row: asyncpg.Record) -> Handled:
    mean = handle_seconds(row["seconds"], done=row["done"], in_hand=row["in_hand"], variation=row["variation"])
    return Handled(seconds=max(1.0, mean), variation=row["variation"], number=row["done"])


def _leaving(rows: Sequence[asyncpg.Record]) -> dict[str, float]:
    found: dict[str, float] = {}
    for queue in {row["queue"] for row in rows}:
        mine = [row for row in rows if row["queue"] == queue]
        waited = sum(row["waited_seconds"] for row in mine)
        if sum(row["came"] for row in mine) >= ENOUGH and waited > 0:
            found[queue] = sum(row["gone"] for row in mine) / waited
    return found
