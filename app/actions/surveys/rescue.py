"""A bad answer is gone after: the supervisors are told, with a time by which somebody is to have spoken to the customer.

Decides that there is one rescue for each survey, whatever is answered after. Whether an answer is bad, `routing.resolution`
knows. The caller holds the lock of the case.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import raise_alarm
from app.security import Actor
from app.tables import Case, Survey
from routing.resolution.surveys import Said


async def rescue(
    session: AsyncSession, case: Case, survey: Survey, *, said: Said, within_seconds: float, actor: Actor, now: datetime
) -> bool:
    """Raise the rescue of this survey; False: it was raised before. `by` in its data: until when, RFC 3339."""
    fact = {
        "survey": str(survey.id),
        "by": (now + timedelta(seconds=within_seconds)).isoformat(),
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
