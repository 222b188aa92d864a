"""What is heard late ends no second person's look that was asked for since: a case that is checked has somebody to check it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.resolve import resolve
from app.actions.rules.versions import draft, publish
from app.security import Actor
from app.tables import Merge
from tests.documents import document
from tests.shift import Shift, person
from tests.solving import served, tend


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Every resolution is looked at."""
    rules = {**document(), "resolution": {"checks": [{"before": "resolution"}]}}
    await shift.do(publish, (await shift.do(draft, rules)).version, recompute=False)


async def _two(shift: Shift) -> tuple[UUID, UUID]:
    one, other = [(await shift.case(await served(shift)))["id"] for _ in range(2)]
    await tend(shift)
    return one, other


async def _undo(session: AsyncSession, made: UUID, *, actor: Actor, now: datetime) -> None:
    await unmerge(session, await session.get_one(Merge, made), actor=actor, now=now)


async def _looked_at(shift: Shift, case: UUID) -> list[str]:
    rows = await shift.fetch("SELECT state FROM second_check WHERE case_id = $1 ORDER BY id", case)
    return [row["state"] for row in rows]


async def test_a_merge_that_was_undone_before_it_was_heard_ends_no_look(shift: Shift) -> None:
    survivor, merged = await _two(shift)
    made: Merge = await shift.do(merge, survivor, merged, reason=None)
    await shift.do(_undo, made.id)
    await shift.do(resolve, merged, outcome=None, actor=person("esther"))
    await tend(shift)
    assert await _looked_at(shift, merged) == ["waiting"]


async def test_what_was_said_on_a_case_before_it_was_taken_in_ends_no_look_at_the_one_that_survives(
    shift: Shift,
) -> None:
    survivor, merged = await _two(shift)
    await shift.execute("UPDATE \"case\" SET state = 'awaiting_customer', version = version + 1 WHERE id = $1", merged)
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " SELECT 'case', id::text, version, 'awaited', wall_clock(), 'system' FROM \"case\" WHERE id = $1",
        merged,
    )
    await tend(shift)
    await shift.arrive("email", case_id=merged)
    await shift.do(resolve, survivor, outcome=None, actor=person("esther"))
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    assert "customer_replied" in await shift.story(merged)
    assert await _looked_at(shift, survivor) == ["waiting"]
