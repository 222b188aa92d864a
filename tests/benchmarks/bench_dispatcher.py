"""The dispatcher on a durable PostgreSQL: committed offers a second, how soon an arrival is offered, and how soon a dead
dispatcher is replaced before a million who wait.

Both sides of each ratio are measured in the same run, on the same server, and write the same rows. Times between two
commits are the database's own (`track_commit_timestamp`): nothing watches, so nothing disturbs.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import uvloop

from app.db import Database, migrate_async, uuid7
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from app.loops.lease import VALID_SECONDS
from app.postgres import LocalPostgres
from tests.benchmarks.baseline_offers import offers_per_second
from tests.crowd import go_to_work, wait_in_line
from tests.office import furnish

ROUNDS = 3
THROUGHPUT_ROUNDS = 9
"""Each side takes from half a second to three: single pairs lie up to a fifth apart."""
BACKLOG = 10_000
STAFF, CAPACITY = 100, 100
CONNECTIONS = 16
PER_SECOND = 500
LATENCY_SECONDS = 10
CROWD = 1_000_000
QUEUE = "sales"
_NUMBERS = itertools.count(1)

Row = dict[str, str | float | bool]

_ARRIVE = """
WITH arrived AS (
    INSERT INTO interaction (id, case_id, channel, contact, state, queue, live, units, arrived_at, queued_at, due_at,
                             state_at, version)
    SELECT $1, (SELECT id FROM "case" LIMIT 1), 'console', 'bench', 'queued', 'sales', false, 1, now, now,
           now + interval '1 minute', now, 1
    FROM wall_clock() AS now
    RETURNING id
)
INSERT INTO event (subject, subject_id, version, kind, at, actor)
SELECT 'interaction', id::text, 1, 'queued', wall_clock(), 'system' FROM arrived
"""
_DELAYS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(offered.xid::xid) - pg_xact_commit_timestamp(queued.xid::xid))::float8
FROM event queued JOIN event offered USING (subject, subject_id)
WHERE subject = 'interaction' AND queued.kind = 'queued' AND offered.kind = 'offered' ORDER BY 1
"""
_CROWD = """
INSERT INTO interaction (id, case_id, channel, contact, state, queue, live, units, arrived_at, queued_at, due_at, state_at,
                         version)
SELECT (lpad(to_hex((1.7e12 + place)::bigint), 12, '0') || '7' || substr(md5(place::text), 1, 19))::uuid,
       (SELECT id FROM "case" LIMIT 1), 'console', 'bench', 'queued',
       (ARRAY['sales', 'claims', 'inquiries', 'technical', 'feedback'])[1 + place % 5], false, 1, now, now,
       now + place * interval '1 millisecond', now, 1
FROM generate_series(1, $1) AS place, (SELECT wall_clock() AS now) AS clock
"""


