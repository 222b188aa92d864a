"""Removes answers that were kept long enough for repeats. Decides how long that is; removes nothing else."""

from __future__ import annotations

from typing import ClassVar, Final

from typing_extensions import override

from app.loops.chore import Chore

KEPT_HOURS: Final = 48
SLICE: Final = 1_000

_SWEEP = """
DELETE FROM idempotency_key WHERE (owner, key) IN (
    SELECT owner, key FROM idempotency_key WHERE created_at < wall_clock() - make_interval(hours => $1)
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class Janitor(Chore):
    """Once a minute, slice by slice, so that no sweep holds anybody up."""

    name = "janitor"
    pause_seconds: ClassVar[float] = 60.0

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            done = await connection.execute(_SWEEP, KEPT_HOURS, SLICE)
        return int(done.rpartition(" ")[2]) == SLICE
