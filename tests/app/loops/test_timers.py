"""What time alone brings about, with the database's clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import db as database_module
from app.actions.contacts.depart import depart
from app.actions.line.requeue import park
from app.actions.offers.accept import accept
from app.actions.offers.expire import misses_in_a_row
from app.actions.offers.offer import Wanted, offer
from app.actions.settle import lock_held
from app.db import Database
from app.errors import Conflict
from app.loops.absence import HandBack, Silence
from app.loops.chore import Chore
from app.loops.expiry import Expiry
from app.loops.janitor import Janitor
from app.loops.waking import Waking
from app.loops.wrapping import Wrapping
from app.security import SYSTEM
from tests.crowd import go_to_work, wait_in_line


async def later(connection: asyncpg.Connection, seconds: int) -> None:
    """Move the database's clock, for everybody."""
    await connection.execute(
        "CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE"
        f" AS 'SELECT clock_timestamp() + interval ''{seconds} seconds'''"
    )


async def offered(connection: asyncpg.Connection, count: int, *, staff: int = 1, live: bool = False) -> list[UUID]:
    """`count` offers, shared among `staff` representatives; their assignments."""
    ids = await wait_in_line(connection, count, live=live)
    codes = await go_to_work(connection, staff, capacity=max(1, count // staff))
    async with connection.transaction():
        await offer(
            connection,
            [
                Wanted(interaction=UUID(each), version=1, representative=codes[place % staff], staff_version=2)
                for place, each in enumerate(ids)
            ],
        )
    rows = await connection.fetch("SELECT id FROM assignment ORDER BY interaction_id")
    assert len(rows) == count
    return [row["id"] for row in rows]


async def one_turn(chore: Chore) -> None:
    while await chore.turn():
        pass


async def rows(connection: asyncpg.Connection, query: str) -> Sequence[tuple[object, ...]]:
    return [tuple(row) for row in await connection.fetch(query)]


STORY = "SELECT version, kind FROM event WHERE subject = 'interaction' ORDER BY subject_id, version"


async def test_an_offer_that_nobody_answers_ends_once_and_gives_everything_back(
    db: Database, connection: asyncpg.Connection
) -> None:
    await offered(connection, 2, staff=2, live=True)
    due = await rows(connection, "SELECT due_at FROM interaction ORDER BY id")
    await one_turn(Expiry(db))
    assert await rows(connection, "SELECT DISTINCT state FROM assignment") == [("offered",)]
    await later(connection, 16)
    await asyncio.gather(*(one_turn(Expiry(db)) for _ in range(4)))
    assert (
        await rows(connection, "SELECT state, outcome, reason FROM assignment")
        == [("ended", "expired", "no_answer")] * 2
    )
    assert await rows(connection, "SELECT state, misses, version FROM interaction") == [("queued", 1, 3)] * 2
    assert await rows(connection, "SELECT due_at FROM interaction ORDER BY id") == due
    assert (
        await rows(connection, "SELECT extract(epoch FROM not_before - state_at)::int FROM interaction") == [(5,)] * 2
    )
    assert await rows(connection, "SELECT live, units FROM representative WHERE version = 2") == [(0, 0)] * 2
    assert await rows(connection, STORY) == [(1, "queued"), (2, "offered"), (3, "expired")] * 2


async def test_a_lowered_capacity_is_reached_when_what_was_too_much_runs_out(
    db: Database, connection: asyncpg.Connection
) -> None:
    await offered(connection, 2)
    await connection.execute("UPDATE representative SET capacity = 1 WHERE code = 'r0001'")
    await later(connection, 3600)
    await one_turn(Expiry(db))
    drained = "SELECT units, capacity, ceiling FROM representative WHERE code = 'r0001'"
    assert await rows(connection, drained) == [(0, 1, 1)]


async def test_an_offer_is_never_accepted_after_it_expired_even_if_nobody_ended_it_yet(
    db: Database, connection: asyncpg.Connection
) -> None:
    [assignment] = await offered(connection, 1)
    async with db.session() as session:
        before = await database_module.now(session)
    await later(connection, 16)
    with pytest.raises(Conflict, match="no longer open"):
        async with db.session() as session:
            await accept(session, assignment, actor=SYSTEM, now=before)
    assert await rows(connection, "SELECT state FROM assignment") == [("offered",)]


async def offer_another(connection: asyncpg.Connection) -> None:
    [another] = await wait_in_line(connection, 1)
    async with connection.transaction():
        await offer(connection, [Wanted(interaction=UUID(another), version=1, representative="r0001", staff_version=2)])


async def test_who_misses_three_offers_in_a_row_is_set_away(db: Database, connection: asyncpg.Connection) -> None:
    await offered(connection, 1)
    for round_, presence in ((1, "available"), (2, "available"), (3, "away")):
        await later(connection, 16 * round_)
        await one_turn(Expiry(db))
        assert await rows(connection, "SELECT presence FROM representative WHERE code = 'r0001'") == [(presence,)]
        if presence == "available":
            await offer_another(connection)
    assert await rows(connection, "SELECT presence_reason, live, units FROM representative WHERE code = 'r0001'") == [
        ("missed_offers", 0, 0)
    ]
    assert await rows(connection, "SELECT kind FROM event WHERE subject_id = 'r0001' ORDER BY version") == [
        ("joined",),
        ("available",),
        ("away",),
    ]


async def test_offers_missed_at_the_same_time_are_one_miss_so_an_outage_sends_nobody_home(
    db: Database, connection: asyncpg.Connection
) -> None:
    await offered(connection, 5)
    await later(connection, 3600)
    await one_turn(Expiry(db))
    assert await rows(connection, "SELECT state, outcome FROM assignment") == [("ended", "expired")] * 5
    assert await rows(connection, "SELECT presence FROM representative WHERE code = 'r0001'") == [("available",)]


def test_misses_are_counted_from_the_newest_back_to_the_last_answer() -> None:
    def at(second: int) -> datetime:
        return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=second)

    one_by_one = [(at(40), at(50), True), (at(20), at(30), True), (at(0), at(10), True)]
    assert misses_in_a_row(one_by_one) == 3
    assert misses_in_a_row([one_by_one[0], (at(20), at(25), False), one_by_one[2]]) == 1
    overlapping = [(at(start), at(start + 15), True) for start in (25, 20, 15, 10, 5, 0)]
    assert misses_in_a_row(overlapping) == 2, "of a chain only those that followed each other"
    assert misses_in_a_row([]) == 0


async def test_an_answer_in_between_forgives_the_missed_offers(db: Database, connection: asyncpg.Connection) -> None:
    first, *_ = await offered(connection, 3)
    async with db.session() as session:
        await accept(session, first, actor=SYSTEM, now=await database_module.now(session))
    await later(connection, 16)
    await one_turn(Expiry(db))
    assert await rows(connection, "SELECT presence, units FROM representative WHERE code = 'r0001'") == [
        ("available", 1)
    ]


async def test_wrap_up_ends_by_itself_and_frees_its_representative(
    db: Database, connection: asyncpg.Connection
) -> None:
    [assignment] = await offered(connection, 1, live=True)
    await connection.execute("UPDATE queue SET wrap_up_seconds = 30")
    async with db.session() as session:
        now = await database_module.now(session)
        interaction = (await accept(session, assignment, actor=SYSTEM, now=now)).interaction_id
        await depart(session, interaction, reason="hung_up", actor=SYSTEM, now=now)
    await one_turn(Wrapping(db))
    assert await rows(connection, "SELECT state FROM interaction") == [("wrapping",)]
    await later(connection, 31)
    await one_turn(Wrapping(db))
    assert await rows(connection, "SELECT state, wake_at FROM interaction") == [("completed", None)]
    assert await rows(connection, "SELECT state, outcome FROM assignment") == [("ended", "completed")]
    assert await rows(
        connection, "SELECT live, units, idle_since > presence_at FROM representative WHERE version = 2"
    ) == [(0, 0, True)]


async def test_the_parked_are_woken_with_due_counted_from_the_wake_up(
    db: Database, connection: asyncpg.Connection
) -> None:
    [assignment] = await offered(connection, 1)
    async with db.session() as session:
        now = await database_module.now(session)
        interaction = (await accept(session, assignment, actor=SYSTEM, now=now)).interaction_id
        await park(session, interaction, until=now + timedelta(hours=1), reason=None, actor=SYSTEM, now=now)
    await one_turn(Waking(db))
    assert await rows(connection, "SELECT state FROM interaction") == [("parked",)]
    await later(connection, 3601)
    await one_turn(Waking(db))
    assert await rows(
        connection,
        "SELECT state, preferred, extract(epoch FROM due_at - state_at), extract(epoch FROM preferred_until - state_at),"
        " state_at > wall_clock() - interval '1 minute' FROM interaction",
    ) == [("queued", "r0001", 60, 120, True)]


async def test_the_scheduled_join_the_line_at_their_hour(db: Database, connection: asyncpg.Connection) -> None:
    await wait_in_line(connection, 1)
    await connection.execute(
        "UPDATE interaction SET state = 'scheduled', queued_at = NULL, due_at = NULL, wake_at = wall_clock() + interval '1 hour'"
    )
    wake_at = await connection.fetchval("SELECT wake_at FROM interaction")
    await one_turn(Waking(db))
    await later(connection, 3700)
    await one_turn(Waking(db))
    assert await rows(
        connection,
        "SELECT state, wake_at, extract(epoch FROM due_at - queued_at), queued_at FROM interaction",
    ) == [("queued", None, 60, wake_at)]


async def listening(connection: asyncpg.Connection, silence: Silence, *, since: int, until: int) -> None:
    """Turn after turn, with the clock going on as it does."""
    for seconds in range(since, until + 1, 4):
        await later(connection, seconds)
        await one_turn(silence)


PRESENCE = "SELECT presence, presence_reason FROM representative WHERE code LIKE 'r0%' ORDER BY code"


async def test_who_sent_a_sign_of_life_and_then_none_is_set_offline(
    db: Database, connection: asyncpg.Connection
) -> None:
    silence = Silence(db)
    await go_to_work(connection, 3)
    await connection.execute("UPDATE representative SET heartbeat_at = wall_clock() WHERE code IN ('r0001', 'r0002')")
    await listening(connection, silence, since=0, until=40)
    await connection.execute("UPDATE representative SET heartbeat_at = wall_clock() WHERE code = 'r0002'")
    await listening(connection, silence, since=44, until=48)
    assert await rows(connection, PRESENCE) == [("offline", "silent"), ("available", None), ("available", None)]


async def test_nobody_is_taken_for_gone_for_a_time_in_which_they_could_not_be_heard(
    db: Database, connection: asyncpg.Connection
) -> None:
    """The database or the service was away, or the clock jumped: the signs of life of that time are written nowhere."""
    silence = Silence(db)
    await go_to_work(connection, 2)
    await connection.execute("UPDATE representative SET heartbeat_at = wall_clock() WHERE code LIKE 'r0%'")
    await one_turn(silence)
    await later(connection, 600)
    await one_turn(silence)
    await one_turn(Silence(db))
    await connection.execute("UPDATE representative SET heartbeat_at = wall_clock() WHERE code = 'r0002'")
    await listening(connection, silence, since=604, until=620)
    assert await rows(connection, PRESENCE) == [("available", None), ("available", None)]
    await listening(connection, silence, since=624, until=648)
    assert await rows(connection, PRESENCE) == [("offline", "silent"), ("offline", "silent")]


async def test_the_absent_lose_offers_at_once_other_work_after_a_grace_and_live_work_never(
    db: Database, connection: asyncpg.Connection
) -> None:
    [written] = await offered(connection, 1)
    [call] = await wait_in_line(connection, 1, live=True, queue="claims")
    await connection.execute("UPDATE representative SET capacity = 5, ceiling = 5 WHERE code = 'r0001'")
    [third] = await wait_in_line(connection, 1, queue="inquiries")
    async with connection.transaction():
        wanted = [
            Wanted(interaction=UUID(each), version=1, representative="r0001", staff_version=2) for each in (call, third)
        ]
        await offer(connection, wanted)
    live = await connection.fetchval("SELECT id FROM assignment WHERE interaction_id = $1", call)
    async with db.session() as session:
        now = await database_module.now(session)
        for each in (written, live):
            await accept(session, each, actor=SYSTEM, now=now)
    await connection.execute(
        "UPDATE representative SET presence = 'away', presence_at = wall_clock() WHERE code = 'r0001'"
    )
    states = "SELECT queue, state FROM interaction ORDER BY queue"
    await one_turn(HandBack(db))
    assert await rows(connection, states) == [("claims", "active"), ("inquiries", "queued"), ("sales", "active")]
    await later(connection, 121)
    await one_turn(HandBack(db))
    assert await rows(connection, states) == [("claims", "active"), ("inquiries", "queued"), ("sales", "queued")]
    assert await rows(connection, "SELECT live, units FROM representative WHERE code = 'r0001'") == [(1, 1)]
    assert await rows(connection, "SELECT kind, data ->> 'reason' FROM event WHERE kind IN ('withdrawn', 'handed_back')"
                      " ORDER BY seq") == [
        ("withdrawn", "representative_absent"),
        ("handed_back", "representative_absent"),
    ]  # fmt: skip


async def test_who_comes_back_in_the_last_moment_keeps_what_they_have(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    [held] = await offered(connection, 1)
    await connection.execute("UPDATE representative SET presence = 'away' WHERE code = 'r0001'")

    async def back_meanwhile(*given: Any) -> list[asyncpg.Record]:
        await connection.execute("UPDATE representative SET presence = 'available' WHERE code = 'r0001'")
        return await lock_held(*given)

    monkeypatch.setattr("app.actions.representatives.let_go.lock_held", back_meanwhile)
    await one_turn(HandBack(db))
    assert await rows(connection, "SELECT id, state FROM assignment") == [(held, "offered")]


async def test_answers_kept_for_repeats_go_after_two_days_and_not_before(
    db: Database, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO idempotency_key (owner, key, digest, status, body, created_at)"
        " SELECT 'me', number::text, '', 201, '', wall_clock() - number * interval '1 hour' FROM generate_series(1, 2500) AS number"
    )
    await one_turn(Janitor(db))
    assert await connection.fetchval("SELECT count(*) FROM idempotency_key") == 47
