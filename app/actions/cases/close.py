"""A resolved case is closed: by the customer's word, by their silence, or because nobody could ask them.

Decides until when a contact still opens it again. Whether it is to be closed, the caller decides, who holds its lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.queries.rules import rules_for
from app.security import Actor
from app.tables import Case
from routing.rules import Rules

Closing = Literal["confirmed", "lapsed", "not_asked"]
CLOSED_BY: Final[Mapping[str, str]] = {
    "confirmed": "customer",
    "lapsed": "silence",
    "not_asked": "not_asked",
    "unserved": "unserved",
}
"""Whose doing it was, by the event; each is counted by itself, and only the first as solved."""


async def close(session: AsyncSession, case: Case, event: Closing, *, actor: Actor, now: datetime) -> None:
    """Close it; raises `Conflict` where it is not resolved. From now on the queue's `reopen_days` count."""
    shut(session, case, event, rules=await rules_for(session), actor=actor, now=now)
    await session.flush()


def shut(session: AsyncSession, case: Case, event: Closing, *, rules: Rules, actor: Actor, now: datetime) -> None:
    """The same for one of many, by the rules that are known; the caller writes all of them at once. Raises as `close` does."""
    at = max(now, case.resolved_at or now)
    advance(session, case, event, now=now, actor=actor)
    case.closed_at, case.closed_by = at, CLOSED_BY[event]
    case.reopen_until = at + timedelta(days=rules.resolution.after(case.queue).reopen_days)
