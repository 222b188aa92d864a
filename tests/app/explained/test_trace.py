"""What is kept of every offer: small enough for ever, read back as it was, and whatever the needs say survives the row."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import orjson
import pytest

from app import convert
from app.actions.offers.offer import Wanted, offer
from app.db import Database
from app.queries.line import floor as queries
from routing.explain import REASONS
from routing.model import Needs, Ranked, Step, Trace
from tests.crowd import go_to_work, wait_in_line
from tests.dispatching import OFFERED, dispatching, loaded, until

LONGEST_CODE = 60


def ranked(code: str, *, preferred: bool = False) -> Ranked:
    return Ranked(representative=code, preferred=preferred, scarcity=100.0, load=0.3333, idle_since=1_800_000_000.123)


def whole(length: int) -> Trace:
    codes = [f"{number}".rjust(length, "r") for number in range(6)]
    return Trace(
        rules=2_000_000_000,
        step=99,
        chosen=ranked(codes[0], preferred=True),
        runners_up=tuple(ranked(code) for code in codes[1:]),
        ruled_out=tuple((reason, 10_000) for reason in REASONS),
    )


def test_the_longest_trace_there_can_be_has_at_most_a_thousand_bytes_and_loses_nobody() -> None:
    text = convert.trace_text(whole(LONGEST_CODE))
    assert len(text.encode()) <= convert.TRACE_BYTES
    assert convert.trace(orjson.loads(text)) == whole(LONGEST_CODE)


@pytest.mark.parametrize("length", [130, 200, 700])
def test_a_trace_that_would_be_longer_leaves_out_its_last_runners_up(length: int) -> None:
    text = convert.trace_text(whole(length))
    kept = convert.trace(orjson.loads(text))
    assert len(text.encode()) <= convert.TRACE_BYTES or not kept.runners_up
    assert len(kept.runners_up) < 5
    assert kept.runners_up == whole(length).runners_up[: len(kept.runners_up)]
    assert kept.chosen == whole(length).chosen


@pytest.mark.parametrize("code", ['a"b', "a\\b", "a b c", "کلیم", "\n"])
def test_a_code_with_any_letters_is_read_back_from_a_trace(code: str) -> None:
    kept = Trace(rules=1, step=0, chosen=ranked(code))
    assert convert.trace(orjson.loads(convert.trace_text(kept))) == kept


NEEDS = Needs(
    queue="claims",
    skills=(("claims", 2), ("law", 4)),
    language="te",
    live=True,
    units=3,
    office="lahore",
    any_of=((("car", 1), ("house", 2)), (("life", 5),)),
    also_queues=("sales", "technical"),
    also_groups=("seniors",),
    interrupts=True,
    beside_live=False,
    order="longest_idle",
)
PLAIN = Needs(queue="sales", live=True, units=3, office="lahore")


async def test_needs_and_steps_come_back_from_the_row_as_they_were_written(
    db: Database, connection: asyncpg.Connection
) -> None:
    [interaction] = await wait_in_line(connection, 1)
    steps = (Step(deadline=1_800_000_000.25, needs=NEEDS), Step(deadline=1_800_000_060.5, needs=PLAIN))
    await connection.execute(
        "UPDATE interaction SET queue = 'claims', skills = $2::text::jsonb, speak = true, language = 'te', live = true,"
        " units = 3, office = 'lahore', number = 'A001', routing = $3::text::jsonb, steps = $4::text::jsonb,"
        " barred = '{farid,devi}', rules_version = 7 WHERE id = $1",
        interaction,
        '{"law": 4, "claims": 2}',
        orjson.dumps(convert.needs_extras(NEEDS)).decode(),
        orjson.dumps(convert.steps_document(steps)).decode(),
    )
    [row] = await queries.interactions(connection, [UUID(interaction)])
    found = convert.waiting(row)
    assert found.needs == NEEDS
    assert found.steps == steps
    assert found.barred == {"farid", "devi"}
    assert found.rules == 7
    assert found.needs is found.steps[0].needs, "one object for all who have the same needs"


def test_needs_that_say_nothing_special_leave_nothing_in_the_row() -> None:
    assert convert.needs_extras(Needs(queue="claims", skills=(("claims", 1),), language="en", live=True)) == {}


async def test_the_dispatcher_keeps_why_with_the_offer(db: Database, connection: asyncpg.Connection) -> None:
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await go_to_work(connection, 8)
        await go_to_work(connection, 2, prefix="s", queues=("claims",))
        await wait_in_line(connection, 1)
        await until(connection, OFFERED, 1)
    [row] = await connection.fetch("SELECT data ->> 'representative' AS code, (data -> 'trace')::text AS trace FROM event WHERE kind = 'offered'")  # fmt: skip
    kept = convert.trace(orjson.loads(row["trace"]))
    assert kept.chosen.representative == row["code"]
    assert len(kept.runners_up) == 5
    assert kept.ruled_out == (("queue", 2),)


async def wanted(connection: asyncpg.Connection, interactions: list[str], code: str) -> list[Wanted]:
    rows = await connection.fetch("SELECT code, version FROM representative")
    versions = {row["code"]: row["version"] for row in rows}
    return [Wanted(interaction=UUID(each), version=1, representative=code, staff_version=versions[code]) for each in interactions]  # fmt: skip


async def test_who_rests_is_offered_nothing_whatever_the_floor_believed(
    db: Database, connection: asyncpg.Connection
) -> None:
    interactions = await wait_in_line(connection, 1)
    [code] = await go_to_work(connection, 1)
    await connection.execute("UPDATE representative SET resting_until = wall_clock() + interval '1 minute'")
    assert not (await offer(connection, await wanted(connection, interactions, code))).interactions
    await connection.execute("UPDATE representative SET resting_until = wall_clock() - interval '1 minute'")
    assert (await offer(connection, await wanted(connection, interactions, code))).interactions


async def test_who_is_barred_is_offered_nothing_whatever_the_floor_believed(
    db: Database, connection: asyncpg.Connection
) -> None:
    interactions = await wait_in_line(connection, 1)
    first, second = await go_to_work(connection, 2)
    await connection.execute("UPDATE interaction SET barred = ARRAY[$1::text]", first)
    assert not (await offer(connection, await wanted(connection, interactions, first))).interactions
    assert (await offer(connection, await wanted(connection, interactions, second))).interactions


ALONE = "UPDATE interaction SET routing = '{\"beside_live\": false}' WHERE NOT live"


async def test_written_work_that_cannot_stand_beside_a_call_is_not_written_into_one(
    db: Database, connection: asyncpg.Connection
) -> None:
    [code] = await go_to_work(connection, 1, capacity=5)
    calls = await wait_in_line(connection, 1, live=True)
    assert (await offer(connection, await wanted(connection, calls, code))).interactions
    letters = await wait_in_line(connection, 1)
    await connection.execute(ALONE)
    assert not (await offer(connection, await wanted(connection, letters, code))).interactions
    await connection.execute("UPDATE interaction SET routing = '{}'")
    assert (await offer(connection, await wanted(connection, letters, code))).interactions


async def test_nor_into_a_call_that_the_same_plan_gives_before_it(db: Database, connection: asyncpg.Connection) -> None:
    [code] = await go_to_work(connection, 1, capacity=5)
    calls, letters = await wait_in_line(connection, 1, live=True), await wait_in_line(connection, 1)
    await connection.execute(ALONE)
    made = await offer(connection, await wanted(connection, [*calls, *letters], code))
    first = min([*calls, *letters])  # in the order of the ids: the order in which rows are locked
    assert made.interactions == ({UUID(first)} if first in calls else {UUID(calls[0]), UUID(letters[0])})


async def test_who_asks_for_the_next_one_themselves_is_never_offered_anything(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 1)
    await connection.execute("UPDATE representative SET pull = true")
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        await wait_in_line(connection, 1)
        await go_to_work(connection, 1, prefix="s")
        await until(connection, "SELECT array_agg(representative) FROM assignment", ["s0001"])


async def test_a_floor_with_all_that_rules_can_say_is_the_floor_it_would_build_anew(
    db: Database, connection: asyncpg.Connection
) -> None:
    await go_to_work(connection, 3, capacity=2, queues=("sales", "claims"))
    async with dispatching(db) as dispatcher:
        await loaded(dispatcher)
        ids = await wait_in_line(connection, 10, skills='{"nobody": 1}')
        steps = [Step(deadline=4e9, needs=NEEDS)]
        await connection.execute(
            "UPDATE interaction SET steps = $1::text::jsonb, routing = $2::text::jsonb, barred = '{r0001}', rules_version = 3",
            orjson.dumps(convert.steps_document(steps)).decode(),
            orjson.dumps(convert.needs_extras(NEEDS)).decode(),
        )
        await connection.execute("UPDATE representative SET groups = '{seniors}', resting_until = wall_clock() + interval '1 hour' WHERE code = 'r0002'")  # fmt: skip
        # The comparing finds what no event told of by its version.
        await connection.execute("UPDATE interaction SET version = 2")
        await connection.execute("INSERT INTO event (subject, subject_id, version, kind, at, actor) SELECT 'interaction', id::text, 2, 'refiled', wall_clock(), 'system' FROM interaction")  # fmt: skip
        await connection.execute("INSERT INTO event (subject, subject_id, version, kind, at, actor) VALUES ('representative', 'r0002', 3, 'changed', wall_clock(), 'system')")  # fmt: skip
        for _ in range(3):
            await dispatcher.turned()
        assert dispatcher.term is not None
        kept = dispatcher.term.floor.snapshot()
    async with dispatching(db) as another:
        await loaded(another)
        assert another.term is not None
        assert another.term.floor.snapshot() == kept
    assert len(kept.waiting) == len(ids)
    assert all(each.steps and each.barred and each.needs.also_groups for each in kept.waiting)
    assert any(each.groups and each.resting_until for each in kept.staff)
