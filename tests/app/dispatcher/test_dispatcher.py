"""The dispatcher on a real database: it offers what fits, in order, and heals whatever happened to its floor."""

from __future__ import annotations

import asyncio

import asyncpg

from app.db import Database
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from app.loops.line import line
from app.loops.measures import Measures
from app.loops.term import Term
from tests.crowd import go_to_work, wait_in_line
from tests.dispatching import OFFERED, at_once, dispatching, loaded, until
from tests.racing import HANG_SECONDS


async def test_who_waits_is_offered_to_who_is_free_within_a_second(
    db: Database, connection: asyncpg.Connection
) -> None:
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await go_to_work(connection, 3)
        await wait_in_line(connection, 3)
        await at_once(dispatcher, connection, OFFERED, 3)
        assert dispatcher.measures.corrections._value.get() == 0, "heard of, and not found by the comparing"
    rows = await connection.fetch(
        "SELECT i.state, i.version, e.kind, e.data ->> 'representative' = a.representative AS told,"
        " extract(epoch FROM a.expires_at - a.offered_at)::int AS seconds, r.units, r.live"
        " FROM interaction i JOIN assignment a ON a.interaction_id = i.id JOIN representative r ON r.code = a.representative"
        " JOIN event e ON e.subject_id = i.id::text AND e.version = i.version"
    )
    assert [tuple(row) for row in rows] == [("offered", 2, "offered", True, 15, 1, 0)] * 3


async def test_the_earliest_due_of_ten_thousand_are_offered_first_within_a_second(
    db: Database, connection: asyncpg.Connection
) -> None:
    ids = await wait_in_line(connection, 10_000)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await go_to_work(connection, 5, capacity=2)
        await at_once(dispatcher, connection, OFFERED, 10)
    rows = await connection.fetch("SELECT interaction_id FROM assignment")
    assert {str(row["interaction_id"]) for row in rows} == set(ids[:10])


async def test_a_new_dispatcher_offers_in_its_first_turn_long_before_all_who_wait_are_on_its_floor(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 5)
    await wait_in_line(connection, 10_000)
    dispatcher = Dispatcher(db)
    task = asyncio.create_task(supervised(dispatcher))
    try:
        await dispatcher.turned()
        assert dispatcher.term is not None
        assert len(dispatcher.term.floor) < 5_000
        assert await connection.fetchval(OFFERED) == 5
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_new_dispatcher_looks_at_every_queue_before_it_offers(
    db: Database, connection: asyncpg.Connection
) -> None:
    await wait_in_line(connection, 600, queue="claims")
    earliest = await wait_in_line(connection, 600, queue="technical")
    await connection.execute("UPDATE interaction SET due_at = due_at - interval '1 hour' WHERE queue = 'technical'")
    await go_to_work(connection, 10, queues=("claims", "technical"))
    async with dispatching(db):
        await until(connection, OFFERED, 10)
    rows = await connection.fetch("SELECT interaction_id FROM assignment")
    assert {str(row["interaction_id"]) for row in rows} == set(earliest[:10])


async def test_nobody_is_given_more_than_one_live_contact_or_more_units_than_their_capacity(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 4, capacity=3)
    await wait_in_line(connection, 40, live=True)
    await wait_in_line(connection, 40)
    async with dispatching(db):
        await until(connection, OFFERED, 12)
    rows = await connection.fetch("SELECT live, units FROM representative WHERE presence = 'available'")
    assert [tuple(row) for row in rows] == [(1, 3)] * 4


async def test_the_floor_it_keeps_is_the_floor_it_would_build_anew(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 3, capacity=2)
    await wait_in_line(connection, 50)
    async with dispatching(db) as dispatcher:
        await until(connection, OFFERED, 6)
        await wait_in_line(connection, 20, queue="claims", skills='{"claims": 2}', language="ur")
        await go_to_work(connection, 2, prefix="c", queues=("claims", "sales"), skills='{"claims": 3}')
        await until(connection, OFFERED, 8)
        await dispatcher.turned()
        await dispatcher.turned()
        assert dispatcher.term is not None
        kept = dispatcher.term.floor.snapshot()
    async with dispatching(db) as another:
        await loaded(another)
        assert another.term is not None
        assert another.term.floor.snapshot() == kept
        assert len(kept.waiting) == 62
        assert len(kept.staff) == 5


