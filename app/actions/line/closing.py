"""A queue is closed by hand for a while, whatever its hours say, and opened again; the log tells by whom.

Decides nothing about those who wait: they keep waiting. Who comes meanwhile is told by the door within a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import NO_KEY_UPDATE, advance
from app.errors import Invalid, NotFound
from app.security import Actor
from app.tables import EventRow, Queue

LONGEST: Final = timedelta(days=366)
"""Whoever is closed for longer says so in the opening hours."""


async def close(
    session: AsyncSession, code: str, *, until: datetime, message: str | None, actor: Actor, now: datetime
) -> Queue:
    """Nobody is let in until then; again: the new end and the new words, and the same said twice is said once.

    Raises `NotFound`, `Invalid` for a wrong `until`.
    """
    queue = await _locked(session, code)
    if until <= now:
        raise Invalid("`until` is over already.", code="in_the_past")
    if until - now > LONGEST:
        raise Invalid(f"`until` is more than {LONGEST.days} days ahead.", code="too_far")
    if (queue.closed_until, queue.closed_message) != (until, message or None):
        await _tell(session, queue, "closed", actor=actor, now=now, until=until)
        queue.closed_until, queue.closed_message = until, message or None
        await session.flush()
    return queue


async def reopen(session: AsyncSession, code: str, *, actor: Actor, now: datetime) -> Queue:
    """Open again as the hours say; one that is not closed stays as it is. Raises `NotFound`."""
    queue = await _locked(session, code)
    if queue.closed_until is not None:
        await _opened(session, queue, actor=actor, now=now)
    return queue


async def reopen_removed(session: AsyncSession, codes: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """Queues that the rules no longer have are not closed any more either: should they come back, they come back open."""
    chosen = select(Queue).where(col(Queue.code).in_(codes)).order_by(col(Queue.code)).with_for_update()
    for queue in (await session.exec(chosen.execution_options(populate_existing=True))).all() if codes else ():
        if queue.closed_until is not None:
            await _opened(session, queue, actor=actor, now=now)


async def _opened(session: AsyncSession, queue: Queue, *, actor: Actor, now: datetime) -> None:
    await _tell(session, queue, "opened", actor=actor, now=now)
    queue.closed_until = queue.closed_message = None
    await session.flush()


async def _tell(
    session: AsyncSession, queue: Queue, event: str, *, actor: Actor, now: datetime, until: datetime | None = None
) -> None:
    """The next event of a queue's story. The log alone counts it: the row may be removed and come back."""
    story = select(EventRow.version, EventRow.at).where(EventRow.subject == "queue", EventRow.subject_id == queue.code)
    last = (await session.exec(story.order_by(col(EventRow.version).desc()).limit(1))).first()
    told, at = last or (0, now)
    data = {} if until is None else {"until": until.isoformat()}  # no words: the log is for ever
    advance(session, queue, event, now=max(now, at), actor=actor, data=data, told=told)


async def _locked(session: AsyncSession, code: str) -> Queue:
    queue = await session.get(Queue, code, with_for_update=NO_KEY_UPDATE, populate_existing=True)
    if queue is None:
        raise NotFound(f"There is no queue {code}.", code="unknown_queue")
    return queue
