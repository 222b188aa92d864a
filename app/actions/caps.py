"""As many as an hour or a day allows: whoever has taken them rests until it is over.

Decides when the cap is reached and until when that counts, by the local time of the representative's office, or of the first
office for those who have none. Who rests is given nothing; what they hold they finish.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance, locked
from app.security import Actor
from app.tables import Assignment, Office, Representative

OFFERED_BEFORE: Final = timedelta(days=1)
"""The longest an offer may stand: so much earlier than its answer its id may have been made."""


def is_capped(representative: Representative) -> bool:
    """Whether anything is counted for them at all."""
    return representative.per_hour is not None or representative.per_day is not None


async def rest(session: AsyncSession, code: str, *, actor: Actor, now: datetime) -> bool:
    """They have just taken one: let them rest if it was the last that their hour or day allows; True if so.

    The caller holds the interaction and the assignment locked, and nothing that is locked after representatives.
    """
    representative = await locked(session, Representative, code)
    hour, day = await _spans(session, representative, now)
    reached = [
        end
        for (start, end), most in ((hour, representative.per_hour), (day, representative.per_day))
        if most is not None and await _taken(session, code, since=start) >= most
    ]
    if not reached or representative.resting_until == max(reached):
        return bool(reached)
    representative.resting_until = max(reached)
    advance(session, representative, "changed", now=now, actor=actor, data={"resting_until": max(reached).isoformat()})
    await session.flush()
    return True


async def _taken(session: AsyncSession, code: str, *, since: datetime) -> int:
    counted = select(func.count()).where(
        col(Assignment.representative) == code,
        col(Assignment.id) >= first_id(since - OFFERED_BEFORE),
        col(Assignment.answered_at) >= since,
    )
    return int((await session.exec(counted)).one())


async def _spans(
    session: AsyncSession, representative: Representative, now: datetime
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    """This local hour and this local day, each from its start to its end."""
    asked = select(Office.timezone).order_by(
        (col(Office.code) == (representative.office or "")).desc(), col(Office.place), col(Office.code)
    )
    zone = ZoneInfo((await session.exec(asked.limit(1))).first() or "UTC")
    local = now.astimezone(zone)
    # An hour is counted in seconds that pass, a day on the calendar: some days have 23 hours, no hour has 0.
    hour = now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    tomorrow = (today + timedelta(days=1)).replace(fold=0)
    return (hour, hour + timedelta(hours=1)), (today, tomorrow)


def first_id(moment: datetime) -> UUID:
    """The smallest id that could have been made at `moment` (uuid v7: the order of ids is the order of making)."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)
