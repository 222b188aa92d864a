"""A chore that moves rows in batches, one transaction each.

Decides when a batch is committed and that the bell rings only if something moved. What moves, the action decides.
"""

from __future__ import annotations

from typing import ClassVar, Final

from typing_extensions import override

from app.db import Connection
from app.loops.chore import Chore

BATCH: Final = 500


class Batches(Chore):
    """Subclasses say `work`."""

    batch: ClassVar[int] = BATCH

    async def work(self, connection: Connection) -> int:
        """Move at most `self.batch` rows inside this transaction; returns how many."""
        raise NotImplementedError

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection, connection.transaction():
            moved = await self.work(connection)
        if moved:
            self.db.bell.ring()
        return moved >= self.batch
