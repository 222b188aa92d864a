"""How many came to each queue today, counted for the shares of head starts.

Decides how often the count is written: at most once a second in each process, in one statement, and never in the transaction
that takes the contacts in. What was counted since the last time is lost if the process is killed; nobody is promised more.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Self

from app.db import Connection, Database
from app.errors import RaabtaError

FLUSH_SECONDS = 1.0
log = logging.getLogger(__name__)

_COUNT = """
INSERT INTO queue_day AS d (queue, day, arrivals)
SELECT queue, (wall_clock() AT TIME ZONE zone)::date, amount
FROM unnest($1::text[], $2::text[], $3::int[]) AS came (queue, zone, amount) ORDER BY queue
ON CONFLICT (queue, day) DO UPDATE SET arrivals = d.arrivals + EXCLUDED.arrivals
"""


class Arrivals:
    """Those who joined a queue since the last flush. Open it with `async with`; closing writes the rest."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._came: Counter[tuple[str, str]] = Counter()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="counting arrivals")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._flush_quietly()

    def note(self, queue: str, zone: str) -> None:
        """One more joined `queue`, whose days are counted in `zone`."""
        self._came[queue, zone] += 1

    async def flush(self, connection: Connection) -> int:
        """Write what was counted; returns how many. What fails to be written is counted again with the next time."""
        came, self._came = self._came, Counter()
        if not came:
            return 0
        keys = sorted(came)
        try:
            await connection.execute(
                _COUNT, [queue for queue, _ in keys], [zone for _, zone in keys], [came[key] for key in keys]
            )
        except BaseException:
            self._came.update(came)
            raise
        return came.total()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush_quietly()

    async def _flush_quietly(self) -> None:
        if not self._came:
            return
        try:
            async with self._db.connection() as connection:
                await self.flush(connection)
        except Exception as error:  # noqa: BLE001 - a chore survives everything; the next second tries again
            if not isinstance(error, RaabtaError):
                log.warning("arrivals were not counted: %s", type(error).__qualname__)
