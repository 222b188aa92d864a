"""What is due about cases happens exactly once, also when the services that do it are killed in the midst of it."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import asyncpg
import httpx2
import pytest

from app.cli.demo.service import TemporaryService
from app.cli.place import DATABASE, make_database
from app.db import Connection, Database
from app.postgres import LocalPostgres
from app.queries.audit.audit import audit
from tests.faults.conftest import Start
from tests.faults.test_takeover import bring
from tests.racing import blocked

pytestmark = pytest.mark.faults

CASES: Final = 60
DONE_SECONDS: Final = 60.0
PROMISED: Final = "SELECT count(*) FROM promise WHERE kind = 'news' AND state = 'standing'"
# Every promise is over now; whatever is done about one of them raises an alarm, which the test can hold up.
OVER: Final = """
WITH late AS (
    UPDATE promise SET due_at = wall_clock() - interval '2 seconds', made_at = wall_clock() - interval '1 hour'
    WHERE state = 'standing' RETURNING id)
UPDATE timer SET due_at = wall_clock() - interval '1 second' WHERE kind = 'promise_due'
    AND key IN (SELECT 'promise_due:' || id FROM late)
"""
TIMES: Final = """
SELECT count(*) AS times FROM event WHERE kind = 'promise_broken' GROUP BY data ->> 'promise'
"""
HEARD: Final = """
SELECT count(*) FROM event e, follower f WHERE f.name = 'tending' AND (e.epoch, e.xid::text::bigint, e.seq) > (f.epoch, f.xid, f.seq)
"""


@pytest.mark.timeout(240)
async def test_each_promise_is_broken_once_across_kills_in_the_midst_and_two_services(
    start: Start, postgres: LocalPostgres, http: httpx2.AsyncClient
) -> None:
    await make_database(postgres.dsn())
    dsn = postgres.dsn(DATABASE)
    first = await asyncio.to_thread(start, "first", database=dsn)
    second = await asyncio.to_thread(start, "second", database=dsn)
    for number in range(CASES):
        await bring(http, first.target(), f"p{number}")
    async with Database(dsn) as db, db.connection() as connection:
        assert await until(connection, f"SELECT ({PROMISED}) = {CASES}"), "every case was tended"
        for broken in (CASES, 2 * CASES):
            before = await connection.fetch(TIMES)
            await kill_in_the_midst(dsn, connection, first, second)
            assert await connection.fetch(TIMES) == before, "what was not committed did not happen"
            await asyncio.gather(asyncio.to_thread(first.start), asyncio.to_thread(second.start))
            assert await until(connection, f"SELECT count(*) = {broken} FROM event WHERE kind = 'promise_broken'")
        assert await until(connection, f"SELECT ({HEARD}) = 0"), "and all of it is heeded"
        assert [row["times"] for row in await connection.fetch(TIMES)] == [1] * 2 * CASES
        assert await connection.fetchval(PROMISED) == CASES
        assert await connection.fetchval("SELECT count(*) FROM alarm WHERE kind = 'promise_broken'") == 2 * CASES
        assert await audit(connection) == []


async def kill_in_the_midst(dsn: str, connection: Connection, *services: TemporaryService) -> None:
    """A service is at the timers, in a transaction that cannot end, when both are killed."""
    gate = await asyncpg.connect(dsn)
    try:
        async with gate.transaction():
            await gate.execute("LOCK TABLE alarm IN SHARE MODE")
            await connection.execute(OVER)
            await blocked(connection.fetch)
            for service in services:
                service.kill()
    finally:
        await gate.close()


async def until(connection: Connection, question: str) -> bool:
    """Whether the answer becomes yes in time."""
    began = time.monotonic()
    while time.monotonic() - began < DONE_SECONDS:
        if await connection.fetchval(question):
            return True
        await asyncio.sleep(0.05)
    return False
