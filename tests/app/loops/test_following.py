"""A chore that follows the log heeds each event once, whatever fails, and goes on in a restored database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import ClassVar

import asyncpg
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.db import Database
from app.errors import Unavailable
from app.loops.following import TRIES, Following
from app.loops.measures import Measures
from app.queries.following import Followed
from app.queries.rules import raw
from tests.moving import turns


class Noting(Following):
    """Writes down in its own transaction what it heard; fails on what it is told to fail on."""

    name = "noting"
    batch: ClassVar[int] = 20

    def __init__(self, db: Database, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self.poison: set[str] = set()
        self.steps: list[int] = []
        self.wait = asyncio.Event()
        self.wait.set()

    @override
    async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
        self.steps.append(len(events))
        connection = await raw(session)
        await connection.executemany("INSERT INTO heard VALUES ($1)", [(event.subject_id,) for event in events])
        await self.wait.wait()
        if self.poison & {event.subject_id for event in events}:
            raise ValueError("poison")


@pytest.fixture
async def log(connection: asyncpg.Connection) -> asyncpg.Connection:
    await connection.execute("CREATE TABLE heard (id text)")
    return connection


async def tell(log: asyncpg.Connection, *ids: str) -> None:
    for each in ids:
        await log.execute(
            "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
            " VALUES ('queue', $1, 1, 'closed', wall_clock(), 'test')", each,
        )  # fmt: skip


async def heard(log: asyncpg.Connection) -> list[str]:
    """What was written down, in order, but for the events the house began with."""
    return [row["id"] for row in await log.fetch("SELECT id FROM heard WHERE id LIKE '#%' ORDER BY ctid")]


async def follow(chore: Noting, *, tries: int = 60) -> None:
    """Turns until nothing is left to do, whatever fails, as the service does."""
    for _ in range(tries):
        with suppress(ValueError):
            if not await chore.turn():
                return
    raise AssertionError("it never comes to an end")


def names(count: int) -> list[str]:
    return [f"#{number:03}" for number in range(count)]


async def test_every_event_is_heard_once_and_in_order(db: Database, log: asyncpg.Connection) -> None:
    chore = Noting(db)
    await tell(log, *names(45))
    await turns(chore)
    await tell(log, "#900")
    await turns(chore)
    assert await heard(log) == [*names(45), "#900"]


async def test_what_is_not_committed_by_everybody_before_is_waited_for(
    db: Database, log: asyncpg.Connection, database: str
) -> None:
    slow = await asyncpg.connect(database)
    chore = Noting(db)
    async with slow.transaction():
        await tell(slow, "#000")
        await tell(log, "#001")
        await turns(chore)
        assert await heard(log) == [], "the slow one comes first"
    await slow.close()
    await turns(chore)
    assert await heard(log) == ["#000", "#001"]


async def test_a_turn_that_is_cut_off_leaves_nothing_and_the_next_does_it_all(
    db: Database, log: asyncpg.Connection
) -> None:
    chore = Noting(db)
    await tell(log, *names(5))
    chore.wait.clear()
    turn = asyncio.create_task(chore.turn())
    while not chore.steps:
        await asyncio.sleep(0.01)
    turn.cancel()
    with suppress(asyncio.CancelledError):
        await turn
    assert await heard(log) == []
    await turns(Noting(db))
    assert await heard(log) == names(5)


async def test_two_at_once_hear_each_event_once(db: Database, log: asyncpg.Connection) -> None:
    await tell(log, *names(100))
    chores = [Noting(db) for _ in range(4)]
    while any(await asyncio.gather(*(chore.turn() for chore in chores))):
        pass
    await turns(chores[0])
    assert await heard(log) == names(100)


async def test_one_that_fails_again_and_again_is_passed_and_holds_up_nobody(
    db: Database, log: asyncpg.Connection
) -> None:
    chore = Noting(db)
    await turns(chore)
    chore.steps.clear()
    await tell(log, *names(60))
    chore.poison = {"#013", "#041"}
    await follow(chore)
    assert await heard(log) == [name for name in names(60) if name not in chore.poison]
    assert chore.steps.count(1) <= 2 * (TRIES + 3), "found by halves, not one by one"
    chore.poison = set()
    await tell(log, "#900")
    await turns(chore)
    assert (await heard(log))[-1] == "#900"


async def test_each_event_that_is_passed_is_counted_once_and_nothing_else_is(
    db: Database, log: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    chore = Noting(db, measures=Measures(registry))

    def counted() -> str:
        return next(line for line in generate_latest(registry).decode().splitlines() if "passed_total{" in line)

    assert counted() == 'raabta_events_passed_total{follower="noting"} 0.0', "there to be watched before anything fails"
    await turns(chore)
    await tell(log, *names(30))
    chore.poison = {"#004", "#021"}
    begin, away = db.session, ConnectionResetError("the line broke before the commit")

    @asynccontextmanager
    async def cut_off() -> AsyncIterator[AsyncSession]:
        async with begin() as session:
            yield session
            raise away

    while chore._failed < TRIES:
        with suppress(ValueError):
            await chore.turn()
    monkeypatch.setattr(db, "session", cut_off)
    with pytest.raises(Unavailable):
        await chore.turn()
    monkeypatch.setattr(db, "session", begin)
    assert counted().endswith(" 0.0"), "it is not passed as long as nothing is committed"
    await follow(chore)
    assert await heard(log) == [name for name in names(30) if name not in chore.poison]
    assert counted().endswith(" 2.0")


async def test_what_fails_for_a_while_is_not_lost(db: Database, log: asyncpg.Connection) -> None:
    chore = Noting(db)
    await turns(chore)
    await tell(log, *names(3))
    chore.poison = {"#001"}
    failures = 0
    while failures < TRIES - 1:
        try:
            await chore.turn()
        except ValueError:
            failures += 1
    chore.poison = set()
    await turns(chore)
    assert await heard(log) == names(3)


async def test_who_only_has_to_wait_has_not_failed(db: Database, log: asyncpg.Connection, database: str) -> None:
    class Locking(Noting):
        @override
        async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
            await super().apply(session, events, now=now)
            connection = await raw(session)
            await connection.execute("SET LOCAL lock_timeout = '20ms'")
            await connection.execute("LOCK TABLE office")

    chore = Locking(db)
    await turns(chore)
    somebody = await asyncpg.connect(database)
    async with somebody.transaction():
        await somebody.execute("LOCK TABLE office")
        await tell(log, *names(3))
        for _ in range(2 * TRIES):
            assert await chore.turn() is False
    await somebody.close()
    await turns(chore)
    assert await heard(log) == names(3), "nothing was passed"


@pytest.mark.usefixtures("log")
async def test_a_turn_with_nothing_to_do_opens_no_transaction(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    chore = Noting(db)
    await turns(chore)
    monkeypatch.setattr(db, "session", lambda: pytest.fail("a transaction was opened"))
    for _ in range(5):
        assert await chore.turn() is False


async def test_in_a_restored_database_it_goes_on_where_it_stood(db: Database, log: asyncpg.Connection) -> None:
    """Transaction numbers start low again; those of the time before are all told already."""
    chore = Noting(db)
    await tell(log, *names(3))
    await turns(chore)
    await tell(log, "#100")
    await log.execute("UPDATE follower SET xid = xid + 1000000 WHERE name = 'noting'")  # it stood far ahead
    await log.execute("ALTER TABLE event DISABLE TRIGGER USER")
    await log.execute("UPDATE event SET xid = '2000000'::xid8 WHERE subject_id = '#100'")  # written before the backup
    await log.execute("UPDATE feed_epoch SET epoch = epoch + 1, identity = 'another'")
    await tell(log, "#101", "#102")
    await turns(Noting(db))
    assert await heard(log) == [*names(3), "#100", "#101", "#102"]


async def test_looking_for_the_next_events_never_reads_the_whole_log(db: Database, log: asyncpg.Connection) -> None:
    from app.queries import following

    await log.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " SELECT 'queue', 'q' || number, 1, 'closed', wall_clock(), 'test' FROM generate_series(1, 20000) AS number"
    )
    await log.execute("ANALYZE event")
    place = await log.fetchrow(
        "SELECT epoch, xid::text AS xid, seq FROM event ORDER BY epoch, xid, seq OFFSET 19000 LIMIT 1"
    )
    assert place is not None
    rows = await log.fetch(
        f"EXPLAIN (ANALYZE, BUFFERS) {following._PAGE}", place["epoch"], place["xid"], place["seq"], 200
    )
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan, plan
    assert "Sort" not in plan, plan
