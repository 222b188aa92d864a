"""A bad answer is gone after: the supervisors are told, with a time by which somebody is to have spoken to the customer.

Decides that there is one rescue for each survey, whatever is answered after. Whether an answer is bad, `routing.resolution`
knows. The caller holds the lock of the case.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import raise_alarm
from app.security import Actor
from app.tables import Case, Survey
from routing.resolution.surveys import Said

RESCUE_SECONDS: Final = 86_400.0
"""A day: who is angry is not left alone with it for longer."""


async def rescue(session: AsyncSession, case: Case, survey: Survey, *, said: Said, actor: Actor, now: datetime) -> bool:
    """Raise the rescue of this survey; False: it was raised before. `by` in its data: until when, RFC 3339."""
    fact = {
        "survey": str(survey.id),
        "by": (now + timedelta(seconds=RESCUE_SECONDS)).isoformat(),
        **{name: value for name in ("solved", "mark") if (value := getattr(said, name)) is not None},
        **({"about": survey.representative} if survey.representative else {}),
    }
    return await raise_alarm(
        session,
        "rescue",
        key=f"rescue:{survey.id}",
        case=case,
        representative=None,
        now=now,
        data=fact,
        actor=actor,
    )
