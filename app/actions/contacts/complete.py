"""The work on an interaction is done, its wrap-up with it.

Decides who may say so. The case stays open: the customer's matter is not the contact.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.offers.release import end_assignment
from app.actions.outward.command import command
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.security import Actor
from app.tables import Interaction


async def complete(
    session: AsyncSession, interaction_id: UUID, *, outcome: str | None, actor: Actor, now: datetime
) -> Interaction:
    """Complete it. Again: the same row, nothing written. Raises `Conflict` before anyone took it."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.state == "completed":
        await once_mine(session, interaction, actor)
        return interaction
    mine(assignment, actor)
    fact: dict[str, str] = {"outcome": outcome} if outcome else {}
    if assignment is not None:
        fact |= {"assignment": str(assignment.id), "representative": assignment.representative}
    advance(session, interaction, "completed", now=now, actor=actor, data=fact)
    interaction.wake_at = None
    if assignment is not None:
        await end_assignment(session, assignment, "completed", now=now, reason=outcome)
    await command(session, interaction, "completed", reason=str(interaction.id), payload={}, now=now)
    await session.flush()
    return interaction
