"""What was called solved and is not: open again, by the customer's answer or by a person who knows better, and back in line.

Decides who may open it by hand and until when. How the work waits, `app.actions.cases.reopen_work` knows; that a second person looks
before it is called solved again, the gate does. A contact that joins a case opens it on its own way (`app.actions.contacts.cases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.reopen_work import put_back
from app.actions.contacts.cases import hear, over, survivor
from app.actions.surveys.end import drop, timer_key
from app.actions.timers import cancel_timer
from app.errors import Conflict, Forbidden
from app.queries.cases.served import has_served
from app.security import Actor
from app.tables import Case


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """How the work comes back. `via`: the channel the answer came on, None: as they wrote last. `words`: what is not solved."""

    via: str | None = None
    words: str | None = None


async def reopen(
    session: AsyncSession,
    case: Case,
    *,
    reason: str,
    again: Again,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Open a resolved or closed case and put its work back in line; returns the new interaction.

    The caller holds the case's lock. `reason`: a code; `data`: what the event tells besides. Whoever resolved it is not asked
    first. Raises `Conflict` (`illegal_transition`).
    """
    before = case.resolved_by
    if not hear(session, case, actor=actor, now=now, data={"reason": reason, **(data or {})}):
        raise Conflict(f"This case is {case.state}; reopened is not possible now.", code="illegal_transition")
    await drop(session, case, reason="reopened", actor=actor, now=now)
    await cancel_timer(session, timer_key(case.id))
    await session.flush()
    return await put_back(
        session,
        case,
        reason=reason,
        avoid=before,
        via=again.via,
        words=again.words,
        actor=actor,
        now=now,
    )


async def reopen_by_hand(
    session: AsyncSession, case_id: UUID, *, reason: str, words: str | None, actor: Actor, now: datetime
) -> Case:
    """The same by a person: the customer told them, or they saw it. `words`: for whoever takes it up.

    Raises `NotFound`, `Forbidden`, `Conflict` (`illegal_transition`, `reopening_over`).
    """
    case = await survivor(session, case_id)
    if actor.representative is not None and not await has_served(session, case, actor.representative):
        raise Forbidden("You have not served this case.", code="not_yours")
    if case.state not in ("resolved", "closed"):
        raise Conflict(f"This case is {case.state}; reopened is not possible now.", code="illegal_transition")
    if over(case, now=now):
        raise Conflict("Its time to be opened again is over. What comes now is a new case.", code="reopening_over")
    await reopen(session, case, reason=reason, again=Again(words=words), actor=actor, now=now)
    return case
