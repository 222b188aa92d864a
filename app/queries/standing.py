"""How a contact stands now: state, place in line, and an honest wait.

Decides nothing; a place is counted by one indexed query for a whole batch and never beyond a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from app.db import Connection
from channels.base import Outcome, Wait
from routing import estimate

PLACES_AT_MOST = 1_000
"""Nobody is told a place beyond this: `position` is then this number plus one."""

_STANDING = """
SELECT i.id, i.case_id, i.state, i.number, i.queue, i.language, i.contact, i.due_at, representative.desk,
    estimate.servers, estimate.free, estimate.mean_handle_seconds
FROM interaction i
LEFT JOIN queue_estimate estimate ON estimate.queue = i.queue
LEFT JOIN assignment ON assignment.interaction_id = i.id AND assignment.ended_at IS NULL AND assignment.state <> 'offered'
LEFT JOIN representative ON representative.code = assignment.representative
WHERE i.id = ANY($1::uuid[])
"""
_EARLIER = """
SELECT asked.id, (
    SELECT count(*) FROM (
        SELECT FROM interaction waiting
        WHERE waiting.queue = asked.queue AND waiting.state = 'queued' AND (waiting.due_at, waiting.id) < (asked.due_at, asked.id)
        LIMIT $4
    ) AS earlier
) AS earlier
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS asked (id, queue, due_at)
"""
_BY_CONTACT = """
SELECT interaction_id FROM receipt WHERE source = $1 AND channel = $2 AND ref = $3
"""


async def standing(connection: Connection, interaction_ids: Sequence[UUID]) -> dict[UUID, Outcome]:
    """How each interaction stands, by id; ids that do not exist are missing."""
    if not interaction_ids:
        return {}
    rows = await connection.fetch(_STANDING, list(set(interaction_ids)))
    places = await _places(connection, [row for row in rows if row["state"] in ("queued", "offered")])
    return {row["id"]: _outcome(row, places.get(row["id"])) for row in rows}


async def of_contact(connection: Connection, source: str, channel: str, contact: str) -> UUID | None:
    """The interaction a contact became, by the receipt of its first report; None where none is known."""
    found = await connection.fetchval(_BY_CONTACT, source, channel, contact)
    assert found is None or isinstance(found, UUID)
    return found


async def _places(connection: Connection, waiting: Sequence[asyncpg.Record]) -> dict[UUID, int]:
    """Places by id. The earliest of each queue is counted first: past the bound nobody behind needs counting."""
    by_queue: dict[str, list[asyncpg.Record]] = {}
    for row in waiting:
        by_queue.setdefault(row["queue"], []).append(row)
    firsts = [min(rows, key=lambda row: (row["due_at"], row["id"])) for rows in by_queue.values()]
    earlier = await _count(connection, firsts)
    far = {row["queue"] for row in firsts if earlier[row["id"]] >= PLACES_AT_MOST}
    rest = [row for row in waiting if row["id"] not in earlier and row["queue"] not in far]
    earlier |= await _count(connection, rest)
    return {row["id"]: 1 + earlier.get(row["id"], PLACES_AT_MOST) for row in waiting}


async def _count(connection: Connection, rows: Sequence[asyncpg.Record]) -> dict[UUID, int]:
    if not rows:
        return {}
    found = await connection.fetch(
        _EARLIER,
        [row["id"] for row in rows],
        [row["queue"] for row in rows],
        [row["due_at"] for row in rows],
        PLACES_AT_MOST,
    )
    return {row["id"]: row["earlier"] for row in found}


def _outcome(row: asyncpg.Record, position: int | None) -> Outcome:
    return Outcome(
        contact=row["contact"],
        # The driver's own kind of UUID is not what others can write as JSON.
        interaction_id=UUID(int=row["id"].int),
        case_id=UUID(int=row["case_id"].int),
        state=row["state"],
        number=row["number"],
        queue=row["queue"],
        position=position,
        wait=_wait(row, position),
        language=row["language"],
        desk=row["desk"],
    )


def _wait(row: asyncpg.Record, position: int | None) -> Wait | None:
    if position is None or row["servers"] is None:
        return None
    told = estimate.wait(
        position,
        representatives=row["servers"],
        busy=row["servers"] - row["free"],
        handle_seconds=row["mean_handle_seconds"],
    )
    return None if told is None else Wait(low_seconds=told.low_seconds, high_seconds=told.high_seconds)
