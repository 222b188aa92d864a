"""Timers of cases: each done once, whoever does it; what fails holds up nobody; thousands cost few statements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from app.actions import firing
from app.actions.heard import Due
from app.actions.record import advance
from app.actions.timers import NewTimer, cancel_timer, cancel_timers, set_timer, set_timers
from app.db import now
from app.loops import timers as loop
from app.loops.timers import Timers
from app.queries.rules import raw
from app.security import SYSTEM
from channels.base import Person
from routing.rules import Rules
from tests.moving import turns
from tests.racing import blocked, holding
from tests.shift import Shift
from tests.solving import DAY, solved

Session = Any
MANY: Final = 40


class Doing:
    """A handler for the kind `test`: an event on the case for each, and a failure where it is told."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.poison: set[str] = set()
        self.slow = asyncio.Event()
        self.slow.set()

    async def __call__(self, session: Session, dues: Sequence[Due], rules: Rules, at: datetime) -> None:
        self.batches.append(len(dues))
        for each in dues:
            if each.case is not None:
                advance(session, each.case, "described", now=at, actor=SYSTEM, data={"timer": each.key})
        await self.slow.wait()
        if self.poison & {each.key for each in dues}:
            raise ValueError("poison")


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Doing:
    made = Doing()
    monkeypatch.setattr(firing, "HANDLERS", {"test": made})
    return made


async def cases(shift: Shift, count: int) -> list[UUID]:
    found = [(await shift.row(await shift.arrive("email")))["case_id"] for _ in range(count)]
    return sorted(found)


async def set_all(shift: Shift, of: Sequence[UUID], *, seconds: float = -1.0, kind: str = "test") -> list[str]:
    """One timer for each case, due so many seconds from now."""
    async with shift.db.session() as session:
        due = await now(session) + timedelta(seconds=seconds)
        made = [NewTimer(kind=kind, key=f"{kind}:{case}", due_at=due, case_id=case) for case in of]
        await set_timers(session, made)
    return [each.key for each in made]


async def done(shift: Shift) -> list[str]:
    rows = await shift.fetch("SELECT data ->> 'timer' AS key FROM event WHERE kind = 'described'")
    return sorted(row["key"] for row in rows)


async def left(shift: Shift) -> list[str]:
    return sorted(row["key"] for row in await shift.fetch("SELECT key FROM timer"))


async def test_a_timer_is_set_once_for_its_key_moved_and_taken_back(shift: Shift) -> None:
    (case,) = await cases(shift, 1)
    async with shift.db.session() as session:
        at = await now(session)
        for hours in (1, 2):
            await set_timer(
                session, "test", key="one", due_at=at + timedelta(hours=hours), case_id=case, data={"n": hours}
            )
        await set_timers(session, [])
        await cancel_timers(session, [])
    (row,) = await shift.fetch("SELECT due_at, data FROM timer")
    assert (row["due_at"], row["data"]) == (at + timedelta(hours=2), {"n": 2})
    async with shift.db.session() as session:
        await cancel_timer(session, "one")
        await cancel_timer(session, "none")
    assert await left(shift) == []


async def test_what_is_due_is_done_and_what_is_not_waits(shift: Shift, doing: Doing) -> None:
    soon, later = await cases(shift, 2)
    [first] = await set_all(shift, [soon])
    [second] = await set_all(shift, [later], seconds=60)
    await turns(Timers(shift.db))
    assert (await done(shift), await left(shift)) == ([first], [second])
    await shift.pass_time(61)
    await turns(Timers(shift.db))
    assert await done(shift) == sorted([first, second])


