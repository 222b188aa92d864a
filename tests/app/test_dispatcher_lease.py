"""Who dispatches: one at a time where possible, another within three seconds, and no harm where two do."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from app.db import Database, migrate_async
from app.intake import Intake
from app.loops import Loops
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from app.loops.lease import VALID_SECONDS, Lease
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
from tests.crowd import go_to_work, wait_in_line
from tests.dispatching import OFFERED, dispatching, until
from tests.office import furnish


async def test_only_one_of_two_holds_the_lease(db: Database) -> None:
    async with Lease(db, "test") as first:
        await asyncio.wait_for(first.taken(), 1)
        async with Lease(db, "test") as second:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(second.taken(), VALID_SECONDS + 1)
            assert first.held


async def test_who_cannot_renew_believes_in_their_lease_no_longer_than_the_others_do(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    monkeypatch.setattr("app.loops.lease.time", SimpleNamespace(monotonic=lambda: time.monotonic() + ahead))
    async with Lease(db, "test") as lease:
        await asyncio.wait_for(lease.taken(), 1)
        assert lease._task is not None
        lease._task.cancel()  # cut off from the database
        assert lease.held
        ahead = VALID_SECONDS
        assert not lease.held


async def test_who_stops_properly_hands_over_at_once(db: Database) -> None:
    async with Lease(db, "test") as second:
        await second.taken()
        async with Lease(db, "other"):
            pass
    async with Lease(db, "test") as next_one:
        await asyncio.wait_for(next_one.taken(), 0.5)


async def test_a_lapsed_lease_is_taken_over_and_offers_are_made_within_three_seconds(
    db: Database, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO lease VALUES ('dispatcher', gen_random_uuid(), clock_timestamp() + make_interval(secs => $1))",
        VALID_SECONDS,  # as if its holder had renewed it and died in the same moment
    )
    await go_to_work(connection, 3)
    await wait_in_line(connection, 1_000)
    async with dispatching(db):
        took = await until(connection, OFFERED, 3, seconds=3)
    assert took > VALID_SECONDS - 0.2


async def test_renewing_does_not_wait_for_the_dispatchers_own_work(
    db: Database, connection: asyncpg.Connection
) -> None:
    async with dispatching(db) as dispatcher:
        await dispatcher.turned()
        blocker = connection.transaction()
        await blocker.start()
        await connection.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        until_when = time.monotonic() + 2 * VALID_SECONDS
        while time.monotonic() < until_when:
            assert dispatcher.lease.held
            await asyncio.sleep(0.1)
        await blocker.rollback()


async def test_two_dispatchers_at_once_do_no_harm(db: Database, connection: asyncpg.Connection) -> None:
    await wait_in_line(connection, 500)
    others = [Dispatcher(db, lease=f"another {number}") for number in range(2)]
    tasks = [asyncio.create_task(supervised(each)) for each in others]
    try:
        await asyncio.gather(*(each.turned() for each in others))
        await go_to_work(connection, 100, capacity=3)
        await until(connection, OFFERED, 300, seconds=5)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await connection.fetchval("SELECT count(DISTINCT interaction_id) FROM assignment") == 300
    assert await connection.fetchval("SELECT bool_and(units = 3) FROM representative WHERE version = 2")


async def test_a_restart_of_the_database_heals_within_two_seconds_of_its_return() -> None:
    with tempfile.TemporaryDirectory(prefix="raabta-restart-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's account must pass
        server = LocalPostgres(folder, options=FAST_BUT_FORGETFUL)
        await asyncio.to_thread(server.start)
        try:
            await _dispatch_across_a_restart(server)
        finally:
            await asyncio.to_thread(server.stop)


async def _dispatch_across_a_restart(server: LocalPostgres) -> None:
    await migrate_async(server.dsn())
    await furnish(server.dsn())
    connection = await asyncpg.connect(server.dsn())
    await go_to_work(connection, 5)
    async with Database(server.dsn()) as db, Intake(db) as intake, Loops(db, channels={}, intake=intake) as loops:
        await wait_in_line(connection, 1)
        await until(connection, OFFERED, 1, seconds=3)
        await connection.close()
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.start)
        connection = await asyncpg.connect(server.dsn())
        await wait_in_line(connection, 1)
        await until(connection, OFFERED, 2, seconds=2)
        async with asyncio.timeout(3):
            await asyncio.gather(*(chore.turned() for chore in loops.chores))
        await connection.close()
