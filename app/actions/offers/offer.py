"""A plan becomes offers: all of it in one statement, which is a transaction of its own and one round trip for any size.

Decides which offers still hold: the rows are locked and looked at again, and an offer whose interaction or representative
changed since the floor read them is left out. It never decides who should get what (`routing` does) and never waits for
anybody's lock: what is locked by another drops out of this plan and comes back with the next. Why an offer fell as it did
is kept with its event, for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from app.db import Connection, uuid7
from app.security import SYSTEM
from routing.lifecycle import ASSIGNMENT, INTERACTION, NEW

# `work` and `staff` lock in the order every writer keeps (interactions, then representatives, each by id) and see the rows
# as they are now. `fitting` counts every offer against what the earlier ones of this very statement take. The guard in
# `loaded` repeats it on the rows themselves, by the sum of the assignments really inserted. Work that may not be done
# beside a call is `alone`: it needs that nothing live is held, and that nothing live is taken before it here. Each trace is
# found by where its assignment stands among the others, which are in order; a join of two lists would look at every pair. What
# an event tells is put together as text and read once: building it piece by piece would cost more than the row.
WRITE = """
WITH moment AS MATERIALIZED (
    SELECT wall_clock() AS at, (SELECT epoch FROM feed_epoch) AS epoch
), work AS MATERIALIZED (
    SELECT i.id, i.live, i.units, NOT i.live AND i.routing -> 'beside_live' = 'false'::jsonb AS alone,
           w.assignment, w.representative, w.staff_version, q.offer_timeout_seconds AS timeout
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::int[])
         AS w (assignment, interaction, version, representative, staff_version)
    JOIN interaction i ON i.id = w.interaction
    JOIN queue q ON q.code = i.queue
    WHERE i.state = ANY($6::text[]) AND i.version = w.version AND w.representative <> ALL (i.barred)
    ORDER BY i.id
    FOR NO KEY UPDATE OF i SKIP LOCKED
), staffed AS MATERIALIZED (
    SELECT w.*, r.live AS live_now, r.units AS units_now, r.capacity
    FROM work w JOIN representative r ON r.code = w.representative AND r.version = w.staff_version
    WHERE r.presence = 'available' AND NOT r.retired AND (r.resting_until IS NULL OR r.resting_until <= (SELECT at FROM moment))
    ORDER BY r.code, w.id
    FOR NO KEY UPDATE OF r SKIP LOCKED
), fitting AS (
    SELECT * FROM (
        SELECT *, live_now + sum(live::int) OVER line AS live_then, units_now + sum(units) OVER line AS units_then
        FROM staffed WINDOW line AS (PARTITION BY representative ORDER BY id)
    ) AS counted
    WHERE (NOT live OR live_then <= 1) AND (alone IS NOT TRUE OR live_then = 0) AND (units = 0 OR units_then <= capacity)
), made AS (
    INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)
    SELECT assignment, id, representative, $7, live, units, at, at + make_interval(secs => timeout)
    FROM fitting, moment
    ON CONFLICT (interaction_id) WHERE ended_at IS NULL DO NOTHING
    RETURNING id, interaction_id, representative, live, units, expires_at
), moved AS (
    UPDATE interaction i SET state = $8, state_at = moment.at, version = i.version + 1
    FROM made, moment
    WHERE i.id = made.interaction_id AND i.state = ANY($6::text[])
    RETURNING i.id, i.version, made.id AS assignment, made.representative, made.expires_at
), loaded AS (
    UPDATE representative r SET live = r.live + taken.live, units = r.units + taken.units
    FROM (SELECT representative, sum(live::int) AS live, sum(units) AS units FROM made GROUP BY representative) AS taken
    WHERE r.code = taken.representative AND r.presence = 'available'
      AND r.live + taken.live <= 1 AND (taken.units = 0 OR r.units + taken.units <= r.capacity)
    RETURNING r.code
), told AS (
    INSERT INTO event (epoch, subject, subject_id, version, kind, at, actor, data)
    SELECT moment.epoch, 'interaction', moved.id::text, moved.version, 'offered', moment.at, $9,
           concat('{"assignment":"', assignment, '","representative":', to_json(representative), ',"expires_at":',
                  to_json(expires_at), ',"trace":' || ($10::text[])[width_bucket(assignment, $1::uuid[])], '}')::jsonb
    FROM moved, moment
    RETURNING seq
)
SELECT ARRAY(SELECT interaction_id FROM made) AS made,
       CASE WHEN (SELECT count(DISTINCT representative) FROM made) <> (SELECT count(*) FROM loaded)
              OR (SELECT count(*) FROM made) <> (SELECT count(*) FROM told)
            -- No such number: the statement fails, and nothing of it is written.
            THEN format('%s offers, %s told, %s loaded', (SELECT count(*) FROM made), (SELECT count(*) FROM told),
                        (SELECT count(*) FROM loaded))
            ELSE pg_current_xact_id()::text END::bigint AS xid
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One offer of a plan, with the versions of the rows that the plan was made on."""

    interaction: UUID
    version: int
    representative: str
    staff_version: int
    trace: str | None = None
    """Why, as `app.convert.trace_text` writes it; kept with the event."""
    assignment: UUID = field(default_factory=uuid7)
    """The new row's key: made with the plan, while the plan before is being written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """The interactions really offered, and the transaction that did it (for those who skip their own events)."""

    interactions: frozenset[UUID]
    xid: str


class GuardBroken(Exception):
    """Rows and guards disagree, though all rows are locked: nothing was written."""


async def offer(connection: Connection, wanted: Sequence[Wanted], *, write: str = WRITE) -> Made:
    """Write the offers that still hold. What was left out is simply not in `Made`.

    Raises `GuardBroken` if the counters could not take what was inserted. `write` is for tests that remove a guard to
    show that it is needed.
    """
    wanted = sorted(wanted, key=lambda each: each.assignment.int)
    try:
        row = await connection.fetchrow(
            write,
            [each.assignment for each in wanted],
            [each.interaction for each in wanted],
            [each.version for each in wanted],
            [each.representative for each in wanted],
            [each.staff_version for each in wanted],
            INTERACTION.before("offered"),
            ASSIGNMENT.after(NEW, "offered"),
            INTERACTION.after("queued", "offered"),
            SYSTEM.label,
            [each.trace for each in wanted],
        )
    except asyncpg.InvalidTextRepresentationError as error:
        raise GuardBroken(str(error)) from error
    assert row is not None
    return Made(interactions=frozenset(row["made"]), xid=str(row["xid"]))
