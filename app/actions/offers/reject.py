"""A representative declines an offer, with a reason. The interaction keeps its due time and asks others first.

Decides who is not asked again and how long the interaction rests; the numbers are the queue's own, or the router's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.requeue import escalate_missed
from app.actions.line.ruled import ruled
from app.actions.offers.release import end_assignment
from app.actions.record import advance, locked_pair, mine
from app.errors import Conflict
from app.queries.line.colleagues import others_could
from app.security import Actor
from app.tables import Assignment, Interaction
from routing.plan import back_off

EXCLUDED_AT_MOST = 16


async def reject(session: AsyncSession, assignment_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Assignment:
    """Decline the offer. Again: the same row. Raises `Conflict` (`offer_gone`) once it ended otherwise."""
    interaction, assignment = await locked_pair(session, assignment_id)
    mine(assignment, actor)
    if assignment.outcome == "declined":
        return assignment
    if assignment.state != "offered":
        raise Conflict("This offer is no longer open.", code="offer_gone")
    fact = {"assignment": str(assignment.id), "representative": assignment.representative, "reason": reason}
    advance(session, interaction, "declined", now=now, actor=actor, data=fact)
    interaction.misses += 1
    first_seconds = (await ruled(session, interaction)).back_off_seconds.get("declined")
    rest = back_off("declined", interaction.misses, first_seconds=first_seconds)
    interaction.not_before = now + timedelta(seconds=rest)
    interaction.excluded = await _not_asked_again(session, interaction, assignment.representative)
    await end_assignment(session, assignment, "declined", now=now, reason=reason)
    await escalate_missed(session, interaction, now=now)
    await session.flush()
    return assignment


async def _not_asked_again(session: AsyncSession, interaction: Interaction, code: str) -> list[str]:
    """Those who refused, the newest last; nobody, where nobody else could take it: then a refusal is only a rest."""
    # The oldest refusal is forgotten first: a list without end would exclude everybody.
    refused = [*(each for each in interaction.excluded if each != code), code][-EXCLUDED_AT_MOST:]
    return refused if await others_could(session, interaction.id, besides=refused) else []
