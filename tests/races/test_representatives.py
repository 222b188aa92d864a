"""Two representatives and one interaction; one representative and many interactions: every offer is tried at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from app.actions.offers.offer import WRITE, GuardBroken, Wanted, offer
from app.db import Database
from tests.crowd import go_to_work, wait_in_line
from tests.races.arena import AT_ONCE, Tally, broken_rules, without

pytestmark = pytest.mark.races

ATTEMPTS_FOR_ONE_INTERACTION = 2_000
ATTEMPTS_FOR_ONE_REPRESENTATIVE = 1_000
STAFF = 40


async def offered_by_two(db: Database, interactions: Sequence[str], codes: Sequence[str], write: str) -> Tally:
    """Every interaction is given to two representatives at the same moment, over two connections."""
    tally = Tally()
    first, second = await asyncpg.connect(db.dsn), await asyncpg.connect(db.dsn)
    for place, each in enumerate(interactions):
        hands = (codes[place % len(codes)], codes[(place + 1) % len(codes)])
        made = await asyncio.gather(
            *(_one(line, each, code, write) for line, code in zip((first, second), hands, strict=True))
        )
        tally.attempts += 2
        tally.lost += 2 - sum(made)
    await asyncio.gather(first.close(), second.close())
    return tally


async def offered_to_one(db: Database, interactions: Sequence[str], codes: Sequence[str], write: str) -> Tally:
    """Eight writers, each with an interaction of its own, all want the same representative, who has room for few."""
    tally = Tally()
    lines = await asyncio.gather(*(asyncpg.connect(db.dsn) for _ in range(AT_ONCE)))
    for place in range(0, len(interactions), AT_ONCE):
        code = codes[place // AT_ONCE % len(codes)]
        batch = interactions[place : place + AT_ONCE]
        made = await asyncio.gather(*(_one(line, each, code, write) for line, each in zip(lines, batch, strict=False)))
        tally.attempts += len(batch)
        tally.lost += len(batch) - sum(made)
    await asyncio.gather(*(line.close() for line in lines))
    return tally


async def _one(line: asyncpg.Connection, interaction: str, code: str, write: str) -> int:
    wanted = [Wanted(interaction=UUID(interaction), version=1, representative=code, staff_version=2)]
    try:
        return len((await offer(line, wanted, write=write)).interactions)
    except (asyncpg.IntegrityConstraintViolationError, GuardBroken):
        return 0  # a later net caught it: the loser is the same


@pytest.mark.oldest
async def test_an_interaction_never_lands_in_two_hands(db: Database, connection: asyncpg.Connection) -> None:
    interactions = await wait_in_line(connection, ATTEMPTS_FOR_ONE_INTERACTION // 2)
    codes = await go_to_work(connection, STAFF, capacity=100)
    tally = await offered_by_two(db, interactions, codes, WRITE)
    assert await broken_rules(connection) == set()
    tally.check(at_least=ATTEMPTS_FOR_ONE_INTERACTION)


async def test_without_its_guards_an_interaction_lands_in_two_hands(
    db: Database, connection: asyncpg.Connection
) -> None:
    await connection.execute("DROP INDEX uq_assignment_live")
    interactions = await wait_in_line(connection, 50)
    await offered_by_two(db, interactions, await go_to_work(connection, STAFF, capacity=100), without("row"))
    assert "one_holder" in await broken_rules(connection)


async def test_a_representative_is_never_given_more_than_they_can_hold(
    db: Database, connection: asyncpg.Connection
) -> None:
    written = await wait_in_line(connection, ATTEMPTS_FOR_ONE_REPRESENTATIVE // 2)
    live = await wait_in_line(connection, ATTEMPTS_FOR_ONE_REPRESENTATIVE // 2, live=True)
    codes = await go_to_work(connection, STAFF, capacity=5)
    tally = await offered_to_one(db, [*live, *written], codes, WRITE)
    assert await broken_rules(connection) == set()
    assert await connection.fetchval("SELECT max(units) FROM representative WHERE presence = 'available'") == 5
    tally.check(at_least=ATTEMPTS_FOR_ONE_REPRESENTATIVE)


async def test_without_its_guards_a_representative_is_overloaded(db: Database, connection: asyncpg.Connection) -> None:
    await connection.execute(
        "ALTER TABLE representative DROP CONSTRAINT ck_representative_live, DROP CONSTRAINT ck_representative_units"
    )
    interactions = await wait_in_line(connection, 200, live=True)
    await offered_to_one(db, interactions, await go_to_work(connection, 5, capacity=5), without("capacity"))
    assert "capacity" in await broken_rules(connection)
