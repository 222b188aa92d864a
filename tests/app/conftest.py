"""What tests of actions and chores share: a house at work, sound at the end of every story, and a furnished database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.db import Database
from tests.office import furnish
from tests.racing import PATIENT
from tests.shift import Shift, open_shift


@pytest.fixture
async def shift(database: str) -> AsyncIterator[Shift]:
    """A furnished house on a database of its own; after the test, the audit must find nothing."""
    async with open_shift(database) as opened:
        yield opened


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection to a furnished database of its own: for looking, and for writing straight into the tables."""
    await furnish(database)
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


@pytest.fixture
async def db(connection: asyncpg.Connection, database: str) -> AsyncIterator[Database]:
    """The same database as the service has it."""
    async with Database(database, settings=PATIENT) as opened:
        yield opened
