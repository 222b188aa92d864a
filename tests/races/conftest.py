"""A furnished database for each race, with room for many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.db import Database
from tests.office import furnish
from tests.racing import PATIENT


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    await furnish(database)
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


@pytest.fixture
async def db(database: str, connection: asyncpg.Connection) -> AsyncIterator[Database]:
    async with Database(database, settings=PATIENT) as opened:
        yield opened