async def test_two_at_once_do_each_once(shift: Shift, doing: Doing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TOGETHER", 5)
    keys = await set_all(shift, await cases(shift, MANY))
    chores = [Timers(shift.db) for _ in range(4)]
    while await left(shift):
        await asyncio.gather(*(chore.turn() for chore in chores))
    assert await done(shift) == sorted(keys)


async def test_a_turn_that_is_cut_off_did_nothing_and_the_next_does_it(shift: Shift, doing: Doing) -> None:
    keys = await set_all(shift, await cases(shift, 3))
    doing.slow.clear()
    turn = asyncio.create_task(Timers(shift.db).turn())
    while not doing.batches:
        await asyncio.sleep(0.01)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert (await done(shift), await left(shift)) == ([], sorted(keys))
    doing.slow.set()
    await turns(Timers(shift.db))
    assert (await done(shift), await left(shift)) == (sorted(keys), [])


async def test_one_that_fails_is_put_off_ever_longer_and_holds_up_nobody(shift: Shift, doing: Doing) -> None:
    keys = await set_all(shift, await cases(shift, 16))
    doing.poison = {keys[5], keys[11]}
    await turns(Timers(shift.db))
    assert await done(shift) == sorted(set(keys) - doing.poison)
    assert await left(shift) == sorted(doing.poison)
    waits = []
    for _ in range(3):
        (row,) = await shift.fetch("SELECT max(due_at) - wall_clock() AS wait, max(attempts) AS tries FROM timer")
        waits.append(row["wait"])
        await shift.pass_time(row["wait"].total_seconds() + 1)
        await turns(Timers(shift.db))
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
    doing.poison = set()
    await shift.pass_time(3_700)
    await turns(Timers(shift.db))
    assert await done(shift) == sorted(keys), "never dropped"


async def test_a_kind_nobody_knows_is_kept_and_holds_up_nobody(shift: Shift, doing: Doing) -> None:
    first, second = await cases(shift, 2)
    [known] = await set_all(shift, [first])
    [unknown] = await set_all(shift, [second], kind="of_tomorrow")
    await turns(Timers(shift.db))
    assert (await done(shift), await left(shift)) == ([known], [unknown])


async def test_a_case_somebody_works_on_is_left_for_the_next_turn(shift: Shift, doing: Doing, database: str) -> None:
    first, second = await cases(shift, 2)
    held, free = await set_all(shift, [first, second])
    async with holding(database, 'SELECT FROM "case" WHERE id = $1 FOR UPDATE', first):
        await turns(Timers(shift.db))
        assert (await done(shift), await left(shift)) == ([free], [held])
        (row,) = await shift.fetch("SELECT attempts FROM timer")
        assert row["attempts"] == 0, "it has not failed"
    await turns(Timers(shift.db))
    assert await done(shift) == sorted([held, free])


async def test_a_timer_that_is_moved_while_it_is_looked_at_waits_for_its_new_time(
    shift: Shift, doing: Doing, database: str
) -> None:
    (case,) = await cases(shift, 1)
    [key] = await set_all(shift, [case])
    async with shift.db.connection() as connection:
        found = await firing.due(connection, limit=10)
    await set_all(shift, [case], seconds=60)
    async with shift.db.session() as session:
        assert await firing.fire(session, found, now=await now(session)) == 0
    assert (await done(shift), await left(shift)) == ([], [key])


async def test_who_waits_for_a_timer_that_is_being_done_sets_it_anew(shift: Shift, doing: Doing) -> None:
    (case,) = await cases(shift, 1)
    [key] = await set_all(shift, [case])
    doing.slow.clear()
    turn = asyncio.create_task(Timers(shift.db).turn())
    while not doing.batches:
        await asyncio.sleep(0.01)
    anew = asyncio.create_task(set_all(shift, [case], seconds=60))
    await blocked(shift.fetch)
    doing.slow.set()
    await asyncio.gather(turn, anew)
    assert (await done(shift), await left(shift)) == ([key], [key]), "done once, and to be done again"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many statements reached the server since last asked."""
    seen = 0

    def count(original: Any) -> Any:
        async def counting(self: Any, *args: Any, **more: Any) -> Any:
            nonlocal seen
            seen += 1
            return await original(self, *args, **more)

        return counting

    monkeypatch.setattr(asyncpg.Connection, "_do_execute", count(asyncpg.Connection._do_execute))  # type: ignore[attr-defined]
    monkeypatch.setattr(
        asyncpg.prepared_stmt.PreparedStatement,
        "_PreparedStatement__do_execute",
        count(asyncpg.prepared_stmt.PreparedStatement._PreparedStatement__do_execute),  # type: ignore[attr-defined]
    )

    def told() -> int:
        nonlocal seen
        found, seen = seen, 0
        return found

    return told


@pytest.mark.parametrize("kind", ["promise_near", "promise_due"])
async def test_ten_times_as_many_timers_cost_hardly_more_statements(
    shift: Shift, counted: Callable[[], int], kind: str
) -> None:
    costs = []
    for count in (3, 30):
        of = await cases(shift, count)
        async with shift.db.session() as session:
            await (await raw(session)).execute(
                "INSERT INTO promise (id, case_id, kind, due_at, made_at, made_by, state) SELECT id, id, 'news',"
                " wall_clock() + make_interval(secs => $2), wall_clock() - interval '1 hour', 'test', 'standing'"
                " FROM unnest($1::uuid[]) AS t (id)", of, -5.0 if kind == "promise_due" else 9_000.0,
            )  # fmt: skip
            at = await now(session)
            ends = {kind: at, "promise_due": at if kind == "promise_due" else at + timedelta(hours=2)}
            made = [
                NewTimer(kind=each, key=f"{each}:{case}", due_at=due, case_id=case, data={"promise": str(case)})
                for case in of
                for each, due in ends.items()
            ]
            await set_timers(session, made)
        counted()
        await turns(Timers(shift.db))
        costs.append(counted())
    assert 10 < costs[0] < 60
    assert costs[1] <= costs[0] + 5, costs


async def test_ten_times_as_many_cases_are_closed_with_hardly_more_statements(
    shift: Shift, counted: Callable[[], int]
) -> None:
    costs = []
    for count in (2, 20):
        for number in range(count):
            await solved(shift, person=Person(name="Somebody", email=f"p{count}.{number}@example.test"))
        await shift.pass_time(6 * DAY)
        counted()
        await turns(Timers(shift.db))
        costs.append(counted())
    (ended,) = await shift.fetch("SELECT count(*) FROM \"case\" WHERE closed_by = 'silence'")
    assert ended[0] == 22
    assert 5 < costs[0] < 40
    assert costs[1] <= costs[0] + 5, costs


async def test_looking_for_what_is_due_never_reads_all_timers(shift: Shift) -> None:
    of = await cases(shift, 1)
    await shift.execute(
        "INSERT INTO timer (id, key, kind, case_id, due_at) SELECT gen_random_uuid(), 'k' || n, 'test',"
        " CASE WHEN n <= 20 THEN $1::uuid END, wall_clock() + make_interval(mins => n) FROM generate_series(1, 20000) AS n", of[0],
    )  # fmt: skip
    await shift.execute("ANALYZE timer")
    async with shift.db.session() as session:
        connection = await raw(session)
        for statement, arguments in (
            (firing._DUE, [500]),
            (firing._TAKE, [of, of]),
            ("DELETE FROM timer WHERE key = ANY ($1::text[])", [["k1", "k2"]]),
        ):
            rows = await connection.fetch(f"EXPLAIN {statement}", *arguments)
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, plan
    await shift.execute("DELETE FROM timer")
