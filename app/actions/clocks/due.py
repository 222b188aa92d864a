"""What is done when the time of a clock is near, is up, or has been up for so long: named people are told.

Decides by the clock as it is, not by its timer. What the log tells and the clocks have not heard of yet comes first: an answer
in time is never called late because somebody was slow to read of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import NewAlarm, raise_alarms
from app.actions.clocks.alarms import BREACHED, NEAR, alarms
from app.actions.clocks.rows import BREACH, ESCALATION, WARNING, Clocks
from app.actions.heard import Due, Handler
from app.actions.timers import NewTimer, set_timers
from app.queries.cases.clocks import unheard
from app.tables import Case, Clock
from routing.rules import Rules
from routing.rules.resolving import EscalationRule

AGAIN: Final = timedelta(seconds=1)
"""How soon it is looked at again where the log is not heard to its end."""
LATER: Final = timedelta(hours=1)
"""How soon an escalation is looked at again while the customer is awaited."""


async def warning(session: AsyncSession, due: Sequence[Due], rules: Rules, now: datetime) -> None:
    """The owner and those the rules name are told, once for each time it is due."""
    clocks = await _clocks(session, await _ready(session, WARNING, due, now))
    new: list[NewAlarm] = []
    for case, clock, _ in clocks:
        if clock.state != "running" or clock.warned_at is not None or clock.due_at is None or clock.due_at <= now:
            continue
        clock.warned_at = now
        session.add(clock)
        reason = f"{NEAR}:{clock.id}:{int(clock.due_at.timestamp())}"
        named = rules.resolution.of(case.request_type).targets.warn
        new += alarms(NEAR, reason=reason, case=case, clock=clock, people=[case.owner, *named])
    await raise_alarms(session, new, now=now)


async def breach(session: AsyncSession, due: Sequence[Due], rules: Rules, now: datetime) -> None:
    """It is late from the instant it was due; the owner is told, and the steps after it begin to count."""
    ready = await _ready(session, BREACH, due, now)
    cases = {each.case.id: each.case for each in ready if each.case is not None}
    if not cases:
        return
    rows = await Clocks.of(session, cases.values(), rules, now)
    new: list[NewAlarm] = []
    for case, clock, _ in await _clocks(session, ready):
        if clock.state != "running" or clock.due_at is None or clock.due_at > now:
            continue
        rows.breach(clock)
        reason = f"{BREACHED}:{clock.id}:{int(clock.since.timestamp())}"
        new += alarms(BREACHED, reason=reason, case=case, clock=clock, people=[case.owner])
    await rows.save()
    await raise_alarms(session, new, now=now)


async def escalation(session: AsyncSession, due: Sequence[Due], rules: Rules, now: datetime) -> None:
    """A step after a breach: whom the rules name is told, if what is late has not come since."""
    new: list[NewAlarm] = []
    later: list[NewTimer] = []
    for case, clock, each in await _clocks(session, await _ready(session, ESCALATION, due, now)):
        number = int(each.key.rsplit(":", 1)[1])
        step = _step(rules, case, number)
        if clock.state != "breached" or clock.late_at is not None or step is None:
            continue
        if case.state == "awaiting_customer":
            later.append(NewTimer(kind=ESCALATION, key=each.key, due_at=now + LATER, case_id=case.id))
            continue
        people = step.tell or (None,)
        new += alarms(BREACHED, reason=each.key, case=case, clock=clock, people=people, step=number)
    await set_timers(session, later)
    await raise_alarms(session, new, now=now)


HANDLERS: Final[Mapping[str, Handler]] = {WARNING: warning, BREACH: breach, ESCALATION: escalation}


def _step(rules: Rules, case: Case, number: int) -> EscalationRule | None:
    steps = rules.resolution.of(case.request_type).targets.escalate
    return steps[number] if number < len(steps) else None


async def _ready(session: AsyncSession, kind: str, due: Sequence[Due], now: datetime) -> list[Due]:
    """Those about whose case everything was heard; the others come again in a moment."""
    waiting = await unheard(session, {each.case.id for each in due if each.case is not None})
    again = [each for each in due if each.case is not None and each.case.id in waiting]
    await set_timers(
        session,
        [NewTimer(kind=kind, key=each.key, due_at=now + AGAIN, case_id=each.case.id) for each in again if each.case],
    )
    return [each for each in due if each.case is not None and each.case.id not in waiting]


async def _clocks(session: AsyncSession, due: Sequence[Due]) -> list[tuple[Case, Clock, Due]]:
    """The clock each timer names, read anew, with its case; a clock that is gone is left out."""
    ids = {UUID(each.key.split(":")[1]) for each in due}
    if not ids:
        return []
    chosen = select(Clock).where(col(Clock.id).in_(ids))
    rows = {row.id: row for row in await session.exec(chosen)}
    named = [(each, rows.get(UUID(each.key.split(":")[1]))) for each in due]
    return [(each.case, row, each) for each, row in named if row is not None and each.case is not None]
