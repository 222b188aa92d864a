"""The database's clock jumps while the dispatcher runs: an offer may run out, but nothing is lost, stuck or negative."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import asyncpg

from app.db import Database
from app.loops.expiry import Expiry
from app.queries import queues
from tests.app.loops.test_timers import later, one_turn
from tests.crowd import go_to_work, wait_in_line
from tests.dispatching import OFFERED, dispatching, loaded, until

DAY = 86_400
REST = "UPDATE interaction SET not_before = wall_clock() + make_interval(secs => $1), version = version + 1"
TOLD = "INSERT INTO event (subject, subject_id, version, kind, at, actor) SELECT 'interaction', id::text, version, 'refiled', wall_clock(), 'system' FROM interaction"  # fmt: skip


async def resting(connection: asyncpg.Connection, seconds: float) -> None:
    """Everybody who waits rests for so long, on the database's clock; told like any change."""
    async with connection.transaction():
        await connection.execute(REST, seconds)
        await connection.execute(TOLD)


async def test_after_a_day_forward_and_back_a_rest_still_lasts_as_long_as_it_says(
    db: Database, connection: asyncpg.Connection
) -> None:
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await later(connection, DAY)
        await wait_in_line(connection, 1, queue="claims")
        await dispatcher.turned()
        await later(connection, 0)
        await dispatcher.turned()
        await loaded(dispatcher)
        [interaction] = await wait_in_line(connection, 1)
        began = time.monotonic()
        await resting(connection, 1.0)
        await dispatcher.turned()
        await go_to_work(connection, 1)
        await until(connection, "SELECT array_agg(interaction_id::text) FROM assignment", [interaction])
        assert time.monotonic() - began > 0.9


async def test_who_began_to_rest_while_the_clock_was_a_day_ahead_does_not_rest_for_a_day(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 1)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await later(connection, DAY)
        await wait_in_line(connection, 1)
        await until(connection, OFFERED, 1)
        await later(connection, DAY + 16)
        await one_turn(Expiry(db))
        assert await connection.fetchval("SELECT not_before - state_at = interval '5 seconds' FROM interaction")
        await connection.execute("UPDATE interaction SET not_before = state_at + interval '1 second'")
        await later(connection, 0)
        await until(connection, OFFERED, 1)


async def test_offers_that_run_out_when_the_clock_jumps_return_to_their_place_and_are_made_again(
    db: Database, connection: asyncpg.Connection
) -> None:
    await wait_in_line(connection, 3)
    due = await connection.fetch("SELECT id, due_at FROM interaction ORDER BY id")
    await go_to_work(connection, 3)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await until(connection, OFFERED, 3)
        await later(connection, DAY)
        await one_turn(Expiry(db))
        assert await connection.fetchval("SELECT count(*) FROM assignment WHERE outcome = 'expired'") == 3
        await later(connection, DAY + 60)
        await until(connection, OFFERED, 3)
    assert await connection.fetch("SELECT id, due_at FROM interaction ORDER BY id") == due


async def test_nobody_has_waited_for_less_than_nothing_when_the_clock_went_back(
    db: Database, connection: asyncpg.Connection
) -> None:
    await later(connection, DAY)
    await wait_in_line(connection, 2)
    await later(connection, 0)
    async with db.reading() as session:
        items, _ = await queues.page(session, after=None, limit=50)
    assert all(each["longest_wait_seconds"] >= 0 for each in items)


async def test_small_steps_of_the_clock_build_no_floor_anew(db: Database, connection: asyncpg.Connection) -> None:
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        term = dispatcher.term
        for seconds in (3, 0, 2, 0):
            await later(connection, seconds)
            await dispatcher.turned()
        assert dispatcher.term is term
        await later(connection, 3600)
        await dispatcher.turned()
        assert dispatcher.term is term
        await later(connection, 0)
        while dispatcher.term is term:
            await asyncio.sleep(timedelta(milliseconds=5).total_seconds())
