"""Forgets customers who asked for it, and words whose time is over.

Decides how often it looks, and that each wish that was done is also written to a file beside the database: whoever restores
an older backup has the wishes that came after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.customers.erase import erase
from app.actions.customers.erased_ledger import append
from app.actions.customers.retain import AT_ONCE, retain
from app.db import Connection, now
from app.loops.chore import Chore
from app.loops.singly import Singly

AGAIN_SECONDS: Final = 5
_WANTED: Final = "SELECT customer_id FROM erasure WHERE done_at IS NULL ORDER BY asked_at LIMIT $1"


class Erasing(Singly):
    """A wish is done within seconds; one whose contact is being served, when that is over."""

    name = "erasing"
    hears_bell: ClassVar[bool] = False
    pause_seconds: ClassVar[float] = AGAIN_SECONDS
    batch: ClassVar[int] = 1_000

    def __init__(self, *given: Any, ledger: Path | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._ledger = ledger

    @override
    async def wanted(self, connection: Connection) -> Sequence[UUID]:
        return [row["customer_id"] for row in await connection.fetch(_WANTED, self.batch)]

    @override
    async def one(self, session: AsyncSession, row: UUID, *, now: datetime) -> str | None:
        if self._ledger is not None:
            # Before it is committed: a wish in the file that was not done is done again, one that is not in it is lost.
            await asyncio.to_thread(append, self._ledger, row, now)
        return "erased" if await erase(session, row, now=now) else None

    @override
    async def put_off(self, connection: Connection, row: UUID) -> None:
        """It stays first: nothing is more pressing, and the others of this turn came all the same."""


class Retention(Chore):
    """Words go in small portions, so that nobody waits for it."""

    name = "retention"
    pause_seconds: ClassVar[float] = 60.0

    @override
    async def turn(self) -> bool:
        async with self.db.session() as session:
            return await retain(session, now=await now(session)) >= AT_ONCE
