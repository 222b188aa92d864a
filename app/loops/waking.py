"""Wakes the parked and lets the scheduled join the line when their time has come. Decides how often it looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.line.rouse import put_off, rouse, sleepers
from app.db import Connection
from app.loops.singly import Singly


class Waking(Singly):
    """Dates are given to the minute; half a second late is on time."""

    name = "waking"

    @override
    async def wanted(self, connection: Connection) -> Sequence[UUID]:
        return await sleepers(connection, limit=self.batch)

    @override
    async def one(self, session: AsyncSession, row: UUID, *, now: datetime) -> str | None:
        return "woken" if await rouse(session, row, now=now) else None

    @override
    async def put_off(self, connection: Connection, row: UUID) -> None:
        await put_off(connection, row)