def figures() -> Iterator[Row]:
    """Rows 3 and 4 of the design's limits, and the takeover before a million who wait."""
    with tempfile.TemporaryDirectory(prefix="raabta-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = LocalPostgres(folder, options={"track_commit_timestamp": "on", "max_connections": 100})
        server.start()
        try:
            yield uvloop.run(_throughput(server))
            yield uvloop.run(_latency(server))
            yield uvloop.run(_takeover(server))
        finally:
            server.stop()


async def _throughput(server: LocalPostgres) -> Row:
    pairs = []
    for _ in range(THROUGHPUT_ROUNDS):
        async with _database(server) as dsn:
            theirs = await _baseline(dsn)
        async with _database(server) as dsn:
            pairs.append((await _dispatched(dsn), theirs))
    return _row(
        "dispatcher_offers_per_second",
        statistics.median(ours for ours, _ in pairs),
        against=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
        least=5.0,
    )


async def _baseline(dsn: str) -> float:
    connection = await asyncpg.connect(dsn)
    await wait_in_line(connection, BACKLOG)
    await go_to_work(connection, STAFF, capacity=CAPACITY)
    await connection.execute("VACUUM ANALYZE")
    rate = await offers_per_second(dsn, connections=CONNECTIONS, count=BACKLOG, queue=QUEUE)
    assert await connection.fetchval("SELECT count(*) FROM assignment") == BACKLOG
    await connection.close()
    return rate


async def _dispatched(dsn: str) -> float:
    """From everybody's coming to work until the last offer is committed; the floor holds the backlog by then."""
    connection = await asyncpg.connect(dsn)
    await wait_in_line(connection, BACKLOG)
    await connection.execute("VACUUM ANALYZE")
    async with Database(dsn) as db, _dispatching(db) as dispatcher:
        while dispatcher.term is None or not dispatcher.term.loaded:
            await dispatcher.turned()
        await go_to_work(connection, STAFF, capacity=CAPACITY)
        began = time.perf_counter()
        db.bell.ring()
        while dispatcher.measures.offers._value.get() < BACKLOG:
            await asyncio.sleep(0.002)
        seconds = time.perf_counter() - began
    assert await connection.fetchval("SELECT count(*) FROM assignment") == BACKLOG
    await connection.close()
    return BACKLOG / seconds


async def _latency(server: LocalPostgres) -> Row:
    worst, commits = [], []
    for _ in range(ROUNDS):
        async with _database(server) as dsn:
            delays, commit = await _delays(dsn)
            commits.append(commit)
            worst.append(delays[int(len(delays) * 0.99)])
    commit, p99 = statistics.median(commits), statistics.median(worst)
    ratio = statistics.median(late / each for late, each in zip(worst, commits, strict=True))
    return _row("offer_after_arrival_p99_ms", p99 * 1e3, against=commit * 1e3, ratio=ratio, most=15.0)


async def _commits(dsn: str, seconds: list[float]) -> None:
    """For ever: the seconds of one INSERT and its commit, a hundred a second, while everything else goes on."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE bench (id uuid PRIMARY KEY, words text)")
        insert = await connection.prepare("INSERT INTO bench VALUES ($1, 'a row like any other')")
        while True:
            began = time.perf_counter()
            await insert.fetch(uuid7())
            seconds.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)
    finally:
        connection.terminate()


async def _delays(dsn: str) -> tuple[list[float], float]:
    """Seconds from each arrival's commit to its offer's commit, sorted, and the median of a commit meanwhile.

    Both stamps of a delay are taken before their flush to disk, so that it contains one flush.
    """
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        """INSERT INTO "case" (id, token, state, opened_at, version) VALUES ($1, 't', 'open', now(), 1)""", uuid7()
    )
    await go_to_work(connection, 200, capacity=100)
    count = PER_SECOND * LATENCY_SECONDS
    async with Database(dsn) as db, _dispatching(db) as dispatcher:
        while dispatcher.term is None or not dispatcher.term.loaded:
            await dispatcher.turned()
        commits: list[float] = []
        committing = asyncio.create_task(_commits(dsn, commits))
        await _arrive(db, connection, count)
        while dispatcher.measures.offers._value.get() < count:
            await asyncio.sleep(0.01)
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
    delays = [row[0] for row in await connection.fetch(_DELAYS)]
    await connection.close()
    assert len(delays) == count
    return delays, statistics.median(commits)


async def _arrive(db: Database, connection: asyncpg.Connection, count: int) -> None:
    """One commit each, evenly spread; a ring after each, as the service does."""
    arrive = await connection.prepare(_ARRIVE)
    began = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
        await arrive.fetch(uuid7())
        db.bell.ring()


async def _takeover(server: LocalPostgres) -> Row:
    """From a lease's last renewal by somebody who died then, to the first offer of whoever takes over."""
    async with _database(server) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            """INSERT INTO "case" (id, token, state, opened_at, version) VALUES ($1, 't', 'open', now(), 1)""", uuid7()
        )
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(_CROWD, CROWD)
        await connection.execute("VACUUM ANALYZE")
        codes = await go_to_work(connection, ROUNDS, queues=("claims", "sales"))
        await connection.execute("UPDATE representative SET presence = 'offline' WHERE code = ANY ($1::text[])", codes)
        seconds = []
        for number, code in enumerate(codes, start=1):
            await connection.execute("UPDATE representative SET presence = 'available' WHERE code = $1", code)
            seconds.append(await _one_takeover(dsn, connection, number))
        await connection.close()
    return _row("takeover_seconds_before_1m", statistics.median(seconds), against=3.0, most=1.0)


async def _one_takeover(dsn: str, connection: asyncpg.Connection, wanted: int) -> float:
    began = time.perf_counter()
    await connection.execute(
        "INSERT INTO lease VALUES ('dispatcher', gen_random_uuid(), clock_timestamp() + make_interval(secs => $1))"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until",
        VALID_SECONDS,
    )
    async with Database(dsn) as db, _dispatching(db):
        while await connection.fetchval("SELECT count(*) FROM assignment") < wanted:
            await asyncio.sleep(0.005)
        return time.perf_counter() - began


@contextlib.asynccontextmanager
async def _database(server: LocalPostgres) -> AsyncIterator[str]:
    """A fresh, furnished database; dropped afterwards."""
    name = f"bench_{next(_NUMBERS)}"
    admin = await asyncpg.connect(server.dsn())
    await admin.execute(f"CREATE DATABASE {name}")
    await migrate_async(server.dsn(name))
    await furnish(server.dsn(name))
    yield server.dsn(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.execute("CHECKPOINT")
    await admin.close()


@contextlib.asynccontextmanager
async def _dispatching(db: Database) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(db)
    task = asyncio.create_task(supervised(dispatcher))
    try:
        yield dispatcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _row(
    figure: str,
    value: float,
    *,
    against: float,
    ratio: float | None = None,
    least: float | None = None,
    most: float | None = None,
) -> Row:
    ratio = value / against if ratio is None else ratio
    holds = (least is None or ratio >= least) and (most is None or ratio <= most)
    target = least if least is not None else most
    assert target is not None
    return {
        "figure": figure,
        "value": round(value, 3),
        "against": round(against, 3),
        "ratio": round(ratio, 3),
        "target": target,
        "holds": holds,
    }


if __name__ == "__main__":
    for row in figures():
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
