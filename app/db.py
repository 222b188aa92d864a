"""Transactions: where they begin and end, and whose clock decides.

Decides how the service reaches PostgreSQL: one SQLAlchemy engine for what people do one at a time, one asyncpg pool for
what is written in batches, both over the same address. It never knows a table. Transactions begin and end only here and
only at the edge (requests and loops); actions never commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Self, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.bell import Bell
from app.errors import Unavailable
from app.settings import Settings, load

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A raw connection, our own or one lent by the pool."""

ROOT = Path(__file__).resolve().parent.parent
GUARDS = {
    "timezone": "UTC",
    "application_name": "raabta",
    # A plan made on an empty table would be kept as the table grows.
    "plan_cache_mode": "force_custom_plan",
}
PINNED = {
    # For statements that go by key and index whatever the tables hold: planned once, since planning a long statement anew
    # costs more than running it; and never by a sequential scan, which is what a plan made on an empty table would be.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_mergejoin": "off",
    "enable_hashjoin": "off",
}
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the line broke in the middle of a word
    OperationalError,
    PoolTimeout,
    TimeoutError,
)
"""What a lost database looks like. `is_away` tells for the errors that need a closer look."""
AWAY_STATES = ("08", "53", "57P", "58", "XX")
"""How the SQLSTATE of a server begins that goes, comes or breaks, or has no connection, memory or disk left (53)."""


class Database:
    """The connections of one process. Open with `async with Database(dsn):`."""

    def __init__(self, dsn: str, *, settings: Settings | None = None) -> None:
        settings = settings or load()
        self.dsn = plain(dsn)
        self.guards = _guards(settings)
        self.bell = Bell(self.dsn)
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            hide_parameters=True,  # a logged error must not hold a customer's words
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        self._batch_pool_size = settings.hot_pool_size
        self._pool: asyncpg.Pool | None = None

    async def __aenter__(self) -> Self:
        await self.bell.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bell.__aexit__()
        await self.engine.dispose()
        if self._pool is not None:
            self._pool.terminate()

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction through SQLModel: commits at the end, rings the bell, rolls back on any error."""
        with translated():  # outermost: closing a session whose database is gone fails, too
            async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        self.bell.ring()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that writes nothing: no ring, and no transaction id is taken."""
        with translated():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield session
            # Closing rolls back, and leaves the rows that were read readable; an explicit rollback would expire them.

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction on a raw connection, for batches. Rings the bell after the commit."""
        with translated():
            pool = await self._batches()
            async with pool.acquire(timeout=5) as connection, connection.transaction():
                yield connection
        self.bell.ring()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A raw connection outside any transaction, for reading in batches."""
        with translated():
            pool = await self._batches()
            async with pool.acquire(timeout=5) as connection:
                yield connection

    async def _batches(self) -> asyncpg.Pool:
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self.dsn,
                min_size=0,
                max_size=self._batch_pool_size,
                init=_speak_json,
                reset=_nothing,
                server_settings={**self.guards, **PINNED},
                timeout=5,
            )
        await self._pool  # opens once; later calls return at once
        return self._pool

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn, server_settings=self.guards, timeout=5)


def _guards(settings: Settings) -> dict[str, str]:
    """Any open write transaction holds the feed back, so none may stay open."""
    return {
        **GUARDS,
        "statement_timeout": f"{settings.statement_timeout_seconds * 1000:.0f}",
        "lock_timeout": f"{settings.lock_timeout_seconds * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{settings.idle_transaction_seconds * 1000:.0f}",
    }


async def now(session: AsyncSession) -> datetime:
    """The database's clock, the only one that decides. Tests move it by replacing `wall_clock()` in their database."""
    moment = (await session.exec(text("SELECT wall_clock()"))).scalar_one()  # type: ignore[call-overload]
    assert isinstance(moment, datetime)
    return moment


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """A lost database becomes `Unavailable`; every other error stays what it is."""
    try:
        yield
    except BaseException as error:
        if is_away(error):
            raise Unavailable(
                "The database is away. Try again, with the same ref or Idempotency-Key.", retry_after_seconds=1
            ) from error
        raise


def is_away(error: BaseException) -> bool:
    """Whether `error` means that the database cannot be reached or is going down, rather than a fault of the request."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = getattr(error.orig, "__cause__", None) or error.orig
        return error.connection_invalidated or isinstance(error, OperationalError) or is_away(cause)
    if isinstance(error, asyncpg.PostgresError):
        severity = getattr(error, "severity_en", None)  # FATAL ends the connection, whatever it was about
        return severity in {"FATAL", "PANIC"} or str(error.sqlstate).startswith(AWAY_STATES)
    return isinstance(error, AWAY)


def uuid7(moment: datetime | None = None) -> UUID:
    """A uuid whose order is the order of making, to the millisecond (RFC 9562, version 7).

    By this process's clock, so nothing may be concluded from when it was made, but where `moment` says it.
    """
    milliseconds = time.time_ns() // 1_000_000 if moment is None else int(moment.timestamp() * 1000)
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 2 << 62)


def first_id(moment: datetime) -> UUID:
    """The smallest id that could have been made at `moment`."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


def plain(url: str) -> str:
    """`url` as libpq and asyncpg read it: without SQLAlchemy's driver suffix."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema at `url` to `revision`; `base` removes it all. Runs its own event loop: call it from a thread."""
    from alembic import command  # half a second to load: a start that has nothing to migrate must not pay it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["dsn"] = plain(url)
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def head_revision() -> str:
    """The newest revision there is. Read from the names of the files, which begin with their revision."""
    return max(file.name for file in (ROOT / "alembic" / "versions").glob("[0-9]*.py")).partition("_")[0]


async def migrate_async(url: str, revision: str = "head") -> None:
    """`migrate` for those who already run an event loop."""
    await asyncio.to_thread(migrate, url, revision)


async def _nothing(_: object) -> None:
    """A lent connection comes back as it went: we listen, lock and set nothing for a session."""


async def _speak_json(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )
