"""A representative takes what they were offered.

Decides, on the database's clock and in one conditional statement, whether the offer still stands, and whether it was the last
one that their hour or day allows.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.callback import may_be_on_the_line
from app.actions.line.requeue import hand_back
from app.actions.line.step import passed
from app.actions.line.waited import count_wait
from app.actions.outward.command import command
from app.actions.record import advance, locked_pair, mine
from app.actions.representatives import caps
from app.actions.representatives.presence import offered_to
from app.errors import Conflict, NotFound
from app.security import Actor
from app.tables import Assignment, Interaction, Representative
from routing.lifecycle import ASSIGNMENT


async def accept(session: AsyncSession, assignment_id: UUID, *, actor: Actor, now: datetime) -> Assignment:
    """Accept the offer. Again by the same one: the same row, nothing written. Raises `Conflict` (`offer_gone`).

    Whoever may take no more in this hour or day lets go of all else they are offered.
    """
    others = await _other_offers(session, assignment_id)
    interaction, assignment = await locked_pair(session, assignment_id)
    mine(assignment, actor)
    if assignment.answered_at is not None:
        return assignment
    resting = await take(session, interaction, assignment, actor=actor, now=now)
    for other in others if resting else ():
        await hand_back(session, other, reason="resting", actor=actor, now=now, event="withdrawn")
    return assignment


async def take(
    session: AsyncSession, interaction: Interaction, assignment: Assignment, *, actor: Actor, now: datetime
) -> bool:
    """The same for a pair that is locked. True: they rest from now on."""
    await _in_time(session, assignment)
    fact = {"assignment": str(assignment.id), "representative": assignment.representative}
    advance(session, interaction, "accepted", now=now, actor=actor, data=fact)
    interaction.misses, interaction.escalated_at = 0, None
    # The step that brought them together may have begun at the very moment of the offer, before it was recorded.
    interaction.step = max(interaction.step, passed(interaction.steps, assignment.offered_at))
    representative = await session.get_one(Representative, assignment.representative)
    resting = caps.is_capped(representative) and await caps.rest(session, representative.code, actor=actor, now=now)
    await count_wait(session, interaction, until=now)
    await _send(session, interaction, assignment, representative.desk, now=now)
    await session.flush()
    return resting


async def _other_offers(session: AsyncSession, assignment_id: UUID) -> list[UUID]:
    """All else that whoever is counted is offered now: locked first, since who rests lets go of it."""
    known = await session.get(Assignment, assignment_id)
    if known is None:
        raise NotFound(f"There is no assignment {assignment_id}.")
    if known.state != "offered" or not caps.is_capped(await session.get_one(Representative, known.representative)):
        return []
    return [each for each in await offered_to(session, known.representative) if each != known.interaction_id]


async def _in_time(session: AsyncSession, assignment: Assignment) -> None:
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


async def _send(
    session: AsyncSession, interaction: Interaction, assignment: Assignment, desk: str | None, *, now: datetime
) -> None:
    reason = str(assignment.id)
    if interaction.callback and not await may_be_on_the_line(session, interaction):
        payload = {"desk": desk, "number": interaction.reply_to}
        await command(session, interaction, "accepted", reason=reason, payload=payload, now=now, call="call_back")
        return
    payload = {"desk": desk, "number": interaction.number, "office": interaction.office}
    await command(session, interaction, "accepted", reason=reason, payload=payload, now=now)
