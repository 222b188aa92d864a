"""The customer goes: leaves the line, ends the contact, or does not come when called.

Decides what their going means by where the interaction stands: nobody served them yet, or somebody still wraps up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.callback import hung_up
from app.actions.line.waited import count_wait
from app.actions.offers.release import end_assignment
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.security import Actor
from app.tables import Assignment, Interaction, Queue
from routing.lifecycle import ASSIGNMENT, INTERACTION


async def depart(
    session: AsyncSession, interaction_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> Interaction:
    """The contact is over at the edge. Before service: abandoned. During: wrapping. After: nothing, and no error.

    Whoever is called back keeps the place and only leaves the line.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.callback and await hung_up(session, interaction, actor=actor, now=now):
        return interaction
    if INTERACTION.allows(interaction.state, "ended"):
        return await _wrap_up(session, interaction, assignment, reason=reason, actor=actor, now=now)
    if not INTERACTION.allows(interaction.state, "left"):
        return interaction
    return await _give_up(session, interaction, assignment, "left", reason=reason, actor=actor, now=now)


async def no_show(session: AsyncSession, interaction_id: UUID, *, actor: Actor, now: datetime) -> Interaction:
    """Called, and did not come. Again: the same row. Who returns within the grace time gets the old place."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.state == "abandoned":
        await once_mine(session, interaction, actor)
        return interaction
    mine(assignment, actor)
    return await _give_up(session, interaction, assignment, "no_show", reason="no_show", actor=actor, now=now)


async def _give_up(
    session: AsyncSession,
    interaction: Interaction,
    assignment: Assignment | None,
    event: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Interaction:
    advance(session, interaction, event, now=now, actor=actor, data={"reason": reason, **_of(assignment)})
    interaction.wake_at = None
    if assignment is not None:
        await end_assignment(session, assignment, event, now=now, reason=reason)
    if event == "left":
        await count_wait(session, interaction, until=now)
    await session.flush()
    return interaction


async def _wrap_up(
    session: AsyncSession,
    interaction: Interaction,
    assignment: Assignment | None,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Interaction:
    advance(session, interaction, "ended", now=now, actor=actor, data={"reason": reason, **_of(assignment)})
    queue = await session.get(Queue, interaction.queue)
    interaction.wake_at = now + timedelta(seconds=queue.wrap_up_seconds if queue else 0)
    if assignment is not None:
        assignment.state = ASSIGNMENT.after(assignment.state, "ended")
        session.add(assignment)
    await session.flush()
    return interaction


def _of(assignment: Assignment | None) -> dict[str, str]:
    if assignment is None:
        return {}
    return {"assignment": str(assignment.id), "representative": assignment.representative}
