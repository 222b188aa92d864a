"""Tells those of a bar who came in at the very moment when it was made. Decides how often it looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.representatives.bar import catch_up, unheard
from app.db import Connection
from app.loops.singly import Singly


class Bars(Singly):
    """Once a second; a bar is held against newcomers for a minute and a half."""

    name = "bars"
    pause_seconds: ClassVar[float] = 1.0

    @override
    async def wanted(self, connection: Connection) -> Sequence[UUID]:
        return await unheard(connection, limit=self.batch)

    @override
    async def one(self, session: AsyncSession, row: UUID, *, now: datetime) -> str | None:
        return "barred" if await catch_up(session, row, now=now) else None

    @override
    async def put_off(self, connection: Connection, row: UUID) -> None:
        """Nothing to write: it is looked at again with the next turn, and not for long."""
