"""A queue is closed by hand for a while, whatever its hours say, and opened again.

Decides nothing about those who wait: they keep waiting. Who comes meanwhile is told by the door within a second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import NO_KEY_UPDATE
from app.errors import Invalid, NotFound
from app.tables import Queue

LONGEST: Final = timedelta(days=366)
"""Whoever is closed for longer says so in the opening hours."""


async def close(session: AsyncSession, code: str, *, until: datetime, message: str | None, now: datetime) -> Queue:
    """Nobody is let in until then; again: the new end and the new words. Raises `NotFound`, `Invalid` for a wrong `until`."""
    queue = await _locked(session, code)
    if until <= now:
        raise Invalid("`until` is over already.", code="in_the_past")
    if until - now > LONGEST:
        raise Invalid(f"`until` is more than {LONGEST.days} days ahead.", code="too_far")
    queue.closed_until, queue.closed_message = until, message or None
    session.add(queue)
    await session.flush()
    return queue


async def reopen(session: AsyncSession, code: str) -> Queue:
    """Open again as the hours say; one that is not closed stays as it is. Raises `NotFound`."""
    queue = await _locked(session, code)
    queue.closed_until = queue.closed_message = None
    session.add(queue)
    await session.flush()
    return queue


async def _locked(session: AsyncSession, code: str) -> Queue:
    queue = await session.get(Queue, code, with_for_update=NO_KEY_UPDATE, populate_existing=True)
    if queue is None:
        raise NotFound(f"There is no queue {code}.", code="unknown_queue")
    return queue
