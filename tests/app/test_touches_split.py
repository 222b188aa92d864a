"""Touches where cases become one, or two: each contact's touches stay with it, and nothing is counted twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.actions import rules
from app.actions.merge import merge, unmerge
from app.actions.split import move, split
from app.db import now
from app.loops.tending import Tending
from app.queries.touches import touches_of
from app.tables import Merge
from tests.moving import turns
from tests.ruling import document
from tests.shift import SUPERVISOR, Shift


async def begin(shift: Shift) -> tuple[UUID, UUID]:
    contact = await shift.arrive("email")
    return contact, (await shift.row(contact))["case_id"]


async def again(shift: Shift, case: UUID) -> UUID:
    return await shift.arrive("email", case_id=case)


async def told(shift: Shift, case: UUID) -> dict[str, Any]:
    await turns(Tending(shift.db))
    async with shift.db.session() as session:
        return await touches_of(session, case, reader=None)


async def test_the_first_contact_of_a_case_that_was_taken_in_was_one_more(shift: Shift) -> None:
    _, survivor = await begin(shift)
    _, merged = await begin(shift)
    await again(shift, merged)
    made = await shift.do(merge, survivor, merged, reason=None)
    found = await told(shift, survivor)
    assert (found["count"], [item["case_id"] for item in found["items"]]) == (2, [merged])
    assert (await told(shift, merged))["count"] == 2, "asked by its old name it is the same matter"
    async with shift.db.session() as session:
        row = await session.get_one(Merge, made.id)
        await unmerge(session, row, actor=SUPERVISOR, now=await now(session))
    assert [(await told(shift, case))["count"] for case in (survivor, merged)] == [0, 1]


async def test_two_cases_that_become_one_may_be_over_the_budget_at_once(shift: Shift) -> None:
    draft = await shift.do(rules.draft, document(resolution={"touches": 2}))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()
    _, survivor = await begin(shift)
    _, merged = await begin(shift)
    await again(shift, merged)
    await turns(Tending(shift.db))
    assert await shift.fetch("SELECT * FROM alarm") == []
    await shift.do(merge, survivor, merged, reason=None)
    await turns(Tending(shift.db))
    rows = await shift.fetch("SELECT kind, case_id FROM alarm WHERE kind = 'touch_budget'")
    assert [tuple(row) for row in rows] == [("touch_budget", survivor)]


async def test_what_is_split_off_begins_a_case_and_both_are_numbered_from_one(shift: Shift) -> None:
    _, case = await begin(shift)
    moved = [await again(shift, case) for _ in range(4)][1:3]
    assert (await told(shift, case))["count"] == 4
    made = await shift.do(split, case, moved, reason=None)
    other = made.id
    left, gone = await told(shift, case), await told(shift, other)
    assert [item["number"] for item in left["items"]] == [1, 2]
    assert [(item["number"], item["subject_id"]) for item in gone["items"]] == [(1, moved[1])]
    assert (left["count"], gone["count"]) == (2, 1)


async def test_what_began_another_case_is_one_contact_more_where_it_is_put(shift: Shift) -> None:
    _, case = await begin(shift)
    stray, other = await begin(shift)
    await again(shift, other)
    await turns(Tending(shift.db))
    await shift.do(move, stray, case, reason=None)
    found = await told(shift, case)
    assert [(item["number"], item["subject_id"]) for item in found["items"]] == [(1, stray)]
    assert (await told(shift, other))["count"] == 0, "its second contact is its first one now"
