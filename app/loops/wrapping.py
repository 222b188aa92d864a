"""Completes what has been wrapped up for as long as its queue allows. Decides how often it looks."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from app.actions.representatives.wrap_up import wrap_up
from app.db import Connection
from app.loops.batches import Batches


class Wrapping(Batches):
    """Ends wrap-up on time: until then its representative gets nothing new."""

    name = "wrapping"
    pause_seconds: ClassVar[float] = 0.25

    @override
    async def work(self, connection: Connection) -> int:
        moved = await wrap_up(connection, limit=self.batch)
        self.measures.moved.labels("completed").inc(moved)
        return moved
