"""A chore that follows the event feed and does something about each event exactly once.

Decides that the place in the feed moves in the transaction of what was done, so that a kill or a second process repeats
nothing and skips nothing. A batch that fails is halved; one event that fails by itself again and again is told to the log and
passed, so that it holds up nobody behind it. What is done, the subclass says.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.db import now
from app.errors import Unavailable
from app.loops.chore import Chore, fault
from app.queries.feed import START, Place
from app.queries.following import Followed, following
from app.queries.rules import raw
from app.tables import Follower

log = logging.getLogger(__name__)

TRIES: Final = 5
"""Then an event that fails by itself is passed."""


class Following(Chore):
    """Subclasses say `apply`. `name` is the follower's row: it must never change."""

    hears_bell: ClassVar[bool] = True
    least_seconds: ClassVar[float] = 0.05
    batch: ClassVar[int] = 200

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limit = self.batch
        self._failed = 0

    async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
        """Do what these events call for, inside this transaction."""
        raise NotImplementedError

    @override
    async def turn(self) -> bool:
        try:
            moved = await self._step(passing=self._limit == 1 and self._failed >= TRIES)
        except Unavailable:
            raise
        except Exception as error:
            self._failed = self._failed + 1 if self._limit == 1 else 0
            self._limit = max(1, self._limit // 2)
            log.error("%s: %s events at once failed: %s", self.name, self._limit, fault(error))
            raise
        self._limit, self._failed = min(self.batch, self._limit * 2), 0
        return moved

    async def _step(self, *, passing: bool) -> bool:
        async with self.db.session() as session:
            follower = await self._claimed(session)
            if follower is None:
                return False
            place = Place(epoch=follower.epoch, xid=follower.xid, seq=follower.seq)
            events = await following(await raw(session), place, limit=self._limit)
            if not events:
                return False
            if passing:
                log.error("%s: event %s is passed, it failed %s times", self.name, events[0].place, TRIES)
            else:
                await self.apply(session, events, now=await now(session))
            last = events[-1].place
            follower.epoch, follower.xid, follower.seq = last.epoch, last.xid, last.seq
            session.add(follower)
        self.db.bell.ring()
        return len(events) >= self._limit

    async def _claimed(self, session: AsyncSession) -> Follower | None:
        """Where it stands, locked; None: another process is at it."""
        start = {"name": self.name, "epoch": START.epoch, "xid": START.xid, "seq": START.seq}
        found = select(Follower).where(Follower.name == self.name).with_for_update(skip_locked=True)
        row = (await session.exec(found)).one_or_none()
        if row is not None:
            return row
        made: Any = insert(Follower).values(**start).on_conflict_do_nothing().returning(col(Follower.name))
        if (await session.exec(made)).first() is None:
            return None
        return (await session.exec(found)).one_or_none()
