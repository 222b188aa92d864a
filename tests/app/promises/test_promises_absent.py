"""Whose word it is has not been at work for long: a supervisor hears that it nears, in their place."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from app.actions.promises.given import give_promise
from app.actions.representatives.presence import set_presence
from app.actions.rules import versions as rules
from app.loops.timers import Timers
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import alarms, served, tend

HOUR: Final = 3_600
DAY: Final = 24 * HOUR


@pytest.fixture
async def case(shift: Shift) -> UUID:
    """Esther's, whose word stands for ten days; who is gone for two is absent."""
    said = {"quiet": "never", "absent_seconds": 2 * DAY, "news_by": "person", "news_lead_seconds": HOUR}
    draft = await shift.do(rules.draft, document(resolution=said))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()
    found: UUID = (await shift.case(await served(shift)))["id"]
    await tend(shift)
    at = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"]
    due = at + timedelta(days=10)
    await shift.do(
        give_promise, found, kind="solution", due_at=due, words=None, representative=None, actor=person("esther")
    )
    return found


async def near(shift: Shift, case: UUID) -> list[tuple[str | None, str | None]]:
    """Who is told, and in whose place, when it nears."""
    await shift.pass_time(10 * DAY - 30 * 60)
    await turns(Timers(shift.db))
    rows = [row for row in await alarms(shift, "promise_near") if row["data"]["of"] == "solution"]
    return [(row["representative"], row["data"].get("instead_of")) for row in rows]


@pytest.mark.parametrize("status", ["away", "offline"])
async def test_of_who_is_absent_for_long_the_supervisors_are_told_in_their_place(
    shift: Shift, case: UUID, status: str
) -> None:
    await shift.do(set_presence, "esther", status=status, reason="ill")
    assert await near(shift, case) == [(None, "esther")]


async def test_who_is_at_work_is_told_themselves(shift: Shift, case: UUID) -> None:
    assert await near(shift, case) == [("esther", None)]


async def test_who_left_a_moment_ago_is_told_themselves(shift: Shift, case: UUID) -> None:
    await shift.pass_time(9 * DAY)
    await shift.do(set_presence, "esther", status="offline", reason="evening")
    await shift.pass_time(DAY - 30 * 60)
    await turns(Timers(shift.db))
    rows = [row for row in await alarms(shift, "promise_near") if row["data"]["of"] == "solution"]
    assert [row["representative"] for row in rows] == ["esther"]
