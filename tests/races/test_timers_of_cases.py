"""Two services at the same timers, and the customer's answer against the end of a promise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from app.actions import firing
from app.actions.promises.given import keep_promises
from app.actions.record import locked
from app.db import Database, now
from app.loops import timers as loop
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.security import SYSTEM
from app.tables import Case
from tests.crowd import wait_in_line
from tests.moving import turns
from tests.races.arena import broken_rules
from tests.racing import Race, staggered

pytestmark = pytest.mark.races

MANY = 300
ROUNDS = 44
UNGUARDED = """
SELECT id, key, kind, case_id, due_at, data FROM timer WHERE id = ANY($1::uuid[]) AND $2::uuid[] IS NOT NULL
"""


async def owed(connection: asyncpg.Connection, db: Database, count: int) -> list[UUID]:
    """So many open cases, each with a promise whose time is over in this moment, and nobody to write to."""
    await wait_in_line(connection, count)
    await turns(Tending(db))
    await connection.execute(
        "UPDATE promise SET due_at = wall_clock() - interval '2 seconds', made_at = wall_clock() - interval '1 hour'"
        " WHERE state = 'standing'"
    )
    await connection.execute("UPDATE timer SET due_at = wall_clock() - interval '1 second' WHERE kind = 'promise_due'")
    rows = await connection.fetch("SELECT DISTINCT case_id FROM promise WHERE state = 'standing' ORDER BY case_id")
    return [row["case_id"] for row in rows]


async def drain(databases: Sequence[Database], connection: asyncpg.Connection) -> None:
    """Each service takes turn after turn, all at once, until nothing is due."""
    chores = [Timers(db) for db in databases]
    while await connection.fetchval("SELECT count(*) FROM timer WHERE due_at <= wall_clock()"):
        await asyncio.gather(*(chore.turn() for chore in chores))


async def broken(connection: asyncpg.Connection) -> Counter[int]:
    """How many promises were broken how often, by the log."""
    rows = await connection.fetch(
        "SELECT count(*) AS times FROM event WHERE kind = 'promise_broken' GROUP BY data ->> 'promise'"
    )
    return Counter(row["times"] for row in rows)


async def test_two_services_break_each_promise_once(
    db: Database, connection: asyncpg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TOGETHER", 10)
    cases = await owed(connection, db, MANY)
    async with Database(database) as other:
        await drain([db, other, db, other], connection)
    assert await broken(connection) == {1: len(cases)}
    assert await connection.fetchval("SELECT count(*) FROM promise WHERE state = 'standing'") == len(cases)
    assert await broken_rules(connection) == set()


async def test_even_a_timer_that_is_done_twice_breaks_a_promise_once(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is not taken away: the promise knows better."""
    await owed(connection, db, 5)
    monkeypatch.setattr(firing, "_TAKE", UNGUARDED)
    chore = Timers(db)
    for _ in range(2):
        await chore.turn()
    assert (
        await connection.fetchval("SELECT count(*) FROM timer WHERE kind = 'promise_due' AND due_at <= wall_clock()")
        == 0
    )
    assert await broken(connection) == {1: 5}, "the promise itself is broken once all the same"


async def test_news_at_the_last_moment_are_kept_or_broken_and_never_both(
    db: Database, connection: asyncpg.Connection
) -> None:
    ended: Counter[str] = Counter()
    for race in staggered(ROUNDS):
        (case,) = await owed(connection, db, 1)
        await race_for(race, db, case)
        await turns(Timers(db))
        states = await connection.fetch("SELECT state FROM promise WHERE case_id = $1 ORDER BY made_at, id", case)
        assert [row["state"] for row in states] == ["broken", "standing"] or [row["state"] for row in states] == [
            "broken", "kept", "standing",
        ]  # fmt: skip
        ended[",".join(row["state"] for row in states)] += 1
        await connection.execute("UPDATE \"case\" SET state = 'closed', closed_by = 'silence' WHERE id = $1", case)
        await connection.execute("DELETE FROM timer")
        await connection.execute("UPDATE promise SET state = 'released', ended_at = due_at WHERE state = 'standing'")
    assert len(ended) == 2, ended


async def race_for(race: Race, db: Database, case: UUID) -> None:
    async def tell() -> None:
        async with db.session() as session:
            row = await locked(session, Case, case)
            await keep_promises(session, row, kinds=("news",), now=await now(session), actor=SYSTEM)

    await race(tell(), turns(Timers(db)))
