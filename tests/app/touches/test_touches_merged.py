"""What began a case that was taken into another is one contact more of that matter, with a cause, in every figure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.split import move
from app.actions.touches.causes import set_cause
from app.db import now
from app.queries.reports import Wish, period
from app.queries.reports.touches import touches
from app.tables import Merge
from tests.app.touches.test_touches_split import again, begin, told
from tests.shift import SUPERVISOR, Shift


async def by_cause(shift: Shift) -> dict[str, int]:
    async with shift.db.reading() as session:
        at = await now(session)
        days = await period(session, at.date() - timedelta(days=2), at.date() + timedelta(days=2), office=None, now=at)
        found = await touches(session, Wish(by="cause", period=days, only={}, total=True))
    return {row["code"]: row["touches"] for row in found.items}


async def undo(shift: Shift, made: Merge) -> None:
    async with shift.db.session() as session:
        await unmerge(session, await session.get_one(Merge, made.id), actor=SUPERVISOR, now=await now(session))


def subjects(found: dict[str, Any]) -> list[UUID]:
    return [item["subject_id"] for item in found["items"]]


async def test_the_only_contact_of_a_case_that_is_joined_by_hand_is_a_touch_in_the_report(shift: Shift) -> None:
    _, case = await begin(shift)
    stray, other = await begin(shift)
    await told(shift, case)
    assert await by_cause(shift) == {}
    await shift.do(move, stray, case, reason=None)
    found = await told(shift, case)
    assert (found["count"], subjects(found), found["items"][0]["case_id"]) == (1, [stray], other)
    assert await by_cause(shift) == {"repeat": 1}


async def test_whoever_knows_better_says_its_cause_too(shift: Shift) -> None:
    (_, survivor), (_, merged) = await begin(shift), await begin(shift)
    await shift.do(merge, survivor, merged, reason=None)
    await told(shift, survivor)
    await shift.do(set_cause, merged, 1, cause="bill_unclear")
    assert await by_cause(shift) == {"bill_unclear": 1}


async def test_undone_it_begins_its_own_case_again(shift: Shift) -> None:
    (_, survivor), (first, merged) = await begin(shift), await begin(shift)
    later = await again(shift, merged)
    made = await shift.do(merge, survivor, merged, reason=None)
    assert sorted(subjects(await told(shift, survivor))) == sorted([first, later])
    assert await by_cause(shift) == {"repeat": 2}
    await undo(shift, made)
    found = await told(shift, merged)
    assert ([(item["number"], item["subject_id"]) for item in found["items"]], found["count"]) == ([(1, later)], 1)
    assert (await told(shift, survivor))["count"] == 0
    assert await by_cause(shift) == {"repeat": 1}


async def test_a_merge_that_is_undone_before_it_was_heard_of_leaves_no_touch(shift: Shift) -> None:
    (_, survivor), (_, merged) = await begin(shift), await begin(shift)
    await undo(shift, await shift.do(merge, survivor, merged, reason=None))
    assert [(await told(shift, case))["count"] for case in (survivor, merged)] == [0, 0]
    assert await by_cause(shift) == {}


async def test_cases_that_were_one_already_stay_one_with_their_touches_when_an_outer_merge_is_undone(
    shift: Shift,
) -> None:
    (_, outer), (_, inner), (stray, innermost) = [await begin(shift) for _ in range(3)]
    await shift.do(merge, inner, innermost, reason=None)
    made = await shift.do(merge, outer, inner, reason=None)
    found = await told(shift, outer)
    assert (found["count"], len(found["items"])) == (2, 2)
    await undo(shift, made)
    found = await told(shift, inner)
    assert (found["count"], subjects(found)) == (1, [stray])
    assert (await told(shift, outer))["count"] == 0
