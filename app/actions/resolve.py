"""A case is solved by the representative's word, and open again when the customer's contact says otherwise.

Decides nothing about the contacts of the case. Closing is the customer's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance, locked
from app.errors import Forbidden
from app.security import Actor
from app.tables import Assignment, Case, Interaction


async def resolve(session: AsyncSession, case_id: UUID, *, outcome: str | None, actor: Actor, now: datetime) -> Case:
    """Resolve it. Again: the same row, nothing written. Raises `NotFound`, `Forbidden`, `Conflict`."""
    case = await locked(session, Case, case_id)
    if actor.representative is not None and not await _served(session, case_id, actor.representative):
        raise Forbidden("You have not served this case.", code="not_yours")
    if case.state == "resolved":
        return case
    advance(session, case, "resolved", now=now, actor=actor, data={"outcome": outcome} if outcome else None)
    case.resolved_at, case.outcome = now, outcome
    await session.flush()
    return case


async def _served(session: AsyncSession, case_id: UUID, representative: str) -> bool:
    served = (
        select(Assignment.id)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .where(
            Interaction.case_id == case_id,
            Assignment.representative == representative,
            col(Assignment.answered_at).is_not(None),
        )
    )
    return (await session.exec(served.limit(1))).first() is not None
