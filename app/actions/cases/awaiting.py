"""The customer's turn: a case waits for them, until they say something or somebody takes it up again.

Decides what waiting does to the case. What it does to promises and clocks, those who keep them decide.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.security import Actor
from app.tables import Case


async def await_customer(session: AsyncSession, case: Case, *, cause: str, actor: Actor, now: datetime) -> Case:
    """It waits for the customer from now on. Again: nothing. The caller holds the case's lock; `cause` is a code.

    Raises `Conflict` where it is being checked, or is over.
    """
    if case.state != "awaiting_customer":
        advance(session, case, "awaited", now=now, actor=actor, data={"cause": cause})
        await session.flush()
    return case


async def stop_awaiting(session: AsyncSession, case: Case, *, actor: Actor, now: datetime) -> Case:
    """It is our turn again although no contact came: they answered on another way. One that does not wait stays as it is."""
    if case.state == "awaiting_customer":
        advance(session, case, "customer_replied", now=now, actor=actor, data={"by_hand": True})
        await session.flush()
    return case
