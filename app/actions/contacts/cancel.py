"""A contact is called off before anyone serves it.

Decides nothing about the case. An open offer ends with it.
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


async def cancel(
    session: AsyncSession, interaction_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> Interaction:
    """Cancel it. Again: the same row. Raises `Conflict` once it is being served."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.state == "cancelled":
        await once_mine(session, interaction, actor)
        return interaction
    mine(assignment, actor)
    fact = {"reason": reason}
    if assignment is not None:
        fact |= {"assignment": str(assignment.id), "representative": assignment.representative}
    advance(session, interaction, "cancelled", now=now, actor=actor, data=fact)
    if assignment is not None:
        await end_assignment(session, assignment, "cancelled", now=now, reason=reason)
    await command(session, interaction, "cancelled", reason=str(interaction.id), payload={}, now=now)
    await session.flush()
    return interaction
