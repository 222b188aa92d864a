"""Who dispatches now. For efficiency only: with two at once the guards in the writes still hold.

Decides when the lease is ours. It renews in a task of its own, over a connection of its own, so that it never waits for
planning, loading or a full pool. It counts real time, never the clock that tests move: a lease is about who is alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Self
from uuid import UUID

import asyncpg

from app.db import Database, uuid7
from app.errors import Unavailable
from app.loops.line import line

log = logging.getLogger(__name__)

VALID_SECONDS = 2.5
RENEW_SECONDS = 0.8
AWAY_SECONDS = 0.25
STOP_SECONDS = 1.0

_TAKE = """
INSERT INTO lease AS held (name, holder, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE held.holder = excluded.holder OR held.until <= clock_timestamp()
RETURNING holder
"""
_LEFT = "SELECT extract(epoch FROM until - clock_timestamp())::float8 FROM lease WHERE name = $1"
_GIVE_BACK = "UPDATE lease SET until = clock_timestamp() WHERE name = $1 AND holder = $2"


class Lease:
    """Tries to hold the lease `name` for as long as the block lasts. `held` says whether it does."""

    def __init__(self, db: Database, name: str) -> None:
        self.name = name
        self.holder: UUID = uuid7()
        self._db = db
        self._until = 0.0  # by time.monotonic; never later than what the row says
        self._taken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def held(self) -> bool:
        """Whether the row is ours and has not lapsed, as far as we were told."""
        return time.monotonic() < self._until

    async def taken(self) -> None:
        """Until it is ours."""
        while not self.held:
            self._taken.clear()
            await self._taken.wait()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep(), name=f"lease {self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop renewing, and give it back at once, so that the next one need not wait for it to lapse."""
        held, self._until = self.held, 0.0
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
        if held:
            # Over a new connection: one whose query was just cancelled may hang if its server is gone.
            with contextlib.suppress(Unavailable, asyncpg.PostgresError):
                async with line(self._db, answer_seconds=STOP_SECONDS) as connection:
                    await connection.execute(_GIVE_BACK, self.name, self.holder)

    async def _keep(self) -> None:
        while True:
            try:
                # Losing the last renewal in a crash costs nothing, so nobody waits for a disk.
                settings = {"synchronous_commit": "off"}
                async with line(self._db, settings=settings, answer_seconds=1.0) as connection:
                    await self._renew(connection)
            except Unavailable:
                log.debug("lease %s: the database is away", self.name)
            except asyncpg.PostgresError as error:
                log.error("lease %s could not be renewed: %s", self.name, type(error).__qualname__)
            await asyncio.sleep(AWAY_SECONDS)

    async def _renew(self, connection: asyncpg.Connection) -> None:
        wait = 0.0
        while True:
            await asyncio.sleep(wait)
            wait = await self._try(connection)

    async def _try(self, connection: asyncpg.Connection) -> float:
        """Take or renew it once; returns the seconds after which to try again."""
        asked = time.monotonic()
        if await connection.fetchval(_TAKE, self.name, self.holder, VALID_SECONDS) is not None:
            self._until = asked + VALID_SECONDS
            self._taken.set()
            return RENEW_SECONDS
        self._until = 0.0
        left: float | None = await connection.fetchval(_LEFT, self.name)
        return min(max(left or 0.0, 0.01), RENEW_SECONDS)
