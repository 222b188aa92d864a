"""Eight dispatchers at once on one database: the lease spares them trouble, the guards keep the truth.

All of them must plan on the same rows before any of them writes. A lock sees to that: whoever wants to write an offer waits at
it, and once all wait they are let go together. So it depends on no machine how many come too late.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.actions.offers.offer import WRITE
from app.db import Database
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from tests.crowd import go_to_work, wait_in_line
from tests.races.arena import Tally, broken_rules, without
from tests.racing import HANG_SECONDS, LOOK_SECONDS

pytestmark = pytest.mark.races

DISPATCHERS = 8
ATTEMPTS = 6_000
STAFF, CAPACITY = 40, 40
WAVES = 2
AT_THE_LOCK = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'assignment'::regclass"


@contextlib.asynccontextmanager
async def held_back(dsn: str, count: int) -> AsyncIterator[None]:
    """Nobody writes an offer in the block; at its end `count` who have planned one are let go at once."""
    async with asyncio.timeout(HANG_SECONDS):
        lock = await asyncpg.connect(dsn)
        async with lock.transaction():
            await lock.execute("LOCK TABLE assignment IN EXCLUSIVE MODE")
            yield
            while await lock.fetchval(AT_THE_LOCK) < count:
                await asyncio.sleep(LOOK_SECONDS)
        await lock.close()


async def all_at_once(db: Database, connection: asyncpg.Connection, write: str, *, staff: int) -> Tally:
    """All of them find the same people waiting, and everybody coming to work at once, for more than can be given."""
    dispatchers = [Dispatcher(db, write=write, lease=f"dispatcher {number}") for number in range(DISPATCHERS)]
    tasks = [asyncio.create_task(supervised(each)) for each in dispatchers]
    try:
        await asyncio.gather(*(each.turned() for each in dispatchers))
        async with held_back(db.dsn, DISPATCHERS):
            await wait_in_line(connection, staff * CAPACITY)
            await wait_in_line(connection, staff * 2, live=True)
            await go_to_work(connection, staff, capacity=CAPACITY)
            db.bell.ring()
        for _ in range(WAVES - 1):
            async with held_back(db.dsn, DISPATCHERS):
                pass
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
    # Nobody drops out because somebody else has the representatives just now: all of them write.
    write = without("row").replace("UPDATE OF r SKIP LOCKED", "UPDATE OF r")
    await all_at_once(db, connection, write, staff=STAFF)
    assert "one_holder" in await broken_rules(connection)
