"""Wakes the parked and lets the scheduled join the line when their time has come. Decides how often it looks."""

from __future__ import annotations

from typing_extensions import override

from app.actions.rouse import rouse
from app.db import Connection
from app.loops.batches import Batches


class Waking(Batches):
    """Dates are given to the minute; half a second late is on time."""

    name = "waking"

    @override
    async def work(self, connection: Connection) -> int:
        moved = await rouse(connection, limit=self.batch)
        self.measures.moved.labels("woken").inc(moved)
        return moved
