"""Who dispatches: one at a time where possible, another when the lease has lapsed, and no harm where two do.

A lease counts real time, and so a machine that stands still for seconds may lose one. Where a test is about something else,
leases are valid for so long that none lapses.
"""

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
from app.loops import Loops, chore, lease
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from app.loops.lease import VALID_SECONDS, Lease
from app.loops.term import POLL_SECONDS
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
from app.settings import Settings
from tests.crowd import go_to_work, wait_in_line
from tests.dispatching import OFFERED, dispatching, until
from tests.office import furnish
from tests.racing import HANG_SECONDS, LOOK_SECONDS, blocked, holding

LASTING_SECONDS = 3600.0


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that no test outlives, and time enough to give one back."""
    monkeypatch.setattr("app.loops.lease.VALID_SECONDS", LASTING_SECONDS)
    monkeypatch.setattr("app.loops.lease.STOP_SECONDS", HANG_SECONDS)
    monkeypatch.setattr("app.loops.line.CONNECT_SECONDS", HANG_SECONDS)


async def renewed(connection: asyncpg.Connection, name: str) -> None:
    """Until the lease has been renewed once more."""
    before = await connection.fetchval("SELECT until FROM lease WHERE name = $1", name)
    async with asyncio.timeout(HANG_SECONDS):
        while await connection.fetchval("SELECT until FROM lease WHERE name = $1", name) <= before:
            await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.usefixtures("lasting")
async def test_only_one_of_two_holds_the_lease(db: Database, connection: asyncpg.Connection) -> None:
    async with Lease(db, "test") as first:
        await asyncio.wait_for(first.taken(), HANG_SECONDS)
        async with Lease(db, "test") as second:
            taking = asyncio.create_task(second.taken())
            for _ in range(4):
                await renewed(connection, "test")
            assert (first.held, second.held, taking.done()) == (True, False, False)
            taking.cancel()


async def test_who_cannot_renew_believes_in_their_lease_no_longer_than_the_others_do(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    monkeypatch.setattr("app.loops.lease.VALID_SECONDS", LASTING_SECONDS)
    monkeypatch.setattr("app.loops.lease.time", SimpleNamespace(monotonic=lambda: time.monotonic() + ahead))
    async with Lease(db, "test") as ours:
        await asyncio.wait_for(ours.taken(), HANG_SECONDS)
        assert ours._task is not None
        ours._task.cancel()  # cut off from the database
        assert ours.held
        ahead = LASTING_SECONDS
        assert not ours.held


@pytest.mark.usefixtures("lasting")
async def test_who_stops_properly_hands_over_at_once(db: Database) -> None:
    async with Lease(db, "test") as second:
        await second.taken()
        async with Lease(db, "other"):
            pass
    async with Lease(db, "test") as next_one:
        await asyncio.wait_for(next_one.taken(), HANG_SECONDS)


async def test_a_lapsed_lease_is_taken_over_and_offers_are_made(db: Database, connection: asyncpg.Connection) -> None:
    await go_to_work(connection, 3)
    await wait_in_line(connection, 1_000)
    lapses_at = await connection.fetchval(
        "INSERT INTO lease VALUES ('dispatcher', gen_random_uuid(), clock_timestamp() + make_interval(secs => $1))"
        " RETURNING until",
        VALID_SECONDS,  # as if its holder had renewed it and died in the same moment
    )
    async with dispatching(db):
        await until(connection, OFFERED, 3)
    assert await connection.fetchval("SELECT bool_and(offered_at >= $1) FROM assignment", lapses_at)


def test_what_we_wait_for_on_purpose_leaves_time_to_heal_as_soon_as_is_promised() -> None:
    """A dead dispatcher is replaced within three seconds, a restarted database is used within two of its return."""
    assert VALID_SECONDS + POLL_SECONDS <= 3.0
    assert max(lease.AWAY_SECONDS, chore.AWAY_SECONDS) + POLL_SECONDS <= 2.0 / 2


@pytest.mark.usefixtures("lasting")
async def test_renewing_does_not_wait_for_the_dispatchers_own_work(
    database: str, connection: asyncpg.Connection
) -> None:
    patient = Settings(statement_timeout_seconds=600, lock_timeout_seconds=600)
    async with Database(database, settings=patient) as db, dispatching(db) as dispatcher:
        await dispatcher.turned()
        async with holding(database, "LOCK TABLE event IN ACCESS EXCLUSIVE MODE"):
            await blocked(connection.fetch)
            cycles = dispatcher.cycles
            for _ in range(3):
                await renewed(connection, "dispatcher")
            assert dispatcher.cycles == cycles, "its own work waits"
            assert dispatcher.lease.held


async def test_two_dispatchers_at_once_do_no_harm(db: Database, connection: asyncpg.Connection) -> None:
    await wait_in_line(connection, 500)
    others = [Dispatcher(db, lease=f"another {number}") for number in range(2)]
    tasks = [asyncio.create_task(supervised(each)) for each in others]
    try:
        await asyncio.gather(*(each.turned() for each in others))
        await go_to_work(connection, 100, capacity=3)
        await until(connection, OFFERED, 300)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await connection.fetchval("SELECT count(DISTINCT interaction_id) FROM assignment") == 300
    assert await connection.fetchval("SELECT bool_and(units = 3) FROM representative WHERE version = 2")


async def test_a_restart_of_the_database_heals_by_itself() -> None:
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
        await until(connection, OFFERED, 1)
        await connection.close()
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.start)
        connection = await asyncpg.connect(server.dsn())
        await wait_in_line(connection, 1)
        await until(connection, OFFERED, 2)
        async with asyncio.timeout(HANG_SECONDS):
            await asyncio.gather(*(chore.turned() for chore in loops.chores))
        await connection.close()
