"""Whoever knows better says why a customer had to turn to us again; what the rule said stays in the log.

Decides nothing about what a touch is.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance, locked
from app.errors import NotFound
from app.queries.readers import may_change_case
from app.security import Actor
from app.tables import Case, Touch


async def set_cause(
    session: AsyncSession, case_id: UUID, number: int, *, cause: str, actor: Actor, now: datetime
) -> Touch:
    """The touch, with its cause. Said again by the same person: nothing is written; by another, it is their word from then on.

    Raises `NotFound`, `Forbidden` (`not_accepted`).
    """
    await may_change_case(session, case_id, reader=actor.representative)
    case = await locked(session, Case, case_id)
    found = await session.exec(select(Touch).where(Touch.case_id == case_id, Touch.number == number))
    touch = found.one_or_none()
    if touch is None:
        raise NotFound(f"This case has no touch {number}.", code="unknown_touch")
    if (touch.cause, touch.caused_by) != (cause, actor.label):
        advance(
            session, case, "described", now=now, actor=actor, data={"touch": number, "cause": cause, "was": touch.cause}
        )
        touch.cause, touch.caused_by = cause, actor.label
        session.add(touch)
        await session.flush()
    return touch
