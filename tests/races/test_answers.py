"""An answer against the end of its offer: the clock's, the customer's, or the representative's own leaving.

Which side is first is not left to luck: the starts are staggered, or both have to wait at a lock in a known order.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions import record
from app.actions.contacts.depart import depart
from app.actions.offers import accept as accepting
from app.actions.offers.accept import accept
from app.actions.offers.offer import WRITE, Wanted, offer
from app.actions.representatives.presence import set_presence
from app.db import Database, now
from app.loops.absence import HandBack
from app.loops.expiry import Expiry
from app.security import SYSTEM
from app.tables import Assignment
from routing.errors import IllegalTransition
from tests.crowd import go_to_work, wait_in_line
from tests.races.arena import Tally, broken_rules, each, offers, without
from tests.racing import Race, blocked, holding, staggered

pytestmark = pytest.mark.races

EXPIRY_ATTEMPTS = 600
HANG_UP_ATTEMPTS = 250
PRESENCE_ATTEMPTS = 250
WAITING_ATTEMPTS = 40
CHANCE = random.Random(11)
HangUp: TypeAlias = Callable[[Database, asyncpg.Connection, int], Awaitable[Tally]]


async def answer(db: Database, assignment: UUID) -> None:
    async with db.session() as session:
        await accept(session, assignment, actor=SYSTEM, now=await now(session))


@contextlib.asynccontextmanager
async def expiring(db: Database) -> AsyncIterator[None]:
    """Offers are ended all the time, as fast as it goes."""

    async def for_ever() -> None:
        chore = Expiry(db)
        while True:
            await chore.turn()

    task = asyncio.create_task(for_ever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def accept_at_the_last_moment(
    db: Database, connection: asyncpg.Connection, count: int, *, chased: bool = True
) -> Tally:
    """Every offer runs out at its own instant, and is accepted as close to that instant as can be, every fourth too late.

    `chased`: the chore that ends offers runs all the while, else nobody ends one.
    """
    held = await offers(connection, count)
    spread, soon = 0.012, 1.0
    await connection.executemany(
        "UPDATE assignment SET expires_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1",
        [(assignment, soon + place * spread) for place, (_, assignment) in enumerate(held)],
    )
    first = await connection.fetchval(
        "SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM assignment"
    )
    began, tally = time.monotonic() + first, Tally()

    async def attempt(numbered: tuple[int, UUID]) -> None:
        place, assignment = numbered
        until = began + place * spread + (0.005 if place % 4 == 0 else CHANCE.uniform(-0.015, 0.0))
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        await tally.count(answer(db, assignment))

    async with expiring(db) if chased else contextlib.nullcontext():
        await each([(place, assignment) for place, (_, assignment) in enumerate(held)], attempt)
    return tally


async def test_an_offer_is_accepted_or_expires_and_never_both(db: Database, connection: asyncpg.Connection) -> None:
    tally = await accept_at_the_last_moment(db, connection, EXPIRY_ATTEMPTS)
    assert await broken_rules(connection) == set()
    tally.check(at_least=EXPIRY_ATTEMPTS)


async def test_without_the_clock_in_its_guard_an_offer_is_accepted_after_it_expired(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "_in_time", _take_whenever)
    await accept_at_the_last_moment(db, connection, 150, chased=False)
    assert "answered_in_time" in await broken_rules(connection)


async def hang_up_while_accepting(db: Database, connection: asyncpg.Connection, count: int) -> Tally:
    """The caller hangs up at the moment in which the representative accepts."""
    tally = Tally()

    async def attempt(round_: tuple[Race, tuple[UUID, UUID]]) -> None:
        race, (interaction, assignment) = round_
        _raise(*await race(tally.count(answer(db, assignment)), _hang_up(db, interaction)))

    await each(zip(staggered(count), await offers(connection, count), strict=True), attempt)
    return tally


async def hang_up_where_both_must_wait(db: Database, connection: asyncpg.Connection, count: int) -> Tally:
    """Both come to a row that somebody holds, by turns the one or the other first.

    So whatever they read without a lock, they read before either has written.
    """
    tally = Tally()
    for place, (interaction, assignment) in enumerate(await offers(connection, count)):
        sides = (partial(_answered, db, tally, assignment), partial(_hang_up, db, interaction))
        async with holding(db.dsn, "SELECT FROM interaction WHERE id = $1 FOR NO KEY UPDATE", interaction):
            tasks = []
            for waiting, side in enumerate(sides if place % 2 else reversed(sides), start=1):
                tasks.append(asyncio.create_task(side()))
                await blocked(connection.fetch, waiting)
        await asyncio.gather(*tasks)
    return tally


@pytest.mark.parametrize(
    ("hang_up", "attempts"),
    [(hang_up_while_accepting, HANG_UP_ATTEMPTS), (hang_up_where_both_must_wait, WAITING_ATTEMPTS)],
)
async def test_a_call_is_accepted_or_abandoned_whatever_comes_first(
    db: Database, connection: asyncpg.Connection, hang_up: HangUp, attempts: int
) -> None:
    tally = await hang_up(db, connection, attempts)
    assert await broken_rules(connection) == set()
    assert await connection.fetchval("SELECT count(*) FROM interaction WHERE state IN ('wrapping', 'abandoned')") == (
        attempts
    )
    tally.check(at_least=attempts)


async def test_without_row_locks_a_call_is_accepted_and_abandoned(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connection.execute(
        "ALTER TABLE event DROP CONSTRAINT uq_event_subject_subject_id_version;"
        "ALTER TABLE assignment DROP CONSTRAINT ck_assignment_ended, DROP CONSTRAINT ck_assignment_outcome_at_end;"
        "ALTER TABLE representative DROP CONSTRAINT ck_representative_live, DROP CONSTRAINT ck_representative_units"
    )
    monkeypatch.setattr(record, "NO_KEY_UPDATE", None)  # rows are read and not locked
    monkeypatch.setattr(accepting, "_in_time", _take_always)
    await hang_up_where_both_must_wait(db, connection, WAITING_ATTEMPTS)
    assert await broken_rules(connection) != set()


async def leave_while_offered(db: Database, connection: asyncpg.Connection, count: int, write: str) -> Tally:
    """Somebody goes away at the moment in which something is offered to them."""
    interactions, tally = await wait_in_line(connection, count), Tally()
    codes = await go_to_work(connection, count)

    async def offered(interaction: str, code: str) -> None:
        wanted = [Wanted(interaction=UUID(interaction), version=1, representative=code, staff_version=2)]
        async with db.connection() as line:
            made = await offer(line, wanted, write=write)
        tally.attempts += 1
        tally.lost += not made.interactions

    async def attempt(round_: tuple[Race, str, str]) -> None:
        race, interaction, code = round_
        _raise(*await race(_leave(db, code), offered(interaction, code)))

    await each(zip(staggered(count), interactions, codes, strict=True), attempt, at_once=2)
    return tally


OFFERED_TO_THE_ABSENT = """
SELECT count(*) FROM event AS gone JOIN event AS told ON told.data ->> 'representative' = gone.subject_id
WHERE gone.subject = 'representative' AND gone.kind = 'away' AND told.kind = 'offered'
  AND pg_xact_commit_timestamp(told.xid::xid) > pg_xact_commit_timestamp(gone.xid::xid)
