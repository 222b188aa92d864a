"""Writes what every queue's waiting is made of, so that whoever asks for a wait reads one row.

Decides how often: once a second while something changes, and only where this process dispatches. The estimate itself is
the router's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from typing_extensions import override

from app.db import Connection, Database
from app.loops.chore import Chore
from app.loops.lease import Lease
from app.loops.measures import Measures
from app.queries.servers import Servers, handled, servers

MEASURE_SECONDS: Final = 10.0

_WRITE = """
INSERT INTO queue_estimate AS known (queue, servers, free, mean_handle_seconds, at)
SELECT t.*, wall_clock() FROM unnest($1::text[], $2::int[], $3::int[], $4::float8[]) AS t
ON CONFLICT (queue) DO UPDATE
SET servers = excluded.servers, free = excluded.free, mean_handle_seconds = excluded.mean_handle_seconds, at = excluded.at
WHERE (known.servers, known.free, known.mean_handle_seconds)
      IS DISTINCT FROM (excluded.servers, excluded.free, excluded.mean_handle_seconds)
"""


class Estimates(Chore):
    """One process at a time keeps them: the one that holds the dispatcher's lease."""

    name = "estimates"
    pause_seconds: ClassVar[float] = 1.0

    def __init__(self, db: Database, lease: Lease, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self._lease = lease
        self._handled: Mapping[str, float] = {}
        self._measured_at = -MEASURE_SECONDS

    @override
    async def turn(self) -> bool:
        if self._lease.held:
            async with self.db.connection() as connection:
                await self._measure(connection)
                await self._write(connection, await servers(connection))
        return False

    async def _measure(self, connection: Connection) -> None:
        if time.monotonic() - self._measured_at >= MEASURE_SECONDS:
            self._handled = await handled(connection)
            self._measured_at = time.monotonic()

    async def _write(self, connection: Connection, queues: Sequence[Servers]) -> None:
        await connection.execute(
            _WRITE,
            [each.queue for each in queues],
            [each.servers for each in queues],
            [each.free for each in queues],
            [self._handled.get(each.queue, each.mean_handle_seconds) for each in queues],
        )
