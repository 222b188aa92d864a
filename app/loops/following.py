"""A chore that follows the event feed and does something about each event exactly once.

Decides that the place in the feed moves in the transaction of what was done, so that a kill or a second process repeats
nothing and skips nothing. A batch that fails is halved until the one event is found that fails by itself; failing again and
again it is told to the log, counted and passed, so that it holds up nobody behind it. Whoever only had to wait for a lock has
not failed. What is done, the subclass says.
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
from app.loops.busy import is_busy
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
        self._suspects = 0
        """So many events from our place on hold one that fails; 0: none is known."""
        self._failed = 0
        self._tried = 0
        """How many events the last step had in hand."""
        self._passed = self.measures.passed.labels(
            self.name
        )  # told as 0 from the start: whoever watches it sees it rise

    async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
        """Do what these events call for, inside this transaction."""
        raise NotImplementedError

    @override
    async def turn(self) -> bool:
        passing = self._limit == 1 and self._failed >= TRIES
        try:
            done = await self._step(passing=passing)
        except Unavailable:
            raise
        except Exception as error:
            if is_busy(error):  # nothing is wrong with it: somebody else was there first
                log.warning("%s: %s", self.name, fault(error))
                return False
            if self._tried <= 1:
                self._limit, self._failed = 1, self._failed + 1
                raise
            log.warning("%s: one of %s events fails: %s", self.name, self._tried, fault(error))
            self._suspects, self._limit = self._tried, self._tried // 2
            return True
        if passing:
            self._passed.inc(done)  # the place is committed
        more = done >= self._limit
        self._suspects = max(0, self._suspects - done)
        self._limit, self._failed = max(1, self._suspects // 2) if self._suspects > 0 else self.batch, 0
        return more

    async def _step(self, *, passing: bool) -> int:
        """How many events were done; the place stands behind them."""
        if not await self._anything():
            return 0
        async with self.db.session() as session:
            follower = await self._claimed(session)
            if follower is None:
                return 0
            place = Place(epoch=follower.epoch, xid=follower.xid, seq=follower.seq)
            events = await following(await raw(session), place, limit=self._limit)
            self._tried = len(events)
            if not events:
                return 0
            if passing:
                log.error("%s: event %s is passed, it failed %s times", self.name, events[0].place, TRIES)
            else:
                await self.apply(session, events, now=await now(session))
            last = events[-1].place
            follower.epoch, follower.xid, follower.seq = last.epoch, last.xid, last.seq
            session.add(follower)
        return len(events)

    async def _anything(self) -> bool:
        """Whether there is anything to do: looked at without a transaction, since each that commits wakes everybody."""
        async with self.db.connection() as connection:
            row = await connection.fetchrow("SELECT epoch, xid, seq FROM follower WHERE name = $1", self.name)
            place = Place(epoch=row["epoch"], xid=row["xid"], seq=row["seq"]) if row is not None else START
            return bool(await following(connection, place, limit=1))

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
