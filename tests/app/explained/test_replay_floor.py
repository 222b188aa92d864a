"""The past floor, folded from the log: after any walk it is what the tables showed at that moment."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app import convert
from app.queries.explained.past import Past, floor_at
from app.queries.line import floor as queries
from routing.model import Staff, Waiting
from tests.app.test_actions_walk import Walker, begin
from tests.shift import Shift, open_shift

WALKS = 4
STEPS = 30


@pytest.fixture
async def shift(database: str) -> AsyncIterator[Shift]:
    async with open_shift(database) as opened:
        yield opened


async def stood(shift: Shift) -> tuple[datetime, dict[Any, Waiting], dict[str, Staff]]:
    """The floor as the tables show it now, and the moment."""
    async with shift.db.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        moment = await connection.fetchval("SELECT wall_clock()")
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM interaction WHERE state = 'queued'")]
        waiting = {row["id"]: convert.waiting(row) for row in await queries.interactions(connection, ids)}
        staff = {
            row["code"]: convert.staff(row)
            for row in await queries.staff_after(connection, "", limit=500)
            if row["presence"] != "offline" and not row["retired"]
        }
    return moment, waiting, staff


async def folded(shift: Shift, moment: datetime) -> Past:
    async with shift.db.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await floor_at(connection, moment)


async def test_the_floor_folded_at_any_past_moment_is_the_one_the_tables_showed_then(shift: Shift, seed: int) -> None:
    await shift.stand_still()
    await begin(shift)
    shown = []
    for number in range(WALKS):
        walker = Walker(shift, random.Random(seed + number), name=f"walker {number}")
        for _ in range(STEPS):
            await shift.stand_still(1)  # a row and its event read the clock one after the other
            await walker.walk(1)
            shown.append(await stood(shift))
        await shift.pass_time(walker.chance.uniform(1, 200))
    compared = doubtful = 0
    for moment, waiting, staff in shown:
        past = await folded(shift, moment)
        assert [each.id for each in past.waiting] == sorted(waiting)
        for each in past.waiting:
            if str(each.id) in past.approximate:
                doubtful += 1
                continue
            compared += 1
            assert near(each) == near(waiting[each.id])
        assert [rested(each) for each in past.staff] == [rested(staff[code]) for code in sorted(staff)]
    assert compared > 30
    assert doubtful < compared / 2


def rested(staff: Staff) -> Staff:
    """The same, for when somebody became idle."""
    return replace(staff, idle_since=round(staff.idle_since, 3))


def near(waiting: Waiting) -> Waiting:
    """Without the last microseconds: some instants are kept as numbers and some as times."""
    return replace(
        waiting,
        due=round(waiting.due, 3),
        not_before=round(waiting.not_before, 3),
        preferred_until=round(waiting.preferred_until, 3),
        excluded_until=round(waiting.excluded_until, 3),
        steps=tuple(replace(step, deadline=round(step.deadline, 3)) for step in waiting.steps),
    )
