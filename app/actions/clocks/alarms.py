"""Who is told that a clock is near its end, or past it; and that nobody need look any more once it is done.

Decides to whom an alarm of a clock goes: the people the rules name and the owner; where there is nobody, the supervisors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import NewAlarm
from app.tables import Alarm, Case, Clock

NEAR = "clock_near"
BREACHED = "clock_breached"


def alarms(
    kind: str,
    *,
    reason: str,
    case: Case,
    clock: Clock,
    people: Iterable[str | None],
    step: int | None = None,
) -> list[NewAlarm]:
    """One for each of them, once for this `reason`. None: the supervisors, and so where there is nobody at all."""
    data: dict[str, Any] = {"id": str(clock.id), "clock": clock.kind}
    due = clock.due_at or clock.ended_at
    data |= {"due_at": due.isoformat()} if due is not None else {}
    data |= {"step": step} if step is not None else {}
    return [
        NewAlarm(kind=kind, key=f"{reason}:{person or ''}", case=case, representative=person, data=data)
        for person in dict.fromkeys(people) or {None: None}
    ]


async def end_alarms_of(session: AsyncSession, clocks: Sequence[Clock], *, now: datetime) -> None:
    """What they told is over by itself."""
    if not clocks:
        return
    over = (
        update(Alarm)
        .where(
            col(Alarm.case_id).in_({clock.case_id for clock in clocks}),
            col(Alarm.kind).in_([NEAR, BREACHED]),
            col(Alarm.done_at).is_(None),
            col(Alarm.data)["id"].astext.in_([str(clock.id) for clock in clocks]),
        )
        .values(done_at=now, done_by="system")
        .execution_options(synchronize_session=False)
    )
    await session.exec(cast("Any", over))
