"""What time alone brings about in the line: the next step of the needs, and the end of all steps.

Decides which rows have passed a deadline, on the database's clock, and what is done for one whom no step has helped. The
floor widens the needs by their deadlines itself; this keeps the record. What is locked is left for the next turn, so a
batch is never part of a deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.callback import offer_callback
from app.actions.line.escalate import escalate
from app.actions.line.filing import lands_in, refile
from app.actions.line.ruled import ruled
from app.actions.record import advance
from app.actions.settle import Move, lock_free, settle
from app.db import Connection
from app.security import SYSTEM
from app.tables import Interaction

LATER_SECONDS: Final = 60
"""So long a row that cannot be dealt with is left alone, so that it holds up nobody behind it."""

# The clock is asked once, not for each row: who is not due yet is not looked at.
_DUE = """
SELECT id FROM interaction WHERE state = 'queued' AND step_at <= (SELECT wall_clock()) ORDER BY step_at LIMIT $1
"""
_EXHAUSTED = """
SELECT id FROM interaction
WHERE state = 'queued' AND step_at <= (SELECT wall_clock()) AND exhausted_at <= (SELECT wall_clock()) ORDER BY step_at LIMIT $1
"""
_NEXT_LOOK = "UPDATE interaction SET step_at = t.at FROM unnest($1::uuid[], $2::timestamptz[]) AS t (id, at) WHERE interaction.id = t.id"
_LATER = """
UPDATE interaction SET step_at = wall_clock() + make_interval(secs => $2)
WHERE id = (SELECT id FROM interaction WHERE id = $1 AND state = 'queued' FOR NO KEY UPDATE SKIP LOCKED)
"""


async def step(connection: Connection, *, limit: int) -> int:
    """Record the steps that have passed of at most `limit` rows; returns how many moved on."""
    due = [row["id"] for row in await connection.fetch(_DUE, limit)]
    rows = await lock_free(connection, due, "stepped") if due else []
    late = [row for row in rows if row["step_at"] and row["step_at"] <= row["now"]]
    moves = [_move(row) for row in late]
    further = [move for move in moves if move.step != move.row["step"]]
    if further:
        await settle(connection, further, "stepped", now=further[0].row["now"])
    still = [move for move in moves if move.step == move.row["step"] and move.step_at != move.row["step_at"]]
    if still:
        await connection.execute(_NEXT_LOOK, [move.row["id"] for move in still], [move.step_at for move in still])
    return len(further)


async def exhausted(connection: Connection, *, limit: int) -> list[UUID]:
    """At most `limit` whom no step has helped, and for whom something else is to be done now."""
    return [row["id"] for row in await connection.fetch(_EXHAUSTED, limit)]


async def exhaust(session: AsyncSession, interaction_id: UUID, *, now: datetime) -> str | None:
    """Do what its rules say for one whom no step has helped; returns what. None: somebody else has it, or had."""
    asked = select(Interaction).where(
        Interaction.id == interaction_id,
        Interaction.state == "queued",
        col(Interaction.exhausted_at) <= func.wall_clock(),
    )
    interaction = (await session.exec(asked.with_for_update(skip_locked=True, key_share=True))).one_or_none()
    if interaction is None:
        return None
    then = interaction.exhausted
    interaction.exhausted_at = None  # done once, whatever comes of it
    interaction.step_at = _next_deadline(interaction.steps, now)
    if then == "overflow" and interaction.overflow_to is not None:
        await _overflow(session, interaction, interaction.overflow_to, now=now)
    elif then == "supervisor" or (then == "callback" and not await offer_callback(session, interaction, now=now)):
        seconds = (await ruled(session, interaction)).supervisor_seconds
        escalate(session, interaction, reason="exhausted", rest_seconds=seconds, now=now)
    session.add(interaction)
    await session.flush()
    return then


async def put_off(connection: Connection, interaction_id: UUID) -> None:
    """It could not be dealt with: look again a little later."""
    await connection.execute(_LATER, interaction_id, LATER_SECONDS)


def passed(steps: list[dict[str, Any]], now: datetime) -> int:
    """How many of the steps have passed at `now`."""
    return sum(each["at"] <= now.timestamp() for each in steps)


async def _overflow(session: AsyncSession, interaction: Interaction, queue: str, *, now: datetime) -> None:
    queue = await lands_in(session, interaction, queue)
    fact = {"queue": queue, "from": interaction.queue, "reason": "waited"}
    advance(session, interaction, "overflowed", now=now, actor=SYSTEM, data=fact)
    await refile(session, interaction, queue=queue, start=interaction.queued_at or now, now=now)


def _move(row: asyncpg.Record) -> Move:
    count = passed(row["steps"], row["now"])
    return Move(row=row, step=count, step_at=_next_look(row), data={"step": count})


def _next_look(row: Mapping[str, Any] | asyncpg.Record) -> datetime | None:
    ends = [row["exhausted_at"], _next_deadline(row["steps"], row["now"])]
    return min((each for each in ends if each is not None), default=None)


def _next_deadline(steps: list[dict[str, Any]], now: datetime) -> datetime | None:
    ahead = [each["at"] for each in steps if each["at"] > now.timestamp()]
    return datetime.fromtimestamp(min(ahead), tz=UTC) if ahead else None
