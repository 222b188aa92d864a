"""How a contact stands now: state, place in line, and an honest wait.

Decides nothing; a place is counted by one indexed query for a whole batch and never beyond a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from app.db import Connection
from app.queries.line.lines import line
from app.queries.line.servers import KIND
from channels.base import Outcome, Wait
from routing import estimate, lines

PLACES_AT_MOST = 1_000
"""Nobody is told a place beyond this: `position` is then this number plus one."""

NOWHERE: tuple[None, None] = (None, None)
"""The place of whoever does not wait."""

_STANDING = """
SELECT i.id, i.case_id, i.state, i.number, i.queue, i.language, i.contact, i.due_at, i.queued_at, representative.desk
FROM interaction i
LEFT JOIN assignment ON assignment.interaction_id = i.id AND assignment.ended_at IS NULL AND assignment.state <> 'offered'
LEFT JOIN representative ON representative.code = assignment.representative
WHERE i.id = ANY($1::uuid[])
"""
# Since the later of their own coming and the last change among those who serve them, nothing has happened for them.
_EARLIER = f"""
SELECT asked.id, own.earlier, makings.line, ahead.number AS ahead,
       coalesce(extract(epoch FROM wall_clock() - begun.at), 0)::float8 AS elapsed_seconds,
       extract(epoch FROM asked.due_at - begun.at)::float8 AS lead_seconds
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS asked (id, queue, due_at, queued_at)
LEFT JOIN queue_estimate estimate ON estimate.queue = asked.queue
LEFT JOIN interaction i ON i.id = asked.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN asked.queued_at IS NOT NULL THEN greatest(asked.queued_at, estimate.changed_at) END AS at
) AS begun
CROSS JOIN LATERAL (SELECT coalesce(estimate.line -> {KIND}, estimate.line -> '') AS line) AS makings
CROSS JOIN LATERAL (
    SELECT count(*) AS earlier FROM (
        SELECT FROM interaction waiting
        WHERE waiting.queue = asked.queue AND waiting.state = 'queued' AND (waiting.due_at, waiting.id) < (asked.due_at, asked.id)
        LIMIT $5
    ) AS line
) AS own
CROSS JOIN LATERAL (
    SELECT coalesce(sum(share.value::float8 * CASE WHEN share.key = asked.queue THEN own.earlier ELSE (
        SELECT count(*) FROM (
            SELECT FROM interaction waiting
            WHERE waiting.queue = share.key AND waiting.state = 'queued'
              AND (waiting.due_at, waiting.id) < (asked.due_at, asked.id)
            LIMIT $5
        ) AS line
    ) END), 0)::float8 AS number
    FROM jsonb_each_text(makings.line -> 'ahead') AS share
) AS ahead
"""  # noqa: S608  (texts of our own)
_BY_CONTACT = """
SELECT interaction_id FROM receipt WHERE source = $1 AND channel = $2 AND ref = $3
"""


class Waits(NamedTuple):
    """One who waits: in which queue, due when, and since when; None: as if they came at the end of it now."""

    due_at: datetime
    id: UUID
    queue: str
    queued_at: datetime | None = None


class Place(NamedTuple):
    """A place in line (1 = the next) and the wait that may honestly be told."""

    position: int
    wait: Wait | None


async def standing(connection: Connection, interaction_ids: Sequence[UUID]) -> dict[UUID, Outcome]:
    """How each interaction stands, by id; ids that do not exist are missing."""
    if not interaction_ids:
        return {}
    rows = await connection.fetch(_STANDING, list(set(interaction_ids)))
    waiting = [
        Waits(due_at=row["due_at"], id=row["id"], queue=row["queue"], queued_at=row["queued_at"])
        for row in rows
        if row["state"] in ("queued", "offered")
    ]
    found = await places(connection, waiting)
    return {row["id"]: _outcome(row, found.get(row["id"], NOWHERE)) for row in rows}


async def of_contact(connection: Connection, source: str, channel: str, contact: str) -> UUID | None:
    """The interaction a contact became, by the receipt of its first report; None where none is known."""
    found = await connection.fetchval(_BY_CONTACT, source, channel, contact)
    assert found is None or isinstance(found, UUID)
    return found


async def places(connection: Connection, waiting: Sequence[Waits]) -> dict[UUID, Place]:
    """Places by id. The earliest of each queue is counted first: past the bound nobody behind needs counting."""
    if not waiting:
        return {}
    firsts: dict[str, Waits] = {}
    for each in waiting:
        if each.queue not in firsts or each < firsts[each.queue]:
            firsts[each.queue] = each
    counted = await _count(connection, list(firsts.values()))
    ends = {queue: counted[first.id] for queue, first in firsts.items()}
    far = {queue for queue, row in ends.items() if row["earlier"] >= PLACES_AT_MOST}
    counted |= await _count(connection, [each for each in waiting if each.id not in counted and each.queue not in far])
    found: dict[UUID, Place] = {}
    for each in waiting:
        row = counted.get(each.id, ends[each.queue])
        found[each.id] = Place(1 + row["earlier"], _wait(row))
    return found


async def _count(connection: Connection, waiting: Sequence[Waits]) -> dict[UUID, asyncpg.Record]:
    if not waiting:
        return {}
    rows = await connection.fetch(
        _EARLIER,
        [each.id for each in waiting],
        [each.queue for each in waiting],
        [each.due_at for each in waiting],
        [each.queued_at for each in waiting],
        PLACES_AT_MOST,
    )
    return {row["id"]: row for row in rows}


def _outcome(row: asyncpg.Record, place: Place | tuple[None, None]) -> Outcome:
    return Outcome(
        contact=row["contact"],
        # The driver's own kind of UUID is not what others can write as JSON.
        interaction_id=UUID(int=row["id"].int),
        case_id=UUID(int=row["case_id"].int),
        state=row["state"],
        number=row["number"],
        queue=row["queue"],
        position=place[0],
        wait=place[1],
        language=row["language"],
        desk=row["desk"],
    )


def _wait(row: asyncpg.Record) -> Wait | None:
    if row["line"] is None:
        return None
    told = lines.told(line(row["line"]), 1 + row["ahead"], lead_seconds=row["lead_seconds"])
    left = None if told is None else estimate.aged(told, row["elapsed_seconds"])
    return None if left is None else Wait(low_seconds=left.low_seconds, high_seconds=left.high_seconds)