async def test_a_row_locked_by_somebody_drops_out_of_the_plan_and_comes_back(
    db: Database, connection: asyncpg.Connection
) -> None:
    ids = await wait_in_line(connection, 2)
    blocker = await asyncpg.connect(db.dsn)
    held = blocker.transaction()
    await held.start()
    await blocker.execute("SELECT 1 FROM interaction WHERE id = $1 FOR UPDATE", ids[0])
    async with dispatching(db):
        await go_to_work(connection, 2)
        await until(connection, "SELECT array_agg(interaction_id::text) FROM assignment", [ids[1]])
        await held.rollback()
        await until(connection, OFFERED, 2)
    await blocker.close()


async def test_a_lost_event_is_healed_by_the_comparing(db: Database, connection: asyncpg.Connection) -> None:
    await go_to_work(connection, 2)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        ids = await wait_in_line(connection, 1, told=False)
        await until(connection, "SELECT interaction_id::text FROM assignment", ids[0])
        await dispatcher.turned()
        assert dispatcher.measures.corrections._value.get() == 1


async def test_who_left_without_an_event_is_taken_off_the_floor(db: Database, connection: asyncpg.Connection) -> None:
    ids = await wait_in_line(connection, 3)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        assert dispatcher.term is not None
        await connection.execute("UPDATE interaction SET state = 'cancelled' WHERE id = $1", ids[0])
        async with asyncio.timeout(HANG_SECONDS):
            while len(dispatcher.term.floor) != 2:
                await dispatcher.turned()


async def test_a_long_transaction_elsewhere_delays_no_offer_and_is_not_read_again_and_again(
    db: Database, connection: asyncpg.Connection
) -> None:
    elsewhere = await asyncpg.connect(db.dsn)
    async with elsewhere.transaction():
        await elsewhere.execute("SELECT pg_current_xact_id()")
        async with dispatching(db) as dispatcher:
            await loaded(dispatcher)
            await go_to_work(connection, 20)
            await wait_in_line(connection, 20)
            await at_once(dispatcher, connection, OFFERED, 20)
    await elsewhere.close()


async def test_what_a_long_transaction_brings_is_seen_when_it_commits(
    db: Database, connection: asyncpg.Connection
) -> None:
    late = await asyncpg.connect(db.dsn)
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await go_to_work(connection, 20)
        async with late.transaction():
            await wait_in_line(late, 1)
            await wait_in_line(connection, 19)
            await until(connection, OFFERED, 19)
            await dispatcher.turned()
        await until(connection, OFFERED, 20)
    await late.close()


async def test_who_left_or_came_while_a_plan_was_being_written_is_told_from_who_was_planned(
    db: Database, connection: asyncpg.Connection
) -> None:
    ids = await wait_in_line(connection, 10)
    await go_to_work(connection, 12)
    async with line(db) as own:
        term = Term(own, measures=Measures(), limit=2)
        await term.open()
        assert (await term.cycle()).made == 2  # the next two are planned by now
        await connection.execute("UPDATE interaction SET state = 'cancelled', version = 2 WHERE id = $1", ids[2])
        await connection.execute(
            "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
            " VALUES ('interaction', $1, 2, 'cancelled', wall_clock(), 'system')",
            ids[2],
        )
        late = await wait_in_line(connection, 1)
        await connection.execute("UPDATE interaction SET due_at = due_at - interval '1 hour' WHERE id = $1", late[0])
        assert (await term.cycle()).made == 1
        for _ in range(8):
            await term.cycle()
    rows = await connection.fetch("SELECT interaction_id::text AS id FROM assignment ORDER BY id")
    assert {row["id"] for row in rows} == {*ids, *late} - {ids[2]}
    assert await connection.fetchval("SELECT bool_and(units = 0) FROM representative WHERE code NOT IN (SELECT representative FROM assignment)")  # fmt: skip
