"""Cases whose time to answer is over are closed many at once, and each by what is true of it alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions import firing
from app.actions.cases.merge import merge, unmerge
from app.actions.surveys.ask import answer
from app.actions.timers import NewTimer, set_timers
from app.db import now
from app.loops import timers as loop
from app.loops.timers import Timers
from app.queries.audit.audit import audit
from app.tables import Merge, Survey
from channels.base import Person
from tests.moving import turns
from tests.shift import SUPERVISOR, Shift
from tests.solving import CUSTOMER, DAY, fire, row, solved, surveys, tend, timer

# What the log tells of a case already is told again when it closes: nothing can be written about it.
POISON = """
INSERT INTO event (subject, subject_id, version, kind, at, actor)
SELECT 'case', id::text, version + 1, 'described', wall_clock(), 'test' FROM "case" WHERE id = $1
"""
Found = Sequence[Any]


async def asked(shift: Shift, count: int) -> list[UUID]:
    """So many cases of as many people, each asked by letter."""
    people = [Person(name=f"P{number}", email=f"p{number}@example.test") for number in range(count)]
    return [await solved(shift, person=each) for each in people]


async def over(shift: Shift) -> None:
    """Everybody's time to answer is over."""
    await shift.pass_time(5 * DAY + 1)


async def states(shift: Shift, cases: Sequence[UUID]) -> list[tuple[str, str | None]]:
    found = [await row(shift, case) for case in cases]
    return [(case["state"], case["closed_by"]) for case in found]


async def told(shift: Shift, cases: Sequence[UUID], *kinds: str) -> list[int]:
    """How often the log tells any of this of each."""
    return [sum(kind in kinds for kind in await shift.story(case)) for case in cases]


async def due(shift: Shift) -> Found:
    async with shift.db.connection() as connection:
        return await firing.due(connection, limit=loop.TOGETHER)


class Killed(Exception):
    """The process died before the commit."""


async def dies_at(shift: Shift, found: Found) -> None:
    async with firing_of(shift, found) as count:
        assert count == len(found)
        raise Killed


@asynccontextmanager
async def firing_of(shift: Shift, found: Found) -> AsyncIterator[int]:
    """In the block these timers are done and nothing is committed yet; how many there were."""
    async with shift.db.session() as session:
        yield await firing.fire(session, found, now=await now(session))


async def test_of_one_batch_each_case_ends_by_what_became_of_its_own_letter(shift: Shift) -> None:
    silent, bounced = await asked(shift, 2)
    unasked = await solved(shift, channel="walk_in")
    (survey,) = await surveys(shift, bounced)
    await shift.execute(
        "UPDATE outbox SET state = 'failed', done_at = wall_clock() WHERE dedupe_key = $1", f"noticed:survey:{survey['id']}"
    )  # fmt: skip
    await over(shift)
    async with firing_of(shift, await due(shift)) as count:
        assert count >= 3
    assert await states(shift, [silent, bounced, unasked]) == [
        ("closed", "silence"),
        ("closed", "not_asked"),
        ("closed", "not_asked"),
    ]
    assert (await shift.story(silent))[-2:] == ["survey_lapsed", "lapsed"]
    assert (await shift.story(bounced))[-2:] == ["survey_dropped", "not_asked"]
    assert (await shift.story(unasked))[-1] == "not_asked"
    assert [(await surveys(shift, case))[0]["state"] for case in (silent, bounced)] == ["lapsed", "dropped"]
    await shift.sound()


async def test_one_case_that_cannot_be_closed_keeps_none_of_its_batch_open(shift: Shift) -> None:
    cases = await asked(shift, 5)
    poison, others = cases[2], [*cases[:2], *cases[3:]]
    await over(shift)
    await shift.execute(POISON, poison)
    story = await shift.story(poison)
    await fire(shift)
    assert await states(shift, others) == [("closed", "silence")] * 4
    assert await told(shift, others, "lapsed", "survey_lapsed") == [2] * 4, "once each, although they were tried again"
    assert (await states(shift, [poison]), await shift.story(poison)) == ([("resolved", None)], story)
    assert [each["state"] for each in await surveys(shift, poison)] == ["asked"], "nothing of it was done"
    (late,) = await shift.fetch("SELECT case_id, attempts FROM timer WHERE kind = 'survey_closes'")
    assert (late["case_id"], late["attempts"]) == (poison, 1)
    await shift.execute('UPDATE "case" SET version = version + 1 WHERE id = $1', poison)
    await shift.pass_time(3_700)
    await fire(shift)
    assert await states(shift, [poison]) == [("closed", "silence")], "it was put off, never dropped"


