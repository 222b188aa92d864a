"""What time brings about in the line happens exactly once, also when the process that does it is killed, and with two at it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import httpx2
import pytest

from app.cli.place import DATABASE, make_database
from app.db import Connection, Database
from app.postgres import LocalPostgres
from app.queries.audit.audit import audit
from tests.faults.conftest import Start
from tests.faults.test_takeover import bring
from tests.racing import HANG_SECONDS, holding

pytestmark = pytest.mark.faults

WAITING: Final = 240
"""Enough that a kill falls into the midst of them: those whom no step has helped are dealt with one by one."""
HELD: Final = 30
"""So many of them somebody works on until the kill: whatever is done before it, they are left."""

# Two steps a second apart; with the second of them a third of all is to overflow, a third a supervisor's, a third neither.
TIMED: Final = """
WITH timed AS (
    SELECT id, row_number() OVER (ORDER BY id) % 3 AS kind, wall_clock() + interval '1 second' AS first,
           wall_clock() + interval '2 seconds' AS second
    FROM interaction WHERE id = ANY ($1::uuid[]))
UPDATE interaction AS i
SET steps = jsonb_build_array(
        jsonb_build_object('at', extract(epoch FROM first), 'queue', queue, 'skills', skills, 'language', null, 'routing', routing),
        jsonb_build_object('at', extract(epoch FROM second), 'queue', queue, 'skills', skills, 'language', null, 'routing', routing)),
    step_at = first, exhausted_at = CASE WHEN kind > 0 THEN second END,
    exhausted = CASE kind WHEN 1 THEN 'overflow' WHEN 2 THEN 'supervisor' END,
    overflow_to = (SELECT min(code) FROM queue WHERE code <> i.queue)
FROM timed WHERE timed.id = i.id
"""
HOLD: Final = "SELECT FROM interaction WHERE id = ANY ($1::uuid[]) FOR NO KEY UPDATE"
ENDED: Final = "SELECT count(*) FROM event WHERE kind IN ('escalated', 'overflowed')"
STEPPED: Final = "SELECT count(*) FROM event WHERE kind = 'stepped' AND data ->> 'step' = '2'"
TOLD: Final = """
SELECT i.id, array_agg(e.kind || coalesce(e.data ->> 'step', '') ORDER BY e.version) AS kinds
FROM interaction i JOIN event e ON e.subject_id = i.id::text
WHERE i.id = ANY ($1::uuid[]) GROUP BY i.id
"""


async def test_each_step_overflow_and_escalation_comes_once_across_kills_and_two_processes(
    start: Start, postgres: LocalPostgres, http: httpx2.AsyncClient
) -> None:
    await make_database(postgres.dsn())
    first = await asyncio.to_thread(start, "first", database=postgres.dsn(DATABASE))
    second = await asyncio.to_thread(start, "second", database=postgres.dsn(DATABASE))
    target = first.target()
    ids = [UUID(await bring(http, target, f"w{number}")) for number in range(WAITING)]
    async with Database(postgres.dsn(DATABASE)) as db, db.connection() as connection:
        await connection.execute(TIMED, ids)
        somebody = AsyncExitStack()
        await somebody.enter_async_context(holding(postgres.dsn(DATABASE), HOLD, ids[:HELD]))
        assert await until(connection, "SELECT count(*) > 0 FROM event WHERE kind = 'stepped'")
        first.kill()
        assert await until(connection, f"SELECT ({ENDED}) > 0")
        second.kill()
        assert await connection.fetchval(ENDED) < 2 * WAITING // 3, "killed in the midst of them"
        await somebody.aclose()
        await asyncio.gather(asyncio.to_thread(first.start), asyncio.to_thread(second.start))
        third = WAITING // 3
        assert await until(connection, f"SELECT ({ENDED}) = {2 * third} AND ({STEPPED}) >= {third}")
        await asyncio.sleep(1.5)  # whoever did something twice would have done it by now
        for row in await connection.fetch(TOLD, ids):
            kinds: Sequence[str] = row["kinds"]
            assert len(kinds) == len(set(kinds)), kinds
            assert sum(kind in {"overflowed", "escalated"} for kind in kinds) <= 1, kinds
        told = await connection.fetch("SELECT kind FROM event WHERE kind IN ('overflowed', 'escalated')")
        assert Counter(row["kind"] for row in told) == {"overflowed": third, "escalated": third}
        assert await audit(connection) == []


async def until(connection: Connection, question: str, *args: object) -> bool:
    """Whether the answer becomes yes in time."""
    began = time.monotonic()
    while time.monotonic() - began < HANG_SECONDS:
        if await connection.fetchval(question, *args):
            return True
        await asyncio.sleep(0.02)
    return False
