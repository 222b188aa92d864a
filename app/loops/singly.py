"""A chore that deals with rows one at a time, each in a transaction of its own.

Decides that one that cannot be dealt with is put off, so that it holds up nobody behind it. What is done, the action decides.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.db import Connection, now
from app.errors import Unavailable
from app.loops.batches import BATCH
from app.loops.chore import Chore, fault

log = logging.getLogger(__name__)


class Singly(Chore):
    """Subclasses say which rows, what is done with one, and how one is put off."""

    batch: ClassVar[int] = BATCH

    async def wanted(self, connection: Connection) -> Sequence[UUID]:
        """About `self.batch` rows that are due."""
        raise NotImplementedError

    async def one(self, session: AsyncSession, row: UUID, *, now: datetime) -> str | None:
        """Deal with one; returns what moved, for the measures. None: somebody else has it, or had."""
        raise NotImplementedError

    async def put_off(self, connection: Connection, row: UUID) -> None:
        """Look at it again later."""
        raise NotImplementedError

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            rows = await self.wanted(connection)
        for row in rows:
            await self._deal_with(row)
        return len(rows) >= self.batch

    async def _deal_with(self, row: UUID) -> None:
        try:
            async with self.db.session() as session:
                moved = await self.one(session, row, now=await now(session))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, the others come next)
            log.error("%s: %s is put off: %s", self.name, row, fault(error))
            async with self.db.transaction() as connection:
                await self.put_off(connection, row)
        else:
            if moved is not None:
                self.measures.moved.labels(moved).inc()