async def test_a_case_that_is_merged_away_meanwhile_is_left_out_and_the_others_are_closed(shift: Shift) -> None:
    survivor, merged, other = await asked(shift, 3)
    await over(shift)
    found = await due(shift)
    await shift.execute('UPDATE "case" SET customer_id = (SELECT customer_id FROM "case" WHERE id = $1) WHERE id = $2',
                        survivor, merged)  # fmt: skip
    made = await shift.do(merge, survivor, merged, reason=None)
    async with firing_of(shift, found):
        pass
    assert await states(shift, [survivor, merged, other]) == [
        ("closed", "silence"),
        ("resolved", None),
        ("closed", "silence"),
    ]
    assert (await shift.story(merged))[-1] == "merged"
    await tend(shift)
    assert [each["state"] for each in await surveys(shift, merged)] == ["dropped"]
    async with shift.db.session() as session:
        await unmerge(session, await session.get_one(Merge, made.id), actor=SUPERVISOR, now=await now(session))
    await tend(shift)
    await fire(shift)
    assert await states(shift, [merged]) == [("closed", "not_asked")], "it stands alone again, and its time is over"


async def test_a_case_that_is_being_merged_is_waited_for_by_nobody(shift: Shift) -> None:
    survivor, merged, other = [await solved(shift) for _ in range(3)]
    await over(shift)
    async with shift.db.session() as session:
        await merge(session, survivor, merged, reason=None, actor=SUPERVISOR, now=await now(session))
        async with asyncio.timeout(30):
            await turns(Timers(shift.db))
        assert [state for state, _ in await states(shift, [survivor, merged, other])] == [
            "resolved",
            "resolved",
            "closed",
        ]
    await turns(Timers(shift.db))
    assert [state for state, _ in await states(shift, [survivor, merged, other])] == ["closed", "resolved", "closed"]


async def test_of_two_chores_at_the_same_batch_one_does_it_and_the_other_does_nothing(shift: Shift) -> None:
    cases = await asked(shift, 4)
    await over(shift)
    found = await due(shift)
    async with firing_of(shift, found) as first:
        assert first == len(found)
        async with asyncio.timeout(30), firing_of(shift, found) as second:
            assert second == 0, "it waits for nobody"
    async with firing_of(shift, found) as third:
        assert third == 0, "they are gone"
    assert await told(shift, cases, "lapsed") == [1] * 4
    assert await told(shift, cases, "survey_lapsed") == [1] * 4
    await shift.sound()


async def test_many_chores_close_each_case_once_also_when_the_first_of_them_die(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TOGETHER", 3)
    cases = [*await asked(shift, 6), *[await solved(shift, channel="walk_in") for _ in range(6)]]
    await over(shift)
    for _ in range(3):
        with pytest.raises(Killed):
            await dies_at(shift, await due(shift))
    assert [state for state, _ in await states(shift, cases)] == ["resolved"] * 12
    chores = [Timers(shift.db) for _ in range(4)]
    while [each for each in cases if await timer(shift, each) is not None]:
        await asyncio.gather(*(chore.turn() for chore in chores))
    assert await told(shift, cases, "lapsed", "not_asked") == [1] * 12
    await shift.sound()


async def test_who_is_answering_while_the_others_are_closed_has_the_last_word(shift: Shift) -> None:
    said, *others = await asked(shift, 3)
    (survey,) = await surveys(shift, said)
    async with shift.db.session() as session:
        found = await session.get_one(Survey, survey["id"])
        await answer(session, found, solved="yes", mark=None, words=None, actor=CUSTOMER, now=await now(session))
        await over(shift)
        await fire(shift)
        assert await states(shift, [said, *others]) == [("resolved", None), *[("closed", "silence")] * 2]
    await fire(shift)
    assert await states(shift, [said]) == [("closed", "customer")]
    assert await told(shift, [said], "survey_lapsed", "lapsed") == [0]
    await shift.sound()


async def test_what_is_due_of_one_case_comes_together_and_who_has_waited_longest_comes_first(shift: Shift) -> None:
    one, two = sorted([(await shift.case(await shift.arrive("email")))["id"] for _ in range(2)], reverse=True)
    async with shift.db.session() as session:
        at = await now(session)
        wanted = {"late": (one, -90), "later": (two, -80), "soon": (one, 60), "last": (one, -10), "none": (None, -85)}
        made = [
            NewTimer(kind="test", key=key, due_at=at + timedelta(seconds=seconds), case_id=case)
            for key, (case, seconds) in wanted.items()
        ]
        await set_timers(session, made)
    keys = {each["id"]: each["key"] for each in await shift.fetch("SELECT id, key FROM timer")}
    async with shift.db.connection() as connection:
        for limit, expected in (
            (2, ["late", "last"]),
            (3, ["late", "last", "none"]),
            (9, ["late", "last", "none", "later"]),
        ):
            found = [keys[each["id"]] for each in await firing.due(connection, limit=limit)]
            assert [key for key in found if key in wanted] == expected
    await shift.execute("DELETE FROM timer")
    async with shift.db.connection() as connection:
        assert await audit(connection) == []
