"""As many as an hour or a day allows: whoever has taken them rests until it is over.

Decides when the cap is reached and until when that counts, by the local time of the representative's office, or of the first
office for those who have none. Who rests is given nothing; what they hold they finish. A rest that ends neither with this
hour nor with this day was counted by a clock that was set back since.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance, locked
from app.db import Connection
from app.security import SYSTEM, Actor
from app.tables import Assignment, Office, Representative

# `today` ends where the calendar says, as in `_spans`. An hour that is told is over within one.
_WRONG: Final = """
SELECT r.code FROM representative r LEFT JOIN LATERAL (
    SELECT timezone FROM office ORDER BY (office.code = coalesce(r.office, '')) DESC, place, code LIMIT 1) AS o ON true
CROSS JOIN LATERAL (
    SELECT (date_trunc('day', wall_clock() AT TIME ZONE coalesce(o.timezone, 'UTC')) + interval '1 day')
           AT TIME ZONE coalesce(o.timezone, 'UTC') AS ends) AS today
WHERE r.resting_until > wall_clock() + interval '1 hour' AND (r.per_day IS NULL OR r.resting_until <> today.ends)
ORDER BY r.code LIMIT $1
"""


def is_capped(representative: Representative) -> bool:
    """Whether anything is counted for them at all."""
    return representative.per_hour is not None or representative.per_day is not None


async def rest(session: AsyncSession, code: str, *, actor: Actor, now: datetime) -> bool:
    """They have just taken one: let them rest if it was the last that their hour or day allows; True if so.

    The caller holds the interaction and the assignment locked, and nothing that is locked after representatives.
    """
    representative = await locked(session, Representative, code)
    until = await _allowed_again(session, representative, now)
    if until is not None and representative.resting_until != until:
        await _rests(session, representative, until, actor=actor, now=now)
    return until is not None


async def wrongly_resting(connection: Connection, *, limit: int) -> list[str]:
    """At most `limit` of those whose rest ends when no rest that begins now could."""
    return [row["code"] for row in await connection.fetch(_WRONG, limit)]


async def rest_anew(session: AsyncSession, code: str, *, now: datetime) -> None:
    """Count their hour and their day as they are now, whatever was counted before."""
    representative = await locked(session, Representative, code)
    until = await _allowed_again(session, representative, now)
    if representative.resting_until != until:
        await _rests(session, representative, until, actor=SYSTEM, now=now)


async def _allowed_again(session: AsyncSession, representative: Representative, now: datetime) -> datetime | None:
    """When they may take another one; None: this moment."""
    hour, day = await _spans(session, representative, now)
    reached = [
        end
        for (start, end), most in ((hour, representative.per_hour), (day, representative.per_day))
        if most is not None and await _taken(session, representative.code, since=start) >= most
    ]
    return max(reached, default=None)


async def _rests(
    session: AsyncSession, representative: Representative, until: datetime | None, *, actor: Actor, now: datetime
) -> None:
    representative.resting_until = until
    data = {"resting_until": until.isoformat() if until is not None else None}
    advance(session, representative, "changed", now=now, actor=actor, data=data)
    await session.flush()


async def _taken(session: AsyncSession, code: str, *, since: datetime) -> int:
    counted = select(func.count()).where(
        col(Assignment.representative) == code,
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
