"""Writes what every queue's waiting is made of, so that whoever asks for a wait reads one row.

Decides how often: once a second while something changes, and only where this process dispatches. What has been seen of
the queues is looked up again only after somebody's work has ended: time alone must never make a wait longer. The
estimate itself is the router's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

import orjson
from typing_extensions import override

from app.db import Connection, Database
from app.loops.chore import Chore
from app.loops.lease import Lease
from app.loops.measures import Measures
from app.queries.line.lines import Estimated, estimated
from app.queries.line.servers import NOTHING_SEEN, Seen, Stand, seen, stand

MEASURE_SECONDS: Final = 10.0

_WRITE = """
INSERT INTO queue_estimate AS known (queue, servers, free, mean_handle_seconds, line, changed_at, at)
SELECT t.queue, t.servers, t.free, t.seconds, t.line::jsonb, t.changed_at, wall_clock()
FROM unnest($1::text[], $2::int[], $3::int[], $4::float8[], $5::text[], $6::timestamptz[])
    AS t (queue, servers, free, seconds, line, changed_at)
ON CONFLICT (queue) DO UPDATE
SET servers = excluded.servers, free = excluded.free, mean_handle_seconds = excluded.mean_handle_seconds,
    line = excluded.line, changed_at = excluded.changed_at, at = excluded.at
WHERE (known.servers, known.free, known.mean_handle_seconds, known.line, known.changed_at)
      IS DISTINCT FROM (excluded.servers, excluded.free, excluded.mean_handle_seconds, excluded.line, excluded.changed_at)
"""


class Estimates(Chore):
    """One process at a time keeps them: the one that holds the dispatcher's lease."""

    name = "estimates"
    pause_seconds: ClassVar[float] = 1.0

    def __init__(self, db: Database, lease: Lease, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self._lease = lease
        self._seen: Seen = NOTHING_SEEN
        self._looked_at = -MEASURE_SECONDS
        self._as_of: datetime | None = None
        self._last: Stand | None = None

    @override
    async def turn(self) -> bool:
        if self._lease.held:
            async with self.db.connection() as connection:
                now = await stand(connection)
                looked = await self._look(connection, now)
                if looked or now != self._last:
                    await self._write(connection, estimated(now, self._seen))
                    self._last = now
        else:
            self._last = None
        return False

    async def _look(self, connection: Connection, now: Stand) -> bool:
        """What has been seen, looked up anew if work has ended since, and not too often; whether it was."""
        as_of = max((each.changed_at for each in now.alike), default=None)
        if self._last is not None and (as_of == self._as_of or time.monotonic() - self._looked_at < MEASURE_SECONDS):
            return False
        self._seen = await seen(connection)
        self._looked_at, self._as_of = time.monotonic(), as_of
        return True

    async def _write(self, connection: Connection, rows: Sequence[Estimated]) -> None:
        await connection.execute(
            _WRITE,
            [row.queue for row in rows],
            [row.servers for row in rows],
            [row.free for row in rows],
            [row.handle_seconds for row in rows],
            [orjson.dumps(row.line).decode() for row in rows],
            [row.changed_at for row in rows],
        )
