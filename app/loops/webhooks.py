"""Tells other systems what happened: lays every event out for them, and sends what is laid out.

Decides how many are tried at once: of each receiver a few, so that a dead one slows nobody but itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import override

from app.actions.outward.reachable import Network
from app.actions.outward.webhook_deliveries import AT_ONCE, Claimed, claim, conclude, receivers
from app.actions.outward.webhooks import lay_out, signatures
from app.errors import Unavailable
from app.loops.chore import Chore, fault
from app.loops.following import Following
from app.loops.posting import post
from app.queries.following import Followed

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 64
DRAIN_SECONDS: Final = 3.0


class Announcing(Following):
    """Lays events out for whoever follows us. Exactly once each, whatever dies in between."""

    name = "webhooks"

    @override
    async def apply(self, session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
        await lay_out(session, events, now=now)


class Webhooks(Chore):
    """Sends. `allowed`: networks that may be reached although they are not public."""

    name = "sending to other systems"
    hears_bell: ClassVar[bool] = True
    least_seconds: ClassVar[float] = 0.1

    def __init__(self, *given: Any, allowed: Sequence[Network] = (), **named: Any) -> None:
        super().__init__(*given, **named)
        self._allowed = tuple(allowed)
        self._trying: dict[asyncio.Task[None], UUID] = {}

    @override
    async def run(self) -> None:
        """For ever; when cancelled, what is being sent gets a moment to end."""
        try:
            await super().run()
        except asyncio.CancelledError:
            if self._trying:
                _, late = await asyncio.wait(self._trying, timeout=DRAIN_SECONDS)
                for task in late:
                    task.cancel()
            raise

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            claimed = await claim(connection, self._free(await receivers(connection)))
        for each in claimed:
            task = asyncio.create_task(self._try(each))
            self._trying[task] = each.endpoint_id
            task.add_done_callback(self._tried)
        return False

    async def idle(self) -> None:
        """Until nothing is being sent."""
        while self._trying:
            await asyncio.wait(list(self._trying))

    def _free(self, known: Sequence[UUID]) -> list[tuple[UUID, int]]:
        """How many more of each receiver may be tried now; fewest at it first, so that all have a turn."""
        busy, left = Counter(self._trying.values()), MOST_AT_ONCE - len(self._trying)
        free = []
        for endpoint in sorted(known, key=lambda each: (busy[each], each)):
            number = min(AT_ONCE - busy[endpoint], left)
            if number > 0:
                free.append((endpoint, number))
                left -= number
        return free

    def _tried(self, task: asyncio.Task[None]) -> None:
        del self._trying[task]
        self._hurry.set()  # a place is free
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: a result was not written down: %s", self.name, fault(error))

    async def _try(self, claimed: Claimed) -> None:
        headers = {
            "content-type": "application/json",
            "user-agent": "raabta",
            "webhook-id": str(claimed.id),
            "webhook-timestamp": str(claimed.at),
            "webhook-signature": signatures(
                claimed.secrets, message_id=str(claimed.id), timestamp=claimed.at, body=claimed.payload
            ),
        }
        answer = await post(claimed.url, claimed.payload.encode(), headers=headers, allowed=self._allowed)
        try:
            async with self.db.transaction() as connection:
                state = await conclude(connection, claimed, answer)
        except Unavailable:
            return  # the claim lapses, and it is sent again under the same id
        if state == "failed":
            log.warning("%s: %s is given up: %s", self.name, claimed.id, answer.reason)
