"""A furnished database for each race, with room for many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.db import Database
from app.settings import Settings
from tests.office import furnish


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    await furnish(database)
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


PATIENT = Settings(
    pool_size=20, hot_pool_size=8, statement_timeout_seconds=120, lock_timeout_seconds=120, idle_transaction_seconds=120
)
"""However slow the machine, a race is ended by who won it and never by a timeout."""


@pytest.fixture
async def db(database: str, connection: asyncpg.Connection) -> AsyncIterator[Database]:
    async with Database(database, settings=PATIENT) as opened:
        yield opened
