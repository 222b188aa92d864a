"""What becomes of a second person's look by itself: the customer writes, or nobody decides in time.

Decides when a check is withdrawn and who is told that one is late. It never decides a check.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import raise_alarm
from app.actions.cases.gate import OPEN, OURS, late_key, withdraw
from app.actions.heard import Due, Heard
from app.security import SYSTEM
from app.tables import Case, SecondCheck
from routing.rules import Rules

ENDING: Final = ("customer_replied", "reopened")
"""What the customer said last comes first: what was written before is looked at anew."""


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Withdraw what was asked for before the customer wrote. What was asked for since stands."""
    for each in heard:
        event, case = each.event, each.case
        if event.subject == "case" and event.kind in ENDING:
            if event.subject_id != str(case.id):
                continue  # said on another before that was taken in: what is looked at here goes on
            await withdraw(session, case, reason="customer_replied", actor=SYSTEM, now=now, until_version=event.version)
        elif event.subject == "case" and event.kind == "merged":  # its row is locked with that of its survivor
            taken = await session.get_one(Case, UUID(event.subject_id))
            if taken.merged_into is not None:  # else it was undone before this was heard
                await withdraw(session, taken, reason="merged", actor=SYSTEM, now=now)


async def late(session: AsyncSession, due: Sequence[Due], rules: Rules, now: datetime) -> None:
    """Nobody has decided in time: the supervisors are told, once."""
    for each in due:
        check = await session.get(SecondCheck, UUID(each.data["check"]), populate_existing=True)
        if each.case is None or check is None or check.state not in OPEN or each.case.state in OURS:
            continue
        await raise_alarm(
            session, "check_late", key=late_key(check), case=each.case, representative=None, now=now,
            data={"check": str(check.id), "before": check.before},
        )  # fmt: skip
