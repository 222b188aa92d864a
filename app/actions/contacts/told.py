"""What customers were told on entry, so that the estimates can be held against what came.

Decides how many are kept: a sample of each second, for the share that was kept is the same in it. Never in the contact's
own transaction: a crash may lose a second of samples, and nothing else.
"""

from __future__ import annotations

import random
import time
from typing import Final
from uuid import UUID

from app.db import Connection
from channels.base import Wait

SAMPLES_AT_MOST: Final = 50
"""Rows a flush, which is once a second."""

_KEEP = """
INSERT INTO told_wait (interaction_id, queue, told_at, low_at, high_at)
SELECT told.id, told.queue, moment.at, moment.at + make_interval(secs => told.low), moment.at + make_interval(secs => told.high)
FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[], $5::float8[]) AS told (id, queue, low, high, age)
CROSS JOIN LATERAL (SELECT wall_clock() - make_interval(secs => told.age) AS at) AS moment
ON CONFLICT (interaction_id) DO NOTHING
"""


class Told:
    """Those who were told a wait since the last flush: all of them while they are few, else an even sample."""

    def __init__(self) -> None:
        self._samples: list[tuple[UUID, str, Wait, float]] = []
        self._seen = 0

    def note(self, interaction_id: UUID, queue: str, wait: Wait | None) -> None:
        """Remember what was told. Who found somebody free was told no wait, and nothing is learnt of them."""
        if wait is None or wait.high_seconds == 0:
            return
        self._seen += 1
        sample = (interaction_id, queue, wait, time.monotonic())
        if len(self._samples) < SAMPLES_AT_MOST:
            self._samples.append(sample)
            return
        place = random.randrange(self._seen)  # noqa: S311  (a sample, no secret)
        if place < SAMPLES_AT_MOST:
            self._samples[place] = sample

    async def flush(self, connection: Connection) -> int:
        """Write them all in one statement; returns how many. What fails to be written is lost."""
        samples, self._samples, self._seen = self._samples, [], 0
        if samples:
            now = time.monotonic()
            await connection.execute(
                _KEEP,
                [each[0] for each in samples],
                [each[1] for each in samples],
                [float(each[2].low_seconds) for each in samples],
                [float(each[2].high_seconds) for each in samples],
                [now - each[3] for each in samples],
            )
        return len(samples)
