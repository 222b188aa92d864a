"""A merge against whatever else touches its cases at that moment: a contact, a letter, another merge.

Which side is first is not left to luck: the starts are staggered, or both have to wait at a lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases import merge as merging
from app.actions.cases.merge import merge, unmerge
from app.actions.contacts import cases as joining
from app.db import Database
from app.errors import Conflict
from app.intake import Intake
from app.queries.audit.audit import audit
from app.tables import Merge
from channels.base import Wrote
from tests.app.cases.test_cases import awaits, case_of, row_of
from tests.racing import Race, blocked, holding, staggered
from tests.shift import Shift

pytestmark = pytest.mark.races

ROUNDS = 22
BOTH = 'SELECT FROM "case" ORDER BY id FOR UPDATE'
THE_MERGED = 'SELECT FROM "case" WHERE id = $1 FOR UPDATE'
"""Whoever waits for one row is served in the order they came; of two rows each would wait for another."""


@pytest.fixture
async def shift(db: Database) -> AsyncIterator[Shift]:
    async with Intake(db) as intake:
        yield Shift(db, intake)


async def two(shift: Shift) -> tuple[UUID, UUID]:
    """The one that will survive is the elder in every second pair: locks are taken by id, whichever survives."""
    pair = [await case_of(shift, await shift.arrive()) for _ in range(2)]
    return (pair[0], pair[1]) if pair[0].int % 2 else (pair[1], pair[0])


async def merged_into(shift: Shift, survivor: UUID, merged: UUID) -> Any:
    return await shift.do(merge, survivor, merged, reason=None)


async def at(shift: Shift, case: UUID, kind: str) -> int:
    rows = await shift.fetch(
        "SELECT max(version) AS at FROM event WHERE subject_id = $1 AND kind = $2", str(case), kind
    )
    return rows[0]["at"] or 0


async def broken_rules(shift: Shift) -> set[str]:
    async with shift.db.connection() as connection:
        return {finding.rule for finding in await audit(connection)}


async def a_contact_comes(shift: Shift, race: Race) -> tuple[str, bool]:
    """Who was first, and whether the contact was taken by a case that did not speak for itself any more."""
    survivor, merged = await two(shift)
    await shift.do(awaits, survivor)
    made, contact = await race(merged_into(shift, survivor, merged), shift.arrive(case_id=merged))
    assert not isinstance(made, BaseException), made
    assert not isinstance(contact, BaseException), contact
    if await case_of(shift, contact) == merged:
        return "contact", await at(shift, merged, "joined") > await at(shift, merged, "merged")
    assert (await row_of(shift, survivor))["state"] == "open", "the customer was heard"
    return "merge", False


async def test_a_contact_that_comes_while_its_case_is_merged_joins_whichever_speaks_for_it(shift: Shift) -> None:
    found = [await a_contact_comes(shift, race) for race in staggered(ROUNDS)]
    assert {first for first, _ in found} == {"contact", "merge"}
    assert not any(wrong for _, wrong in found)
    assert await broken_rules(shift) == set()


async def test_a_contact_that_waits_for_the_merge_to_end_joins_the_survivor(shift: Shift, database: str) -> None:
    for _ in range(4):
        survivor, merged = await two(shift)
        async with holding(database, THE_MERGED, merged):
            one = asyncio.create_task(merged_into(shift, survivor, merged))
            await blocked(shift.fetch, 1)
            other = asyncio.create_task(shift.arrive(case_id=merged))
            await blocked(shift.fetch, 2)
        await one
        assert await case_of(shift, await other) == survivor
    assert await broken_rules(shift) == set()


async def test_who_does_not_look_whether_it_was_merged_meanwhile_joins_the_wrong_case(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotaged = joining._LOCKED.replace("merged_into,\n", "NULL::uuid AS merged_into,\n")
    assert sabotaged != joining._LOCKED
    monkeypatch.setattr(joining, "_LOCKED", sabotaged)
    found = [await a_contact_comes(shift, race) for race in staggered(11)]
    assert any(wrong for _, wrong in found)


async def a_letter_comes(shift: Shift, race: Race) -> tuple[str, bool]:
    """The same for a letter to a contact that is open: who heard it must be who spoke for the case then."""
    letter = await shift.bring("parked", channel="email")
    merged = await case_of(shift, letter)
    survivor = await case_of(shift, await shift.arrive())
    for each in (survivor, merged):
        await shift.do(awaits, each)
    wrote = Wrote(ref=f"<{letter}>", contact=f"<{letter}>", content="y", body="Here",
                  case_token=(await row_of(shift, merged))["token"])  # fmt: skip
    made, taken = await race(merged_into(shift, survivor, merged), shift.take("email", wrote))
    assert not isinstance(made, BaseException), made
    assert not isinstance(taken, BaseException), taken
    assert taken.interaction_id == letter
    heard = [each for each in (survivor, merged) if await at(shift, each, "customer_replied")]
    assert len(heard) == 1
    if heard == [merged]:
        return "letter", await at(shift, merged, "customer_replied") > await at(shift, merged, "merged")
    return "merge", False


async def test_a_letter_that_comes_while_its_case_is_merged_is_heard_once_by_whoever_speaks_for_it(
    shift: Shift,
) -> None:
    found = [await a_letter_comes(shift, race) for race in staggered(ROUNDS)]
    assert {first for first, _ in found} == {"letter", "merge"}
    assert not any(wrong for _, wrong in found)
    assert await broken_rules(shift) == set()


async def at_once(shift: Shift, database: str, *sides: Awaitable[Any]) -> list[Any]:
    """All of them have begun before the first may go on."""
    async with holding(database, BOTH):
        tasks = [asyncio.ensure_future(side) for side in sides]
        await blocked(shift.fetch, len(tasks))
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_of_two_merges_into_each_other_one_wins(shift: Shift, database: str) -> None:
    for _ in range(6):
        one, other = await two(shift)
        results = await at_once(shift, database, merged_into(shift, one, other), merged_into(shift, other, one))
        lost = [each for each in results if isinstance(each, Conflict)]
        assert [each.code for each in lost] == ["already_merged"]
        assert sum(isinstance(each, Merge) for each in results) == 1
    assert await broken_rules(shift) == set()


async def test_merges_in_a_row_at_once_make_no_chain(shift: Shift, database: str) -> None:
    for _ in range(6):
        first, second, third = [await case_of(shift, await shift.arrive()) for _ in range(3)]
        results = await at_once(shift, database, merged_into(shift, first, second), merged_into(shift, second, third))
        assert not [each for each in results if isinstance(each, BaseException) and not isinstance(each, Conflict)]
    assert await broken_rules(shift) == set()


async def test_who_does_not_look_again_at_what_is_locked_makes_a_chain(
    shift: Shift, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_alone", lambda *_: None)
    first, second, third = [await case_of(shift, await shift.arrive()) for _ in range(3)]
    async with holding(database, BOTH):
        one = asyncio.create_task(merged_into(shift, first, second))
        await blocked(shift.fetch, 1)
    await one
    await merged_into(shift, second, third)
    assert await broken_rules(shift) == {"merged_once"}


async def test_a_merge_is_undone_once_however_many_ask(shift: Shift, database: str) -> None:
    survivor, merged = await two(shift)
    made = await merged_into(shift, survivor, merged)

    async def undo(session: Any, **more: Any) -> Any:
        return await unmerge(session, await session.get_one(Merge, made.id), **more)

    results = await at_once(shift, database, *(shift.do(undo) for _ in range(3)))
    assert not [each for each in results if isinstance(each, BaseException)]
    assert (await shift.story(merged)).count("unmerged") == 1
    assert await broken_rules(shift) == set()
