"""An assignment ends exactly once, and what it took of the representative is given back in the same step.

Decides the outcome from the event that ended it. It never decides what becomes of the interaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables import Assignment, Representative
from routing.lifecycle import ASSIGNMENT, OUTCOME


async def end_assignment(
    session: AsyncSession, assignment: Assignment, event: str, *, now: datetime, reason: str | None = None
) -> None:
    """End it by `event`; raises `IllegalTransition`. The caller holds interaction and assignment locked.

    The ceiling sinks with the load until it meets the capacity again. Only real work moves `idle_since`: who missed an
    offer did not work.
    """
    assignment.state = ASSIGNMENT.after(assignment.state, event)
    # Who waited for the lock read the clock before the answer that came meanwhile.
    assignment.ended_at = max(now, assignment.answered_at or assignment.offered_at)
    assignment.outcome = OUTCOME[event]
    assignment.reason = reason
    session.add(assignment)
    await session.flush()
    left = col(Representative.units) - assignment.units
    worked = assignment.answered_at is not None
    await session.exec(
        update(Representative)
        .where(col(Representative.code) == assignment.representative)
        .values(
            live=col(Representative.live) - int(assignment.live),
            units=left,
            ceiling=func.greatest(col(Representative.capacity), left),
            idle_since=now if worked else col(Representative.idle_since),
        )
        .execution_options(synchronize_session=False)
    )
