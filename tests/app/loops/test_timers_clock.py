"""The database's clock was ahead and is set back: what was set to end by the clock of before does not stand for ever."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg

from app import db as database_module
from app.actions.contacts.depart import depart
from app.actions.offers.accept import accept
from app.db import Database
from app.loops.absence import HandBack, Silence
from app.loops.expiry import Expiry
from app.loops.resting import Resting
from app.loops.wrapping import Wrapping
from app.security import SYSTEM
from tests.app.loops.test_timers import later, listening, offered, one_turn, rows

DAY = 86_400
PRESENCE = "SELECT presence, presence_reason FROM representative WHERE code = 'r0001'"
RESTING = "SELECT resting_until - wall_clock() FROM representative WHERE code = 'r0001'"


async def served(db: Database, assignment: UUID) -> UUID:
    async with db.session() as session:
        made = await accept(session, assignment, actor=SYSTEM, now=await database_module.now(session))
        return made.interaction_id


async def test_an_offer_made_while_the_clock_was_ahead_is_taken_back_and_is_nobodys_miss(
    db: Database, connection: asyncpg.Connection
) -> None:
    await later(connection, DAY)
    await offered(connection, 2)
    await later(connection, 0)
    await one_turn(Expiry(db))
    assert await rows(connection, "SELECT state, misses, not_before FROM interaction") == [("queued", 0, None)] * 2
    assert (
        await rows(connection, "SELECT outcome, reason, ended_at >= offered_at FROM assignment")
        == [("withdrawn", "clock_set_back", True)] * 2
    )
    assert await rows(connection, "SELECT presence, live, units FROM representative WHERE code = 'r0001'") == [
        ("available", 0, 0)
    ]


async def test_an_offer_made_just_before_a_small_step_back_still_stands(
    db: Database, connection: asyncpg.Connection
) -> None:
    await later(connection, 3)
    await offered(connection, 1)
    await later(connection, 0)
    await one_turn(Expiry(db))
    assert await rows(connection, "SELECT state FROM assignment") == [("offered",)]


async def test_a_wrap_up_begun_while_the_clock_was_ahead_ends(db: Database, connection: asyncpg.Connection) -> None:
    await later(connection, DAY)
    [assignment] = await offered(connection, 1, live=True)
    await connection.execute("UPDATE queue SET wrap_up_seconds = 30")
    interaction = await served(db, assignment)
    async with db.session() as session:
        now = await database_module.now(session)
        await depart(session, interaction, reason="hung_up", actor=SYSTEM, now=now)
    await later(connection, 0)
    await one_turn(Wrapping(db))
    assert await rows(connection, "SELECT state FROM interaction") == [("completed",)]
    assert await rows(connection, "SELECT live, units FROM representative WHERE code = 'r0001'") == [(0, 0)]


async def test_work_of_one_who_went_while_the_clock_was_ahead_is_handed_back(
    db: Database, connection: asyncpg.Connection
) -> None:
    await later(connection, DAY)
    [assignment] = await offered(connection, 1)
    await served(db, assignment)
    await connection.execute(
        "UPDATE representative SET presence = 'away', presence_at = wall_clock() WHERE code = 'r0001'"
    )
    await later(connection, 0)
    await one_turn(HandBack(db))
    assert await rows(connection, "SELECT state FROM interaction") == [("queued",)]


async def test_who_fell_silent_while_the_clock_was_ahead_is_noticed(
    db: Database, connection: asyncpg.Connection
) -> None:
    silence = Silence(db)
    await later(connection, DAY)
    await offered(connection, 1)
    await connection.execute("UPDATE representative SET heartbeat_at = wall_clock() WHERE code = 'r0001'")
    await listening(connection, silence, since=0, until=24)
    assert await rows(connection, PRESENCE) == [("available", None)], "they may only not have been heard"
    await listening(connection, silence, since=28, until=52)
    assert await rows(connection, PRESENCE) == [("offline", "silent")]


async def test_a_rest_that_began_while_the_clock_was_ahead_is_counted_anew(
    db: Database, connection: asyncpg.Connection
) -> None:
    await later(connection, 7 * DAY)
    first, second = await offered(connection, 2)
    await connection.execute("UPDATE representative SET per_hour = 2, per_day = 2 WHERE code = 'r0001'")
    await served(db, first)
    await one_turn(Resting(db))
    await served(db, second)
    await one_turn(Resting(db))
    [[before]] = await rows(connection, RESTING)
    assert isinstance(before, timedelta)
    assert before > timedelta(0), "a rest that is right stays"
    told = "SELECT count(*) FROM event WHERE subject_id = 'r0001' AND kind = 'changed'"
    assert await rows(connection, told) == [(1,)]
    await later(connection, 0)
    await connection.execute("UPDATE representative SET per_hour = 50, per_day = 50 WHERE code = 'r0001'")
    await one_turn(Resting(db))
    assert await rows(connection, RESTING) == [(None,)]
    assert await rows(connection, told) == [(2,)], "told, so that the floor hears of it"
