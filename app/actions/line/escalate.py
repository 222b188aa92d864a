"""A supervisor is told of one who waits: too many offers were missed, or no step has helped.

Decides how long it rests so that a supervisor may act. After that it is offered on: nobody starves for being escalated.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.security import SYSTEM, Actor
from app.tables import Interaction

Reason = Literal["missed_offers", "exhausted", "no_number"]


def escalate(
    session: AsyncSession,
    interaction: Interaction,
    *,
    reason: Reason,
    rest_seconds: float,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Record it on a locked, queued interaction; its misses start anew."""
    advance(session, interaction, "escalated", now=now, actor=actor, data={"reason": reason})
    interaction.escalated_at = now
    interaction.not_before = now + timedelta(seconds=rest_seconds)
    interaction.misses = 0
