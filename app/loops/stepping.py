"""Keeps the record of steps, and does what the rules say for those whom no step has helped. Decides how often it looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.line.step import exhaust, exhausted, put_off, step
from app.db import Connection
from app.loops.batches import Batches
from app.loops.singly import Singly


class Stepping(Batches):
    """Looks twice a second; the floor itself follows the deadlines to the instant."""

    name = "stepping"

    @override
    async def work(self, connection: Connection) -> int:
        moved = await step(connection, limit=self.batch)
        self.measures.moved.labels("stepped").inc(moved)
        return moved


class Exhaustion(Singly):
    """Overflow, callback or supervisor: for each in a transaction of its own."""

    name = "exhaustion"

    @override
    async def wanted(self, connection: Connection) -> Sequence[UUID]:
        return await exhausted(connection, limit=self.batch)

    @override
    async def one(self, session: AsyncSession, row: UUID, *, now: datetime) -> str | None:
        return await exhaust(session, row, now=now)

    @override
    async def put_off(self, connection: Connection, row: UUID) -> None:
        await put_off(connection, row)
