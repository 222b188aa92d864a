"""Touches where cases become one, or two: each contact's touches stay with it, and nothing is counted twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.actions.cases.describe import describe_case
from app.actions.cases.merge import merge, unmerge
from app.actions.cases.split import move, split
from app.actions.rules import versions as rules
from app.db import now
from app.loops.tending import Tending
from app.queries.cases.touches import touches_of
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
    assert (found["count"], [item["case_id"] for item in found["items"]]) == (2, [merged, merged])
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


async def owned(shift: Shift, code: str) -> UUID:
    contact, case = await begin(shift)
    await shift.serve(contact, code)
    await turns(Tending(shift.db))
    return case


async def budget_alarms(shift: Shift) -> list[tuple[UUID, str | None]]:
    rows = await shift.fetch(
        "SELECT case_id, representative FROM alarm WHERE kind = 'touch_budget' ORDER BY raised_at, key"
    )
    return [(row["case_id"], row["representative"]) for row in rows]


async def whose(shift: Shift, case: UUID) -> tuple[str | None, bool, int]:
    (row,) = await shift.fetch('SELECT owner, supervised, alarmed FROM "case" WHERE id = $1', case)
    return row["owner"], row["supervised"], row["alarmed"]


async def test_what_only_two_together_cost_too_much_is_the_owners_again_when_they_are_two(shift: Shift) -> None:
    draft = await shift.do(rules.draft, document(resolution={"touches": 2}))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()
    survivor, merged = await owned(shift, "ayesha"), await owned(shift, "bilal")
    for case in (survivor, merged, merged):
        await again(shift, case)
    await turns(Tending(shift.db))
    assert await budget_alarms(shift) == [(merged, "bilal")]
    made = await shift.do(merge, survivor, merged, reason=None)
    await turns(Tending(shift.db))
    assert await budget_alarms(shift) == [(merged, "bilal"), (survivor, "ayesha"), (survivor, None)]
    assert await whose(shift, survivor) == (None, True, 2)
    async with shift.db.session() as session:
        await unmerge(session, await session.get_one(Merge, made.id), actor=SUPERVISOR, now=await now(session))
    await turns(Tending(shift.db))
    assert await whose(shift, survivor) == ("ayesha", False, 0)
    assert await whose(shift, merged) == ("bilal", False, 1)
    assert len(await budget_alarms(shift)) == 3, "nobody is told the same again"
    for _ in range(3):
        await again(shift, survivor)
    await turns(Tending(shift.db))
    assert await whose(shift, survivor) == (None, True, 2), "by itself it costs too much by now"
    assert len(await budget_alarms(shift)) == 3


async def test_an_undone_merge_leaves_alone_whom_the_supervisors_named_meanwhile(shift: Shift) -> None:
    draft = await shift.do(rules.draft, document(resolution={"touches": 1}))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()
    survivor, merged = await owned(shift, "ayesha"), await owned(shift, "bilal")
    await again(shift, merged)
    made = await shift.do(merge, survivor, merged, reason=None)
    await turns(Tending(shift.db))
    await shift.do(describe_case, survivor, {"owner": "chandra"})
    async with shift.db.session() as session:
        await unmerge(session, await session.get_one(Merge, made.id), actor=SUPERVISOR, now=await now(session))
    await turns(Tending(shift.db))
    assert await whose(shift, survivor) == ("chandra", False, 0)
