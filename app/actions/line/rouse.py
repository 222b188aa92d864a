"""Whoever waited for a date stands in line: the parked ones are woken, the scheduled ones join.

Decides when their clock begins: of who slept at the wake-up, of who was booked at the hour they were booked for. How they
wait from then on, the live rules say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.filing import lands_in, refile
from app.actions.line.requeue import elsewhere
from app.actions.record import advance
from app.db import Connection
from app.security import SYSTEM
from app.tables import Interaction

# The clock is asked once, not for each row: who is not due yet is not looked at.
_DUE = """
SELECT id FROM interaction WHERE state = $2 AND wake_at <= (SELECT wall_clock()) ORDER BY wake_at LIMIT $1
"""
_LATER = """
UPDATE interaction SET wake_at = wall_clock() + make_interval(secs => $2)
WHERE id = (SELECT id FROM interaction WHERE id = $1 AND state IN ('parked', 'scheduled') FOR NO KEY UPDATE SKIP LOCKED)
"""
_JOINS: Final = {"parked": "woken", "scheduled": "queued"}
LATER_SECONDS: Final = 60
"""So long one who cannot be let in is left alone, so that nobody behind is held up."""


async def sleepers(connection: Connection, *, limit: int) -> list[UUID]:
    """At most `limit` parked ones and as many scheduled ones whose time has come."""
    return [row["id"] for state in _JOINS for row in await connection.fetch(_DUE, limit, state)]


async def rouse(session: AsyncSession, interaction_id: UUID, *, now: datetime) -> bool:
    """Let one of them stand in line; False: somebody else has it, or had."""
    asked = select(Interaction).where(
        Interaction.id == interaction_id,
        col(Interaction.state).in_(_JOINS),
        col(Interaction.wake_at) <= func.wall_clock(),
    )
    interaction = (await session.exec(asked.with_for_update(skip_locked=True, key_share=True))).one_or_none()
    if interaction is None or interaction.queue is None:
        return False
    booked = interaction.wake_at if interaction.state == "scheduled" else None
    queue = await lands_in(session, interaction, interaction.queue)
    joins = _JOINS[interaction.state]
    advance(session, interaction, joins, now=now, actor=SYSTEM, data=elsewhere(interaction, queue))
    interaction.wake_at = None
    await refile(session, interaction, queue=queue, start=booked or now, now=now)
    await session.flush()
    return True


async def put_off(connection: Connection, interaction_id: UUID) -> None:
    """It could not be let in: look again a little later."""
    await connection.execute(_LATER, interaction_id, LATER_SECONDS)
