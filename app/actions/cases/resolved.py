"""A case becomes resolved: what came of it, why it had happened, whose word it is; and the customer is asked.

Decides nothing: whether it may be, `app.actions.cases.resolve` and the second person's check did. The caller holds the case's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.actions.surveys.ask import ask
from app.security import Actor
from app.tables import Case, Survey


async def resolved(
    session: AsyncSession,
    case: Case,
    event: Literal["resolved", "check_passed"],
    *,
    outcome: str | None,
    root_cause: str | None,
    resolved_by: str | None,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    letter: str = "survey",
    words: Mapping[str, str] | None = None,
) -> Survey | None:
    """Move it, set the row and ask. `resolved_by`: the representative whose word it is, who is asked about from here on.

    `data`: what the event tells besides. `letter`, `words`: the notice that asks, and what it says besides. Returns what was
    asked, if anything was. Raises `Conflict` (`illegal_transition`).
    """
    said = {"outcome": outcome, "root_cause": root_cause, "representative": resolved_by}
    fact = {**(data or {}), **{name: value for name, value in said.items() if value is not None}}
    advance(session, case, event, now=now, actor=actor, data=fact)
    case.resolved_at, case.outcome, case.root_cause, case.resolved_by = now, outcome, root_cause, resolved_by
    await session.flush()
    return await ask(session, case, now=now, letter=letter, words=words)
