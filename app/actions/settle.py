"""Many interactions move by one event, in a few statements: what `record.advance` and `release.end_assignment` do for one.

Decides that state, version, event, assignment, counters and command move together. Which move, and what else changes
with them, the caller decides from the rows that were locked. It never waits for a lock: a row that somebody works on is
left for the next turn, so a batch is never part of a deadlock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from app import registry
from app.actions.contacts.write_batch import NewEvent, insert_events
from app.actions.outward.command import DEFAULT_LANGUAGE
from app.db import Connection, uuid7
from app.security import SYSTEM
from routing.lifecycle import ASSIGNMENT, INTERACTION, OUTCOME

AHEAD: Final = timedelta(seconds=5)
"""What happened further ahead of the database's clock than this happened before that clock was set back."""

_LOCK_FREE = """
SELECT i.id, i.state, i.version, i.misses, i.channel, i.contact, i.reply_to, i.language, i.step, i.steps, i.step_at,
       i.exhausted_at, wall_clock() AS now
FROM interaction i
WHERE i.id = ANY ($1::uuid[]) AND i.state = ANY ($2::text[])
ORDER BY i.id FOR NO KEY UPDATE OF i SKIP LOCKED
"""
# Interactions, then assignments, then representatives, each by id: the order every writer keeps.
_LOCK_HELD = """
WITH work AS MATERIALIZED (
    SELECT id, state, state_at, version, misses, channel, contact, reply_to, language, wake_at, queue, rules_version
    FROM interaction
    WHERE id = ANY ($1::uuid[]) AND state = ANY ($2::text[])
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), held AS MATERIALIZED (
    SELECT w.*, a.id AS assignment, a.state AS assignment_state, a.representative, a.live, a.units, a.offered_at, a.expires_at,
           a.answered_at IS NOT NULL AS worked
    FROM work w JOIN assignment a ON a.interaction_id = w.id
    WHERE a.ended_at IS NULL AND a.state = ANY ($3::text[])
    ORDER BY a.id FOR NO KEY UPDATE OF a SKIP LOCKED
)
SELECT h.*, r.presence, r.presence_at, wall_clock() AS now
FROM held h JOIN representative r ON r.code = h.representative
ORDER BY r.code, h.id FOR NO KEY UPDATE OF r SKIP LOCKED
"""
_MOVE = """
UPDATE interaction i
SET state = t.state, state_at = CASE WHEN t.state = i.state THEN i.state_at ELSE $1 END, version = i.version + 1,
    wake_at = NULL, misses = coalesce(t.misses, i.misses), not_before = coalesce(t.not_before, i.not_before),
    escalated_at = coalesce(t.escalated_at, i.escalated_at), step = coalesce(t.step, i.step),
    step_at = CASE WHEN t.step IS NULL THEN i.step_at ELSE t.step_at END
FROM unnest($2::uuid[], $3::text[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::int[], $8::timestamptz[])
     AS t (id, state, misses, not_before, escalated_at, step, step_at)
WHERE i.id = t.id
"""
_END = """
UPDATE assignment a
SET state = t.state, ended_at = greatest($1, a.answered_at, a.offered_at), outcome = $2, reason = $3
FROM unnest($4::uuid[], $5::text[]) AS t (id, state)
WHERE a.id = t.id AND a.ended_at IS NULL
"""
_GIVE_BACK = """
UPDATE representative r
SET live = r.live - held.live, units = r.units - held.units, ceiling = greatest(r.capacity, r.units - held.units),
    idle_since = CASE WHEN held.worked THEN $1 ELSE r.idle_since END
FROM (SELECT code, sum(live::int) AS live, sum(units) AS units, bool_or(worked) AS worked
      FROM unnest($2::text[], $3::bool[], $4::int[], $5::bool[]) AS t (code, live, units, worked) GROUP BY code) AS held
WHERE r.code = held.code
"""
_SEND = """
INSERT INTO outbox (id, dedupe_key, channel, kind, interaction_id, recipient, language, payload, next_at, created_at)
SELECT t.*, $1, $1
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::jsonb[]) AS t
ON CONFLICT (dedupe_key) DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One locked row, and what changes with its state; None leaves a column as it is. `data` is told with the event."""

    row: asyncpg.Record
    misses: int | None = None
    not_before: datetime | None = None
    escalated_at: datetime | None = None
    step: int | None = None
    step_at: datetime | None = None
    """Written wherever `step` is, also None: then nothing more changes by time alone."""
    data: Mapping[str, Any] = field(default_factory=dict)


