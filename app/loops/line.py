"""A database connection of a chore's own, for those who must not wait in a pool behind others.

Decides how such a connection is opened and that it is thrown away on any error. It knows no table.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import asyncpg

from app.db import Database, translated

CONNECT_SECONDS = 1.5
NOTHING: Mapping[str, str] = MappingProxyType({})


@contextlib.asynccontextmanager
async def line(
    db: Database, *, settings: Mapping[str, str] = NOTHING, answer_seconds: float = 30.0
) -> AsyncIterator[asyncpg.Connection]:
    """A connection for as long as the block lasts; a lost database is raised as `Unavailable`."""
    with translated():
        connection = await asyncpg.connect(
            db.dsn, server_settings={**db.guards, **settings}, timeout=CONNECT_SECONDS, command_timeout=answer_seconds
        )
        try:
            yield connection
        finally:
            connection.terminate()
