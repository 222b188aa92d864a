"""What the dispatcher reads: who waits, who works, and what changed since it last looked.

Decides which rows make up the floor and how to find the changed ones without missing any. Never locks and never writes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from app.db import Connection

# An office is a need only of who stands in it: those with a ticket number. Whose last move lies ahead of the clock was
# moved before the clock was set back: a rest or a hold counted from that move counts from now, or it would last for as
# long as the clock had been ahead.
_BACK = "- greatest(state_at - wall_clock(), interval '0')"
COLUMNS = f"""
    id, version, state, queue, skills::text AS skills, CASE WHEN speak THEN language END AS language, live, units,
    CASE WHEN number IS NOT NULL THEN office END AS office, due_at, preferred,
    preferred_until {_BACK} AS preferred_until, not_before {_BACK} AS not_before, excluded,
    barred, rules_version, routing::text AS routing, steps::text AS steps
"""
_WAITING = f"SELECT {COLUMNS} FROM interaction"  # noqa: S608  (texts of our own)

_STAFF = """
SELECT code, version, presence, retired, capacity, skills::text AS skills, languages, queues, office, live, units,
       idle_since, groups, pull, resting_until
FROM representative
"""

# Whatever became visible between two snapshots was, in the older one, either in the future (at or above its xmax) or
# running (in its list). One statement looks for exactly these and says which snapshot it saw itself: no row is missed,
# and a long transaction elsewhere makes nothing be read twice. The changed rows come with it, unless they are very many.
_CHANGES = f"""
WITH fresh AS MATERIALIZED (
    SELECT e.subject, e.subject_id, e.data ->> 'representative' AS representative
    FROM event e WHERE e.epoch = $1 AND e.xid >= $2::text::xid8 AND e.xid <> ALL ($4::text[]::xid8[])
    UNION ALL
    SELECT e.subject, e.subject_id, e.data ->> 'representative'
    FROM event e WHERE e.epoch = $1 AND e.xid = ANY ($3::text[]::xid8[])
), changed AS MATERIALIZED (
    SELECT pg_current_snapshot()::text AS snapshot, (SELECT epoch FROM feed_epoch) AS epoch,
           extract(epoch FROM wall_clock())::float8 AS now,
           ARRAY(SELECT DISTINCT subject_id::uuid FROM fresh WHERE subject = 'interaction') AS interactions,
           ARRAY(SELECT subject_id FROM fresh WHERE subject = 'representative'
                 UNION SELECT representative FROM fresh WHERE representative IS NOT NULL) AS staff,
           EXISTS (SELECT FROM fresh WHERE subject = 'rules') AS rules
)
SELECT changed.*, {COLUMNS}
FROM changed LEFT JOIN interaction ON cardinality(interactions) <= $5 AND id = ANY (interactions)
"""  # noqa: S608  (texts of our own)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one statement saw: all transactions below `xmax` but the `running` ones, in this `epoch`."""

    epoch: int
    xmax: str
    running: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """Ids whose rows may have changed. `now` is the database's clock, in seconds since the Unix epoch."""

    seen: Seen
    now: float
    interactions: list[UUID]
    rows: list[asyncpg.Record] | None
    """The interactions as they are now; None where they are too many to come at once."""
    staff: list[str]
    rules: bool
    """Something happened to the rules; perhaps other ones are live."""


async def seen_now(connection: Connection) -> Seen:
    """Where to follow from, when everything is read anew after this call."""
    row = await connection.fetchrow("SELECT pg_current_snapshot()::text AS snapshot, epoch FROM feed_epoch")
    assert row is not None
    return _seen(row)


async def changes(connection: Connection, since: Seen, *, own: Sequence[str] = (), limit: int) -> Changes:
    """What became visible after `since`, without the transactions in `own`; at most `limit` rows come with it."""
    rows = await connection.fetch(_CHANGES, since.epoch, since.xmax, since.running, own, limit)
    first = rows[0]
    return Changes(
        seen=_seen(first),
        now=first["now"],
        interactions=first["interactions"],
        rows=rows if first["id"] is not None else [] if not first["interactions"] else None,
        staff=first["staff"],
        rules=first["rules"],
    )


async def interactions(connection: Connection, ids: Collection[UUID]) -> list[asyncpg.Record]:
    """These rows in whatever state they are."""
    return await connection.fetch(f"{_WAITING} WHERE id = ANY ($1::uuid[])", ids)


async def staff(connection: Connection, codes: Collection[str]) -> list[asyncpg.Record]:
    """These representatives, on shift or not."""
    return await connection.fetch(f"{_STAFF} WHERE code = ANY ($1::text[])", codes)


async def staff_after(connection: Connection, code: str, *, limit: int) -> list[asyncpg.Record]:
    """The next representatives by code, on shift or not, retired or not."""
    return await connection.fetch(f"{_STAFF} WHERE code > $1 ORDER BY code LIMIT $2", code, limit)


async def queues(connection: Connection) -> list[str]:
    """The codes of all queues."""
    return [row["code"] for row in await connection.fetch("SELECT code FROM queue ORDER BY code")]


async def page(
    connection: Connection, queue: str, after: tuple[datetime, UUID] | None, *, limit: int
) -> list[asyncpg.Record]:
    """The next who wait in this queue, earliest due first."""
    where = "WHERE state = 'queued' AND queue = $1"
    order = "ORDER BY due_at, id LIMIT $2"
    if after is None:
        return await connection.fetch(f"{_WAITING} {where} {order}", queue, limit)
    return await connection.fetch(f"{_WAITING} {where} AND (due_at, id) > ($3, $4) {order}", queue, limit, *after)


async def waiting_after(connection: Connection, last: UUID, *, limit: int) -> list[asyncpg.Record]:
    """Id and version of the next who wait, by id, whatever their queue."""
    return await connection.fetch(
        "SELECT id, version FROM interaction WHERE state = 'queued' AND id > $1 ORDER BY id LIMIT $2", last, limit
    )


async def versions(connection: Connection, ids: Collection[UUID]) -> dict[UUID, int]:
    """The versions of those of `ids` that wait."""
    rows = await connection.fetch(
        "SELECT id, version FROM interaction WHERE id = ANY ($1::uuid[]) AND state = 'queued'", ids
    )
    return {row["id"]: row["version"] for row in rows}


def _seen(row: asyncpg.Record) -> Seen:
    _, xmax, running = row["snapshot"].split(":")
    return Seen(epoch=row["epoch"], xmax=xmax, running=tuple(running.split(",")) if running else ())
