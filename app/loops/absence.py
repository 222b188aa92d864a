"""Takes back what absent representatives hold, and notices who was not heard of for too long.

Decides when silence counts as absence: only where somebody could have been heard. What the absent let go of, the action
decides.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import ClassVar, Final

from typing_extensions import override

from app import db
from app.actions.representatives.let_go import let_go
from app.actions.representatives.presence import set_presence
from app.db import Connection, Database
from app.loops.batches import Batches
from app.loops.chore import Chore
from app.loops.measures import Measures
from app.security import SYSTEM
from app.tables import Representative

log = logging.getLogger(__name__)

SILENT_SECONDS: Final = 45
"""Who sent a sign of life once and none for this long is gone: three lost beats of the usual fifteen seconds."""

DEAF_SECONDS: Final = 5
"""So long without a turn, on the database's clock: it or we were away, or the clock jumped, and signs of life were lost."""

# Whose last sign lies ahead gave it before the clock was set back, and none in all the time that we have listened since.
_SILENT = """
SELECT code FROM representative
WHERE presence <> 'offline'
  AND (heartbeat_at < (SELECT wall_clock()) - make_interval(secs => $1)
       OR heartbeat_at > (SELECT wall_clock()) + make_interval(secs => $3))
ORDER BY code LIMIT $2
"""
_AT_ONCE = 100


class HandBack(Batches):
    """What was offered to, or is left with, somebody who is not there goes back to the line."""

    name = "hand-back"

    @override
    async def work(self, connection: Connection) -> int:
        moved = await let_go(connection, limit=self.batch)
        self.measures.moved.labels("handed_back").inc(moved)
        return moved


class Silence(Chore):
    """Sets offline who was not heard of for `SILENT_SECONDS`, all of which we listened."""

    name = "silence"
    pause_seconds: ClassVar[float] = 1.0

    def __init__(self, db: Database, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self._since: datetime | None = None
        self._turned_at: datetime | None = None

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            if not self._has_listened(await connection.fetchval("SELECT wall_clock()")):
                return False
            silent = [row["code"] for row in await connection.fetch(_SILENT, SILENT_SECONDS, _AT_ONCE, DEAF_SECONDS)]
        for code in silent:
            await self._set_offline(code)
        return len(silent) == _AT_ONCE

    def _has_listened(self, now: datetime) -> bool:
        turned_at, self._turned_at = self._turned_at, now
        if self._since is None or turned_at is None or abs((now - turned_at).total_seconds()) > DEAF_SECONDS:
            self._since = now
        return (now - self._since).total_seconds() >= SILENT_SECONDS

    async def _set_offline(self, code: str) -> None:
        async with self.db.session() as session:
            now = await db.now(session)
            # Not locked: who is heard of at this very moment comes back with the next sign they give.
            representative = await session.get_one(Representative, code)
            heard = representative.heartbeat_at
            if heard is None or -DEAF_SECONDS <= (now - heard).total_seconds() < SILENT_SECONDS:
                return
            await set_presence(session, code, status="offline", reason="silent", actor=SYSTEM, now=now)
        self.measures.absent.labels("silent").inc()
        log.info("representative %s was not heard of and is offline", code)
