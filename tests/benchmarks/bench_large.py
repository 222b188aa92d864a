"""What a long past costs: a timeline, a month's reports, timers due at once, a customer forgotten; with 10,000 cases and 1,000,000.

Decides what is measured. Both houses have the same last month, one of them after a hundred others; both are asked in turn, on
one server. That nothing reads a growing table from end to end is counted by the database itself, over all that is measured.
`BENCH_LARGE_CASES` makes the large house smaller, `BENCH_LARGE_FOLDER` names where there is room for it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import uvloop

from app.actions.customers.erase import ask_erasure, erase
from app.db import Database, first_id, now
from app.loops.timers import Timers
from app.postgres import LocalPostgres
from app.queries import reports
from app.queries.cases import checks
from app.queries.cases.timeline import Wish as Part
from app.queries.cases.timeline import timeline
from app.security import SYSTEM
from tests.benchmarks.large import GROWING, create, fill, server

SMALL: Final = 10_000
LARGE: Final = 1_000_000
TARGET: Final = 3.0
GOALS: Final = {"timeline": 0.05, "month": 2.0, "due": 10.0}
"""Seconds, on the reference machine."""
TIMELINES: Final = 200
ROUNDS: Final = 5
EMPTY: Final = 100
FORGOTTEN: Final = 20
TURNS: Final = 5
DUE: Final = 10_000
DAYS: Final = 30

Row = dict[str, Any]
Work = Callable[[Database], Awaitable[object]]

_SCANS = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY($1::text[])"
_AFTER = 'SELECT id FROM "case" WHERE id >= $1 ORDER BY id LIMIT 1'
_ENDS = """
SELECT (SELECT opened_at FROM "case" ORDER BY id LIMIT 1) AS first, (SELECT opened_at FROM "case" ORDER BY id DESC LIMIT 1) AS last
"""
_WHO = """
SELECT customer_id FROM "case" WHERE id >= $1 AND state = 'closed' AND customer_id IS NOT NULL ORDER BY id LIMIT $2
"""
_COUNT = "SELECT count(*) FROM timer WHERE due_at <= wall_clock()"
_AHEAD = "SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM timer ORDER BY due_at OFFSET $1 LIMIT 1"
_CLOCK = """
CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() + make_interval(secs => {ahead:.6f}) $$
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """One of the two: where it is, and how long each thing took there, in seconds."""

    dsn: str
    taken: dict[str, list[float]] = field(default_factory=dict)

    async def time(self, name: str, work: Work, db: Database) -> None:
        """Do it once and note how long it took."""
        begun = time.perf_counter()
        await work(db)
        self.taken.setdefault(name, []).append(time.perf_counter() - begun)


def figures() -> Iterator[Row]:
    """The rows of the limits on a long past."""
    with tempfile.TemporaryDirectory(prefix="raabta-bench-", dir=os.environ.get("BENCH_LARGE_FOLDER")) as name:
        running = server(Path(name))
        running.start()
        try:
            yield from uvloop.run(_measured(running))
        finally:
            running.stop()


async def _measured(running: LocalPostgres) -> list[Row]:
    small = await _house(running, "small", SMALL)
    large = await _house(running, "large", int(os.environ.get("BENCH_LARGE_CASES", LARGE)))
    before = await _scans(large)
    async with Database(small.dsn) as one, Database(large.dsn) as two:
        pair = ((small, one), (large, two))
        for measure in (_timelines, _month, _empty_sweeps, _forgotten, _due):
            await measure(pair)
    scanned = await _scans(large)
    read = sorted(table for table, count in scanned.items() if count > before[table])
    rows = [_row(name, small.taken[name], large.taken[name]) for name in large.taken]
    return [
        *rows,
        {"figure": "large_tables_read_whole", "value": len(read), "target": 0, "holds": not read, "tables": read},
    ]


Pair = tuple[tuple[House, Database], tuple[House, Database]]


async def _house(running: LocalPostgres, name: str, cases: int) -> House:
    begun = time.perf_counter()
    dsn = await create(running, name)
    await fill(dsn, cases)
    connection = await asyncpg.connect(dsn)
    events = await connection.fetchval("SELECT max(seq) FROM event")
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    told = {
        "cases": cases,
        "events": events,
        "gigabytes": round(size / 1e9, 2),
        "seconds": round(time.perf_counter() - begun),
    }
    sys.stderr.write(json.dumps({"house": name, **told}) + "\n")
    return House(dsn=dsn)


async def _scans(house: House) -> dict[str, int]:
    """How often each growing table was read from end to end. What a connection counted is known once it is closed."""
    connection = await asyncpg.connect(house.dsn)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    rows = await connection.fetch(_SCANS, list(GROWING))
    await connection.close()
    return {row["relname"]: row["seq_scan"] for row in rows}


