"""Two cases that are one, and two again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.merge import merge, unmerge
from app.actions.representatives.bar import Whose, bar
from app.db import Database
from app.errors import Conflict, Invalid, NotFound
from app.loops.tending import Tending
from app.queries.audit.audit import audit
from app.queries.cases.families import family
from app.tables import Merge
from channels.base import Person, Wrote
from tests.app.cases.test_cases import case_of, row_of, stays_closed
from tests.moving import turns
from tests.office import furnish
from tests.shift import Shift, person

MINE = Person(name="Amina", phone="+923001234567")
OTHER = Person(name="Sana", phone="+923007654321")
LASTING = ("version",)


async def undo(session: Any, made: UUID, **more: Any) -> Any:
    return await unmerge(session, await session.get_one(Merge, made), **more)


async def cases(shift: Shift, count: int = 2, **more: Any) -> list[UUID]:
    return [await case_of(shift, await shift.arrive(**more)) for _ in range(count)]


async def as_it_was(shift: Shift) -> list[Any]:
    """All cases and contacts, but how often they were told of."""
    rows = await shift.fetch('SELECT * FROM "case" ORDER BY id')
    contacts = await shift.fetch("SELECT * FROM interaction ORDER BY id")
    return [{name: value for name, value in row.items() if name not in LASTING} for row in (*rows, *contacts)]


async def members(shift: Shift, case: UUID) -> list[UUID]:
    async with shift.db.reading() as session:
        return await family(session, case)


async def test_a_merge_rewrites_nothing_but_the_pointer_and_undoing_it_leaves_all_as_it_was(shift: Shift) -> None:
    one, two = await cases(shift)
    before = await as_it_was(shift)
    made = await shift.do(merge, one, two, reason="same_matter")
    after = await as_it_was(shift)
    changed = [
        (old["id"], name) for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]
    ]
    assert changed == [(two, "merged_into")]
    assert await members(shift, one) == await members(shift, two) == [one, two]
    for _ in range(2):
        await shift.do(undo, made.id)
    assert await as_it_was(shift) == before
    assert await shift.story(one) == ["opened", "absorbed", "released"]
    assert await shift.story(two) == ["opened", "merged", "unmerged"]


async def test_merged_again_is_the_same_merge_and_after_an_undo_another(shift: Shift) -> None:
    one, two = await cases(shift)
    first = await shift.do(merge, one, two, reason=None)
    assert (await shift.do(merge, one, two, reason="again")).id == first.id
    await shift.do(undo, first.id)
    second = await shift.do(merge, two, one, reason=None)
    assert second.id != first.id
    assert (await row_of(shift, one))["merged_into"] == two


async def test_what_lay_in_a_merged_case_comes_along_and_goes_back_with_it(shift: Shift) -> None:
    one, two, three = await cases(shift, 3)
    inner = await shift.do(merge, two, three, reason=None)
    outer = await shift.do(merge, one, two, reason=None)
    assert await members(shift, three) == [one, two, three]
    with pytest.raises(Conflict) as refused:
        await shift.do(undo, inner.id)
    assert refused.value.code == "merged_since"
    await shift.do(undo, outer.id)
    assert (await members(shift, one), await members(shift, three)) == ([one], [two, three])
    await shift.do(undo, inner.id)
    assert await members(shift, three) == [three]


async def test_the_survivor_speaks_for_the_customer_and_the_owner_where_it_has_none_and_gives_both_back(
    shift: Shift,
) -> None:
    visit = await shift.arrive()
    call = await shift.arrive("phone", person=MINE)
    one, two = await case_of(shift, visit), await case_of(shift, call)
    await shift.execute("UPDATE \"case\" SET owner = 'bilal' WHERE id = $1", two)
    before = await as_it_was(shift)
    made = await shift.do(merge, one, two, reason=None)
    row = await row_of(shift, one)
    assert (row["customer_id"], row["owner"]) == ((await row_of(shift, two))["customer_id"], "bilal")
    await shift.do(undo, made.id)
    assert await as_it_was(shift) == before


async def test_what_somebody_changed_since_is_not_undone(shift: Shift) -> None:
    one, two = await cases(shift)
    await shift.execute("UPDATE \"case\" SET owner = 'bilal' WHERE id = $1", two)
    made = await shift.do(merge, one, two, reason=None)
    await shift.execute("UPDATE \"case\" SET owner = 'esther' WHERE id = $1", one)
    await shift.do(undo, made.id)
    assert (await row_of(shift, one))["owner"] == "esther"


async def test_whatever_comes_for_the_merged_case_goes_to_the_survivor(shift: Shift) -> None:
    letter = await shift.arrive("email", "claim")
    one, two = (await cases(shift, 1))[0], await case_of(shift, letter)
    await shift.do(merge, one, two, reason=None)
    by_id = await shift.arrive(case_id=two)
    assert await case_of(shift, by_id) == one
    token = (await row_of(shift, two))["token"]
    wrote = await shift.take("email", Wrote(ref="<2>", contact="<2>", content="y", body="And?", case_token=token))
    assert wrote.interaction_id == letter, "what is still open goes on, wherever it lies"
    wrote = await shift.take("console", Wrote(ref="<3>", contact="<3>", content="z", body="And?", case_token=token))
    assert wrote.case_id == one


async def test_a_letter_to_the_open_contact_of_a_merged_case_is_heard_by_the_survivor(shift: Shift) -> None:
    letter = await shift.bring("parked", channel="email")
    one, two = (await cases(shift, 1))[0], await case_of(shift, letter)
    await shift.do(merge, one, two, reason=None)
    await shift.execute("INSERT INTO event (subject, subject_id, version, kind, at, actor)"
                        " VALUES ('case', $1, 3, 'awaited', wall_clock(), 'system')", str(one))  # fmt: skip
    await shift.execute("UPDATE \"case\" SET state = 'awaiting_customer', version = 3 WHERE id = $1", one)
    token = (await row_of(shift, two))["token"]
    await shift.take("email", Wrote(ref="<2>", contact="<2>", content="y", body="Here", case_token=token))
    assert (await row_of(shift, one))["state"] == "open"
    assert (await row_of(shift, two))["state"] == "open"
    assert (await shift.story(one))[-1] == "customer_replied"


async def test_events_of_a_merged_case_are_heeded_for_the_survivor(shift: Shift) -> None:
    one, two = await cases(shift)
    await turns(Tending(shift.db))
    await shift.do(merge, one, two, reason=None)
    waiting = (await shift.fetch("SELECT id FROM interaction WHERE case_id = $1", two))[0]["id"]
    await shift.serve(waiting, "esther")
    await turns(Tending(shift.db))
    assert ((await row_of(shift, one))["owner"], (await row_of(shift, two))["owner"]) == ("esther", None)


async def test_a_merged_case_that_stands_alone_again_knows_what_it_is(shift: Shift) -> None:
    one, two = await cases(shift)
    made = await shift.do(merge, one, two, reason=None)
    await turns(Tending(shift.db))
    await shift.do(undo, made.id)
    await turns(Tending(shift.db))
    row = await row_of(shift, two)
    assert (row["queue"], row["channel"]) == ("inquiries", "walk_in")
    assert row["tended_at"] is not None


async def test_a_case_reopened_counts_what_it_waited_wherever_it_waited(shift: Shift) -> None:
    first, second = await shift.arrive(), await shift.arrive()
    await shift.pass_time(90)
    for each in (first, second):
        await shift.serve(each, "esther" if each == first else "chandra")
    one, two = await case_of(shift, first), await case_of(shift, second)
    await shift.do(merge, one, two, reason=None)
    waited = sum([(await row_of(shift, each))["waited_seconds"] for each in (one, two)])
    await stays_closed(shift, first, seconds=600)
    again = await shift.row(await shift.arrive(case_id=two))
    assert waited >= 180
    assert again["head_start_seconds"] == waited + 600


@pytest.mark.parametrize("how", ["itself", "two_customers", "survivor_over", "being_checked", "already_merged"])
async def test_what_cannot_be_one_is_left_as_it_is(shift: Shift, how: str) -> None:
    one = await case_of(shift, await shift.arrive("phone", person=MINE))
    two = await case_of(shift, await shift.arrive("phone", person=OTHER if how == "two_customers" else MINE))
    three = await case_of(shift, await shift.arrive("phone", person=MINE))
    if how == "itself":
        two = one
    elif how == "survivor_over":
        await stays_closed(shift, (await shift.fetch("SELECT id FROM interaction WHERE case_id = $1", one))[0]["id"])
    elif how == "being_checked":
        await shift.execute("INSERT INTO event (subject, subject_id, version, kind, at, actor)"
                            " VALUES ('case', $1, 2, 'check_requested', wall_clock(), 'system')", str(two))  # fmt: skip
        await shift.execute("UPDATE \"case\" SET state = 'checking', version = 2 WHERE id = $1", two)
    elif how == "already_merged":
        await shift.do(merge, three, two, reason=None)
    before = await shift.everything()
    with pytest.raises(Invalid if how == "itself" else Conflict) as refused:
        await shift.do(merge, one, two, reason=None)
    assert refused.value.code == ("merge_of_one" if how == "itself" else how)
    assert await shift.everything() == before


async def test_a_representative_merges_and_parts_only_what_they_have_served(shift: Shift) -> None:
    mine, foreign = await shift.bring("active", code="esther"), await shift.bring("completed", code="chandra")
    one, two = await case_of(shift, mine), await case_of(shift, foreign)
    for pair in ((one, two), (two, one)):
        with pytest.raises(NotFound):
            await shift.do(merge, *pair, reason=None, actor=person("esther"))
    made = await shift.do(merge, one, two, reason=None)
    with pytest.raises(NotFound):
        await shift.do(undo, made.id, actor=person("bilal"))
    await shift.do(undo, made.id, actor=person("esther"))


async def test_whom_one_must_not_meet_the_other_must_not_meet_and_an_undo_takes_it_back(shift: Shift) -> None:
    waiting = await shift.arrive()
    one, two = await case_of(shift, await shift.arrive()), await case_of(shift, waiting)
    await shift.do(bar, Whose(case_id=one), "esther", reason="complaint")
    await shift.offer(waiting, "esther")
    made = await shift.do(merge, one, two, reason=None)
    row = await shift.row(waiting)
    assert (row["state"], row["barred"]) == ("queued", ["esther"])
    assert (await shift.holder(waiting))["outcome"] == "withdrawn"
    again = await shift.row(await shift.arrive(case_id=two))
    assert again["barred"] == ["esther"]
    await shift.do(undo, made.id)
    assert (await shift.row(waiting))["barred"] == []


async def test_a_chain_of_pointers_is_found_by_the_audit(database: str) -> None:
    await furnish(database)
    async with Database(database) as db, db.connection() as connection:
        ids = [row[0] for row in await connection.fetch("SELECT gen_random_uuid() FROM generate_series(1, 3)")]
        for each in ids:
            await connection.execute(
                "INSERT INTO \"case\" (id, token, state, opened_at, version) VALUES ($1::uuid, $1::uuid::text, 'open', now(), 1)",
                each,
            )
            await connection.execute("INSERT INTO event (subject, subject_id, version, kind, at, actor)"
                                     " VALUES ('case', $1, 1, 'opened', now(), 'system')", str(each))  # fmt: skip
        assert await audit(connection) == []
        await connection.execute('UPDATE "case" SET merged_into = $2 WHERE id = $1', ids[0], ids[1])
        await connection.execute('UPDATE "case" SET merged_into = $2 WHERE id = $1', ids[1], ids[2])
        assert {finding.rule for finding in await audit(connection)} == {"merged_once", "merge_on_record"}
