"""Follows what happens to cases and their contacts, and does what it calls for. What that is, `app.actions.tending` decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.tending import tend
from app.loops.following import Following
from app.queries.following import Followed


class Tending(Following):
    """One process at a time tends; the others find the place locked and look again."""

    name = "tending"

    @override
    async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
        await tend(session, events, now=now)
