"""Ends the offers that nobody answered, and sets away who answers none of them.

Decides how often it looks. Which offers are over, the database's clock decides.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from typing_extensions import override

from app import db
from app.actions.offers.expire import expire
from app.actions.representatives.presence import set_presence
from app.loops.batches import BATCH
from app.loops.chore import Chore
from app.security import SYSTEM

log = logging.getLogger(__name__)


class Expiry(Chore):
    """Looks four times a second: an offer lives at most that much longer than it should."""

    name = "expiry"
    pause_seconds: ClassVar[float] = 0.25

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection, connection.transaction():
            expired = await expire(connection, limit=BATCH)
        if expired.offers:
            self.db.bell.ring()
            self.measures.moved.labels("expired").inc(expired.offers)
        for code in expired.absent:
            await self._set_away(code)
        return expired.offers >= BATCH

    async def _set_away(self, code: str) -> None:
        """In a transaction of its own: should it fail, the next missed offer brings it about."""
        async with self.db.session() as session:
            await set_presence(
                session, code, status="away", reason="missed_offers", actor=SYSTEM, now=await db.now(session)
            )
        self.measures.absent.labels("missed_offers").inc()
        log.info("representative %s missed too many offers and is away", code)