async def _timelines(pair: Pair) -> None:
    """First pages of cases from all the past there is, each read for the first time."""
    part = Part(newest_first=True, kinds=(), after=None, before=None, limit=50)
    spread = [await _spread(db) for _, db in pair]
    for place in range(TIMELINES):
        for (house, db), ids in zip(pair, spread, strict=True):

            async def read(db: Database, case_id: UUID = ids[place]) -> None:
                async with db.reading() as session:
                    assert (await timeline(session, case_id, part, reader=None)).items

            await house.time("timeline", read, db)


async def _spread(db: Database) -> list[UUID]:
    async with db.connection() as connection:
        ends = await connection.fetchrow(_ENDS)
        assert ends is not None
        step = (ends["last"] - ends["first"]) / (TIMELINES + 1)
        begins = [first_id(ends["first"] + place * step) for place in range(TIMELINES)]
        return [await connection.fetchval(_AFTER, begin) for begin in begins]


async def _month(pair: Pair) -> None:
    """Every report over the last thirty days, and all of them together."""
    for _ in range(ROUNDS):
        for house, db in pair:
            begun = time.perf_counter()
            for name, work in REPORTS.items():
                await house.time(f"month_{name}", work, db)
            house.taken.setdefault("month", []).append(time.perf_counter() - begun)


def _report(name: str, by: str) -> Work:
    async def work(db: Database) -> None:
        async with db.reading() as session:
            moment = await now(session)
            days = await reports.period(session, None, None, office=None, now=moment)
            wish = reports.Wish(by=by, period=days)
            if name == "first_contact":
                found = await reports.first_contact(session, wish, now=moment)
            else:
                found = await getattr(reports, name)(session, wish)
            assert found.items

    return work


async def _checks(db: Database) -> None:
    async with db.reading() as session:
        end = await now(session)
        found = await checks.figures(session, by="queue", begin=end - timedelta(days=DAYS), end=end, limit=200)
        assert found


REPORTS: Final[Mapping[str, Work]] = {
    "cases": _report("cases", "queue"),
    "first_contact": _report("first_contact", "request_type"),
    "touches": _report("touches", "cause"),
    "promises": _report("promises", "office"),
    "surveys": _report("surveys", "representative"),
    "sla": _report("sla", "channel"),
    "checks": _checks,
}


async def _empty_sweeps(pair: Pair) -> None:
    for _ in range(EMPTY):
        for house, db in pair:
            await house.time("sweep_of_nothing", _turn, db)


async def _turn(db: Database) -> None:
    await Timers(db).turn()


async def _forgotten(pair: Pair) -> None:
    """Customers with a closed case are erased, one after the other."""
    people = [await _people(db) for _, db in pair]
    for place in range(FORGOTTEN):
        for (house, db), ids in zip(pair, people, strict=True):

            async def forget(db: Database, who: UUID = ids[place]) -> None:
                async with db.session() as session:
                    await ask_erasure(session, who, actor=SYSTEM, now=await now(session))
                for _ in range(TURNS):
                    async with db.session() as session:
                        if await erase(session, who, now=await now(session)):
                            return
                raise AssertionError("nothing stands in the way of forgetting them")

            await house.time("erasure", forget, db)


async def _people(db: Database) -> list[UUID]:
    async with db.connection() as connection:
        last = (await connection.fetchrow(_ENDS))["last"]  # type: ignore[index]  # there are cases
        rows = await connection.fetch(_WHO, first_id(last - timedelta(days=20)), 3 * FORGOTTEN)
    return list(dict.fromkeys(row["customer_id"] for row in rows))[:FORGOTTEN]


async def _due(pair: Pair) -> None:
    """Ten thousand timers are due at once, as after days in which nothing ran; the chore does all of them."""
    for house, db in pair:
        async with db.transaction() as connection:
            ahead = await connection.fetchval(_AHEAD, DUE)
            await connection.execute(_CLOCK.format(ahead=ahead))
            assert await connection.fetchval(_COUNT) >= DUE
        await house.time("due", _drained, db)


async def _drained(db: Database) -> None:
    chore = Timers(db)
    while await chore.turn():
        pass


def _row(name: str, small: list[float], large: list[float]) -> Row:
    """Medians in milliseconds; the ratio is what a past a hundred times as long makes of it."""
    ours, theirs = statistics.median(large), statistics.median(small)
    row: Row = {
        "figure": f"large_{name}_ms",
        "value": round(ours * 1000, 2),
        "against": round(theirs * 1000, 2),
        "ratio": round(ours / theirs, 3),
        "target": TARGET,
        "holds": ours / theirs <= TARGET,
    }
    goal = GOALS.get(name)
    return row if goal is None else row | {"goal": goal * 1000, "reaches_goal": ours <= goal}


if __name__ == "__main__":
    for told in figures():
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
