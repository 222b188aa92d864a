"""Matters that nobody served and nobody is to serve: whoever hung up, was turned away, or sent a machine's letter, and never came again.

Decides when such a case ends: as long after its customer was last heard of as a closed case of its queue may be opened again.
It was not solved and nobody is asked; it is counted by itself. While a promise stands, or a fault it is about goes on, it waits.
Whoever comes later begins a case that follows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import CLOSED_BY
from app.actions.heard import Due, Heard
from app.actions.record import advance
from app.actions.timers import NewTimer, set_timers
from app.queries.cases.alive import UNSERVED, alive, expecting
from app.queries.rules import raw
from app.security import SYSTEM
from app.tables import Case
from routing.rules import Rules

KIND: Final = "unserved"
"""Of the timer that ends such a case; also of the event that does."""
ALONE: Final = frozenset({"unmerged", "released", "split_off", "joined_by_split"})
"""Events of a case after which its contacts are others than before."""


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """A customer did something on a case that nobody serves, or it stands by itself now: from now on it waits so long for its customer to come again."""
    quiet = await _quiet(session, {each.case.id: each.case for each in heard if _may_be_over(each)})
    await _wait(session, quiet, rules, now)


async def closes(session: AsyncSession, dues: Sequence[Due], rules: Rules, now: datetime) -> None:
    """They have not come again. A case that somebody serves by now, or that was taken into another, is left as it is."""
    quiet = await _quiet(session, {each.case.id: each.case for each in dues if each.case is not None})
    waiting = await expecting(await raw(session), quiet.keys())
    for case in quiet.values():
        if case.id not in waiting:
            advance(session, case, KIND, now=now, actor=SYSTEM)
            case.closed_at, case.closed_by, case.reopen_until = now, CLOSED_BY[KIND], now
    await session.flush()
    await _wait(session, {each: quiet[each] for each in waiting}, rules, now)


def _may_be_over(heard: Heard) -> bool:
    """Something happened to a contact that is over, or the case stands by itself now. What our own clocks do counts for nothing."""
    if heard.interaction is not None:
        return heard.interaction.state in UNSERVED
    return heard.event.kind in ALONE or "split_from" in heard.event.data


async def _quiet(session: AsyncSession, cases: Mapping[UUID, Case]) -> dict[UUID, Case]:
    """Those of `cases`, locked by the caller, that stand open by themselves and on which nothing is owed."""
    open_ = {key: case for key, case in cases.items() if case.state == "open" and case.merged_into is None}
    served = await alive(await raw(session), open_.keys())
    return {key: case for key, case in open_.items() if key not in served}


async def _wait(session: AsyncSession, cases: Mapping[UUID, Case], rules: Rules, now: datetime) -> None:
    timers = [
        NewTimer(
            kind=KIND,
            key=f"{KIND}:{case.id}",
            due_at=now + timedelta(days=rules.resolution.after(case.queue).reopen_days),
            case_id=case.id,
        )
        for case in cases.values()
    ]
    await set_timers(session, timers)