async def lock_free(connection: Connection, ids: Collection[UUID], event: str) -> list[asyncpg.Record]:
    """Those of `ids` that `event` may happen to and nobody holds, locked; `now` is the same for all."""
    return await connection.fetch(_LOCK_FREE, ids, INTERACTION.before(event))


async def lock_held(connection: Connection, ids: Collection[UUID], event: str) -> list[asyncpg.Record]:
    """Those of `ids` that `event` may happen to, with assignment and representative, all locked."""
    return await connection.fetch(_LOCK_HELD, ids, INTERACTION.before(event), ASSIGNMENT.before(event))


async def settle(
    connection: Connection, moves: Sequence[Move], event: str, *, now: datetime, reason: str | None = None
) -> None:
    """Move them all by `event`, as the service itself. The rows come from `lock_free` or `lock_held`, just now."""
    if not moves:
        return
    await connection.execute(
        _MOVE,
        now,
        [move.row["id"] for move in moves],
        [INTERACTION.after(move.row["state"], event) for move in moves],
        [move.misses for move in moves],
        [move.not_before for move in moves],
        [move.escalated_at for move in moves],
        [move.step for move in moves],
        [move.step_at for move in moves],
    )
    rows = [move.row for move in moves]
    if "assignment" in rows[0].keys():  # noqa: SIM118  (a record's `in` looks at values)
        await _end(connection, rows, event, now=now, reason=reason)
    await insert_events(connection, [_told(move, event, reason) for move in moves], actor=SYSTEM.label, now=now)
    await _send(connection, rows, event, now=now)


async def _end(
    connection: Connection, rows: Sequence[asyncpg.Record], event: str, *, now: datetime, reason: str | None
) -> None:
    await connection.execute(
        _END,
        now,
        OUTCOME[event],
        reason,
        [row["assignment"] for row in rows],
        [ASSIGNMENT.after(row["assignment_state"], event) for row in rows],
    )
    await connection.execute(
        _GIVE_BACK,
        now,
        [row["representative"] for row in rows],
        [row["live"] for row in rows],
        [row["units"] for row in rows],
        [row["worked"] for row in rows],
    )


def _told(move: Move, event: str, reason: str | None) -> NewEvent:
    row = move.row
    data = {**move.data, **({"reason": reason} if reason else {})}
    if assignment := row.get("assignment"):
        data |= {"assignment": str(assignment), "representative": row["representative"]}
    return NewEvent(subject="interaction", subject_id=str(row["id"]), version=row["version"] + 1, kind=event, data=data)


async def _send(connection: Connection, rows: Sequence[asyncpg.Record], event: str, *, now: datetime) -> None:
    """The commands their channels send on this fact, if any do."""
    channels = registry.current()
    kinds = {name: channel.info.commands.get(event) for name, channel in channels.items()}
    sending = [row for row in rows if kinds.get(row["channel"])]
    if not sending:
        return
    await connection.execute(
        _SEND,
        now,
        [uuid7() for _ in sending],
        [f"{event}:{_reason(row, event)}" for row in sending],
        [row["channel"] for row in sending],
        [kinds[row["channel"]] for row in sending],
        [row["id"] for row in sending],
        [row["reply_to"] for row in sending],
        [row["language"] or DEFAULT_LANGUAGE for row in sending],
        [{"contact": row["contact"]} for row in sending],
    )


def _reason(row: asyncpg.Record, event: str) -> UUID:
    """What a command is sent once for: an end is the interaction's only one, all else happens per assignment."""
    reason: UUID = row["id"] if event == "completed" else row.get("assignment") or row["id"]
    return reason
