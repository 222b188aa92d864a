"""Eight dispatchers at once on one database: the lease spares them trouble, the guards keep the truth."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from app.actions.offer import WRITE
from app.db import Database
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from tests.crowd import go_to_work, wait_in_line
from tests.races.arena import Tally, broken_rules, without

pytestmark = pytest.mark.races

DISPATCHERS = 8
ATTEMPTS = 6_000
STAFF, CAPACITY = 40, 40
ROUNDS = 5


async def all_at_once(
    db: Database, connection: asyncpg.Connection, write: str, *, staff: int, prefix: str = "r"
) -> Tally:
    """All of them find the same people waiting, and everybody coming to work at once, for more than can be given."""
    dispatchers = [Dispatcher(db, write=write, lease=f"dispatcher {number}") for number in range(DISPATCHERS)]
    tasks = [asyncio.create_task(supervised(each)) for each in dispatchers]
    try:
        await asyncio.gather(*(each.turned() for each in dispatchers))
        await wait_in_line(connection, staff * CAPACITY)
        await wait_in_line(connection, staff * 2, live=True)
        await go_to_work(connection, staff, capacity=CAPACITY, prefix=prefix)
        db.bell.ring()
        for _ in range(4):
            await asyncio.gather(*(each.turned() for each in dispatchers))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    made = int(sum(each.measures.offers._value.get() for each in dispatchers))
    dropped = int(sum(each.measures.dropped._value.get() for each in dispatchers))
    return Tally(attempts=made + dropped, lost=dropped)


async def test_eight_dispatchers_at_once_break_nothing(db: Database, connection: asyncpg.Connection) -> None:
    tally = await all_at_once(db, connection, WRITE, staff=STAFF)
    assert await broken_rules(connection) == set()
    assert await connection.fetchval("SELECT count(*) FROM assignment") >= STAFF * (CAPACITY - 1)
    tally.check(at_least=ATTEMPTS)


async def test_without_its_row_guards_an_interaction_lands_in_several_hands(
    db: Database, connection: asyncpg.Connection
) -> None:
    await connection.execute("DROP INDEX uq_assignment_live")
    for attempt in range(ROUNDS):  # a race may be won by chance once, not again and again
        await all_at_once(db, connection, without("row"), staff=STAFF, prefix=f"r{attempt}_")
        if "one_holder" in await broken_rules(connection):
            return
    raise AssertionError("nobody was ever given to two, though nothing forbids it")
