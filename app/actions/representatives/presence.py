"""What a representative says of themselves: available, away, offline.

Decides what they let go of when they leave: offers at once; other work that is not live after a grace time (the timers
do it); a live call or visit never, it stays until its own end.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.requeue import hand_back
from app.actions.record import advance, locked
from app.errors import Conflict, Forbidden
from app.security import Actor
from app.tables import Assignment, Interaction, Representative


async def set_presence(
    session: AsyncSession, code: str, *, status: str, reason: str | None, actor: Actor, now: datetime
) -> Representative:
    """Set it. The same status again: the same row, nothing written. Raises `NotFound`, `Forbidden`, `Conflict` (`retired`).

    Offers are withdrawn first, since interactions are locked before representatives. One that is written in between is
    withdrawn by the timers, which look for offers to people who are not available.
    """
    if actor.representative is not None and actor.representative != code:
        raise Forbidden("You can only speak for yourself.", code="not_yours")
    if status != "available":
        for interaction_id in await offered_to(session, code):
            await hand_back(session, interaction_id, reason=status, actor=actor, now=now, event="withdrawn")
    representative = await locked(session, Representative, code)
    if representative.presence == status:
        return representative
    if representative.retired and status != "offline":
        raise Conflict("This representative works here no more.", code="retired")
    advance(session, representative, status, now=now, actor=actor, data={"reason": reason} if reason else None)
    representative.presence_reason = reason
    if status == "offline":
        # The next shift begins without a heart: only who sends signs of life is missed when they stop.
        representative.heartbeat_at = None
    await session.flush()
    return representative


async def let_go_of_offers(session: AsyncSession, code: str, *, actor: Actor, now: datetime) -> None:
    """Whoever rests from now on lets go of all that they are offered. For one whose own row is locked already.

    Nothing is waited for: an offer that somebody works on at this moment is being answered, or ends.
    """
    offers = select(Interaction.id).join(Assignment, col(Assignment.interaction_id) == col(Interaction.id))
    offers = offers.where(Assignment.representative == code, Assignment.state == "offered").order_by(
        col(Interaction.id)
    )
    for each in (await session.exec(offers.with_for_update(skip_locked=True, key_share=True, of=Interaction))).all():
        await hand_back(session, each, reason="resting", actor=actor, now=now, event="withdrawn")


async def offered_to(session: AsyncSession, code: str) -> list[UUID]:
    """What they are offered now, by id, every interaction and assignment of it locked before the first is let go.

    Letting one go locks the representative's row: whoever waited for a further interaction after that could wait in a circle.
    """
    offers = select(Interaction.id).join(Assignment, col(Assignment.interaction_id) == col(Interaction.id))
    offers = offers.where(Assignment.representative == code, Assignment.state == "offered").order_by(
        col(Interaction.id)
    )
    ids = list((await session.exec(offers.with_for_update(key_share=True, of=Interaction))).all())
    held = select(Assignment.id).where(col(Assignment.interaction_id).in_(ids), col(Assignment.ended_at).is_(None))
    await session.exec(held.order_by(col(Assignment.id)).with_for_update(key_share=True))
    return ids