"""


async def test_nothing_is_offered_to_somebody_who_has_left(db: Database, connection: asyncpg.Connection) -> None:
    tally = await leave_while_offered(db, connection, PRESENCE_ATTEMPTS, WRITE)
    assert await connection.fetchval(OFFERED_TO_THE_ABSENT) == 0
    await HandBack(db).turn()
    assert await connection.fetchval("SELECT count(*) FROM assignment WHERE ended_at IS NULL") == 0
    assert await broken_rules(connection) == set()
    tally.check(at_least=PRESENCE_ATTEMPTS)


async def test_without_the_guard_of_presence_something_is_offered_to_somebody_who_has_left(
    db: Database, connection: asyncpg.Connection
) -> None:
    await leave_while_offered(db, connection, 60, without("presence"))
    assert await connection.fetchval(OFFERED_TO_THE_ABSENT) > 0


async def _answered(db: Database, tally: Tally, assignment: UUID) -> None:
    await tally.count(answer(db, assignment))


def _raise(*results: object) -> None:
    """Whoever lost has been counted: every other error is one."""
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _hang_up(db: Database, interaction: UUID) -> None:
    with contextlib.suppress(IllegalTransition):
        async with db.session() as session:
            await depart(session, interaction, reason="hung_up", actor=SYSTEM, now=await now(session))


async def _leave(db: Database, code: str) -> None:
    async with db.session() as session:
        await set_presence(session, code, status="away", reason="break", actor=SYSTEM, now=await now(session))


async def _take_whenever(session: AsyncSession, assignment: Assignment) -> None:
    """The answer's guard without the clock."""
    if assignment.state == "offered":
        await _take_always(session, assignment)


async def _take_always(session: AsyncSession, assignment: Assignment) -> None:
    """The answer without any guard."""
    taken = update(Assignment).where(col(Assignment.id) == assignment.id)
    taken = taken.values(state="accepted", answered_at=func.wall_clock())
    await session.exec(taken.execution_options(synchronize_session=False))
    await session.refresh(assignment)
