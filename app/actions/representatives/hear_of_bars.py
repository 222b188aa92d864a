"""Bars that were put or lifted while a contact was over: one that comes back to the line hears of them then.

Decides nothing of its own: whom they must not meet is on record. Never takes an offer back: who comes back has none.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.queries.line.known import Person, on_record
from app.queries.rules import raw
from app.security import Actor
from app.tables import Interaction


async def hear_of_bars(session: AsyncSession, interaction: Interaction, *, actor: Actor, now: datetime) -> None:
    """Bring a locked interaction that waits again up to the bars that stand now; nobody barred stays preferred."""
    known = await on_record(await raw(session), {0: Person(interaction.customer_id, interaction.case_id)})
    standing = known[0].barred
    for code in sorted({*interaction.barred} - {*standing}):
        advance(session, interaction, "unbarred", now=now, actor=actor, data={"representative": code})
    for code in sorted({*standing} - {*interaction.barred}):
        advance(session, interaction, "barred", now=now, actor=actor, data={"representative": code})
    interaction.barred = list(standing)
    if interaction.preferred in standing:
        interaction.preferred = interaction.preferred_until = None
