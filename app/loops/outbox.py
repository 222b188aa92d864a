"""Delivers a channel's commands: claims what is due, tries it outside any transaction, writes down what came of it.

Decides how many are tried at once. One chore per channel, so that a slow one holds up nobody else. What a failure means,
the action decides by the kind's policy.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import ClassVar, Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from app.actions.contacts.signals import undelivered
from app.actions.outward.deliver import CLAIM_SECONDS, Claimed, Verdict, claim, conclude, judge, lapse
from app.db import Connection, Database, now
from app.errors import Unavailable as DatabaseAway
from app.loops.chore import Chore, fault
from app.loops.measures import Measures
from channels.base import Channel, Command, Refused, Unavailable

log = logging.getLogger(__name__)

AT_ONCE: Final = 8
DELIVER_SECONDS: Final = 30.0
"""After this long nobody knows whether it arrived; well below the claim, so that the result is still ours to write."""
DRAIN_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 0.25
LAPSE_SECONDS: Final = 0.25
LAPSED_AT_ONCE: Final = 100


class Outbox(Chore):
    """The outbox of one channel."""

    hears_bell: ClassVar[bool] = True
    least_seconds: ClassVar[float] = 0.05  # every commit of the service rings the same bell

    def __init__(self, db: Database, channel: Channel, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self.name = f"outbox of {channel.info.name}"
        self._channel = channel
        self._trying: set[asyncio.Task[None]] = set()
        self._lapsed_at = 0.0

    @override
    async def run(self) -> None:
        """For ever; when cancelled, what is being delivered gets a moment to end. An error ends no delivery."""
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
        free = AT_ONCE - len(self._trying)
        async with self.db.connection() as connection:
            await self._lapse(connection)
            claimed = await claim(connection, self._channel.info.name, limit=free) if free else []
        for each in claimed:
            task = asyncio.create_task(self._try(each))
            self._trying.add(task)
            task.add_done_callback(self._tried)
        return False

    async def _lapse(self, connection: Connection) -> None:
        if time.monotonic() - self._lapsed_at < LAPSE_SECONDS:
            return
        name = self._channel.info.name
        for kind, state in await lapse(connection, name, repeatable=self._repeatable, limit=LAPSED_AT_ONCE):
            self._count(kind, state)
            log.warning("%s: a claim lapsed, a %s is %s", self.name, kind, state)
        self._lapsed_at = time.monotonic()

    @property
    def _repeatable(self) -> frozenset[str]:
        return self._channel.info.repeatable

    def _tried(self, task: asyncio.Task[None]) -> None:
        self._trying.discard(task)
        self._hurry.set()  # a place is free
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: a result was not written down: %s", self.name, fault(error))

    async def _try(self, claimed: Claimed) -> None:
        verdict = await self._deliver(claimed)
        self._count(claimed.command.kind, verdict.state)
        if verdict.state in ("failed", "unknown"):
            log.warning("%s: command %s is %s: %s", self.name, claimed.id, verdict.state, verdict.reason)
        end = time.monotonic() + CLAIM_SECONDS
        while True:
            try:
                if verdict.state == "failed":
                    await self._give_back(claimed.command)
                async with self.db.transaction() as connection:
                    await conclude(connection, claimed, verdict)
                return
            except DatabaseAway:
                pass
            except (DBAPIError, asyncpg.PostgresError):  # somebody works on the same rows
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    async def _give_back(self, command: Command) -> None:
        """Before the failure is written down: whoever dies in between leaves a claim that lapses, and not a caller alone."""
        async with self.db.session() as session:
            await undelivered(session, command.interaction_id, key=command.key, now=await now(session))

    async def _deliver(self, claimed: Claimed) -> Verdict:
        try:
            async with asyncio.timeout(DELIVER_SECONDS):
                await self._channel.deliver(claimed.command)
        except (Refused, Unavailable) as error:
            return judge(error, claimed, repeatable=self._repeatable)
        except TimeoutError:
            return judge(Unavailable("no answer in time", unknown=True), claimed, repeatable=self._repeatable)
        except Exception as error:  # noqa: BLE001  (a fault of ours: nobody knows how far it came)
            log.error("%s: delivering a %s failed: %s", self.name, claimed.command.kind, fault(error))
            return judge(Unavailable("a fault of ours", unknown=True), claimed, repeatable=self._repeatable)
        return Verdict(state="sent")

    def _count(self, kind: str, state: str) -> None:
        self.measures.commands.labels(self._channel.info.name, kind, state).inc()
