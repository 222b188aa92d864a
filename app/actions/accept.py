"""A representative takes what they were offered.

Decides, on the database's clock and in one conditional statement, whether the offer still stands.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.command import command
from app.actions.record import advance, locked_pair, mine
from app.actions.waited import count_wait
from app.errors import Conflict
from app.security import Actor
from app.tables import Assignment, Interaction, Representative
from routing.lifecycle import ASSIGNMENT


async def accept(session: AsyncSession, assignment_id: UUID, *, actor: Actor, now: datetime) -> Assignment:
    """Accept the offer. Again by the same one: the same row, nothing written. Raises `Conflict` (`offer_gone`)."""
    interaction, assignment = await locked_pair(session, assignment_id)
    mine(assignment, actor)
    if assignment.answered_at is not None:
        return assignment
    await _take(session, assignment)
    fact = {"assignment": str(assignment.id), "representative": assignment.representative}
    advance(session, interaction, "accepted", now=now, actor=actor, data=fact)
    interaction.misses = 0
    await count_wait(session, interaction, until=now)
    await _send(session, interaction, assignment, now=now)
    await session.flush()
    return assignment


async def _take(session: AsyncSession, assignment: Assignment) -> None:
    """The offer's one chance: the row says whether it was still open and in time, no earlier reading does."""
    taken = await session.exec(
        update(Assignment)
        .where(
            col(Assignment.id) == assignment.id,
            col(Assignment.state).in_(ASSIGNMENT.before("accepted")),
            col(Assignment.expires_at) > func.wall_clock(),
        )
        .values(state=ASSIGNMENT.after("offered", "accepted"), answered_at=func.wall_clock())
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:
        raise Conflict("This offer is no longer open.", code="offer_gone")
    await session.refresh(assignment)


async def _send(session: AsyncSession, interaction: Interaction, assignment: Assignment, *, now: datetime) -> None:
    desk = (await session.get_one(Representative, assignment.representative)).desk
    payload = {"desk": desk, "number": interaction.number, "office": interaction.office}
    await command(session, interaction, "accepted", reason=str(assignment.id), payload=payload, now=now)
