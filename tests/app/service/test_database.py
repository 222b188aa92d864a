"""What a database in trouble looks like to whoever asks: away, and back later; never a fault of theirs or ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import text

from app.db import Database, is_away
from app.errors import Unavailable
from app.intake import Contact, Intake
from channels.base import Arrived
from tests.office import furnish


@pytest.fixture
async def crowded(database: str) -> AsyncIterator[str]:
    """The address of a database that takes no further connection."""
    await furnish(database)
    owner = await asyncpg.connect(database)
    await owner.execute(
        "CREATE ROLE nobody_more LOGIN SUPERUSER CONNECTION LIMIT 0; ALTER ROLE nobody_more NOSUPERUSER"
    )
    parts = urlsplit(database)
    yield urlunsplit(parts._replace(netloc=f"nobody_more@{parts.netloc.rpartition('@')[2]}"))
    await owner.execute("DROP ROLE nobody_more")
    await owner.close()


async def test_a_server_that_takes_no_more_connections_is_away(crowded: str) -> None:
    async with Database(crowded) as db:
        with pytest.raises(Unavailable):
            async with db.session() as session:
                await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
        with pytest.raises(Unavailable):
            async with db.connection():
                pass


async def test_contacts_for_a_server_that_takes_no_more_connections_are_to_come_again(crowded: str) -> None:
    async with Database(crowded) as db, Intake(db) as intake:
        signal = Arrived(ref="v1", contact="v1", request_type="inquiry", language="en")
        contact = Contact(source="test", channel="walk_in", signals=[signal], actor="integration:test")
        found = await asyncio.gather(*(intake.submit(contact) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in found] == [Unavailable] * 3


@pytest.mark.parametrize(
    "error", [asyncpg.DiskFullError("full"), asyncpg.TooManyConnectionsError("many"), asyncpg.OutOfMemoryError("out")]
)
def test_a_server_without_room_is_away(error: Exception) -> None:
    assert is_away(error)
