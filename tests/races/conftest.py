"""A server for races: it notes when each transaction was committed, so that a check can say what came first."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.db import Database
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
from app.settings import Settings
from tests.office import furnish


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[LocalPostgres]:
    with tempfile.TemporaryDirectory(prefix="raabta-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's account must pass
        options = {**FAST_BUT_FORGETFUL, "max_connections": 100, "track_commit_timestamp": "on"}
        running = LocalPostgres(folder, bin_dir=pytestconfig.getoption("--postgres-bin"), options=options)
        running.start()
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    await furnish(database)
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


@pytest.fixture
async def db(database: str, connection: asyncpg.Connection) -> AsyncIterator[Database]:
    async with Database(database, settings=Settings(pool_size=20, hot_pool_size=8)) as opened:
        yield opened
