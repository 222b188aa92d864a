"""Where the database is, and whether it is ready for this program.

Decides which server a command works on: `DATABASE_URL`, else the running server of the data folder, else a temporary one that
is stopped afterwards. It never stops what it did not start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from app.errors import CannotStart
from app.settings import Settings

DATABASE: Final = "raabta"
"""The name of the database on our own server."""
CONNECT_SECONDS: Final = 5


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the service's database, reachable and with the schema of this program. Raises CannotStart."""
    with unprepared_database(settings) as dsn:
        asyncio.run(check_schema(dsn))
        yield dsn


@contextlib.contextmanager
def unprepared_database(settings: Settings) -> Iterator[str]:
    """As `database`, whatever the schema is."""
    from app.postgres import borrowed, data_dir

    if settings.dsn is not None:
        asyncio.run(check_reachable(settings.dsn))
        yield settings.dsn
        return
    with borrowed(data_dir(settings)) as server:
        asyncio.run(make_database(server.dsn()))
        yield server.dsn(DATABASE)


async def check_reachable(dsn: str) -> None:
    """Raises CannotStart, without the password, when nobody answers there or does not let us in."""
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotStart(
            f"DATABASE_URL: the database at {_shown(dsn)} cannot be used: {_reason(error)}", code="database_unreachable"
        ) from None
    version = connection.get_server_version()
    await connection.close()
    if version.major < 15:
        raise CannotStart(f"DATABASE_URL: PostgreSQL 15 or newer is needed, there is {version.major}")


async def make_database(dsn: str) -> None:
    """The service's database on our own server, made where it is missing."""
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


async def check_schema(dsn: str) -> None:
    """An empty database gets the schema; one with another schema raises CannotStart."""
    from app.db import head_revision, migrate_async

    found = await schema_revision(dsn)
    if found is None:
        await migrate_async(dsn)
    elif found != head_revision():
        raise CannotStart(
            f"the database is at schema {found}, this program needs {head_revision()}: run raabta migrate"
        )


async def bring_up(dsn: str) -> None:
    """For a service that starts: the schema is this program's, and the feed's epoch is this database's.

    Raises CannotStart where the schema is newer than the program.
    """
    import asyncpg

    from app.actions.epoch import settle_epoch
    from app.db import head_revision, migrate_async

    found = await schema_revision(dsn)
    if found is None or found < head_revision():
        await migrate_async(dsn)
    elif found > head_revision():
        raise CannotStart(f"the database is at schema {found}, newer than this program: {head_revision()}")
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        await settle_epoch(connection)
    finally:
        await connection.close()


async def schema_revision(dsn: str) -> str | None:
    """The revision the database is at; None where there is no schema."""
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
        return str(found) if found is not None else None
    finally:
        await connection.close()


def _reason(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS} s"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _shown(dsn: str) -> str:
    parts = urlsplit(dsn)
    return f"{parts.hostname or 'the local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
