"""All chores of one process, started, kept alive and ended together.

Decides which chores there are. Each of them survives a lost database and its own faults; none ends because another did.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from prometheus_client import CollectorRegistry

from app.actions.outward.reachable import Network
from app.db import Database
from app.intake import Intake
from app.loops.absence import HandBack, Silence
from app.loops.bars import Bars
from app.loops.chore import Chore, supervised
from app.loops.dispatcher import Dispatcher
from app.loops.epoch import EpochWatch
from app.loops.erasing import Erasing, Retention
from app.loops.estimates import Estimates
from app.loops.expiry import Expiry
from app.loops.janitor import Janitor
from app.loops.measures import Measures
from app.loops.outbox import Outbox
from app.loops.polls import Poll, has_polls
from app.loops.recomputing import Recomputing
from app.loops.resting import Resting
from app.loops.spreading import Spreading
from app.loops.stepping import Exhaustion, Stepping
from app.loops.surges import Surges
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.loops.waking import Waking
from app.loops.webhooks import Announcing, Webhooks
from app.loops.wrapping import Wrapping
from channels.base import Channel

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 5.0
"""Longest wait for the chores to end; a query to a server that is gone may never end at all."""


class Loops:
    """`async with Loops(db, channels=…, intake=…)`: the chores run for as long as the block lasts.

    `db` and the channels are open already and are closed by whoever opened them. `registry` is where metrics are told; `reachable`: networks of our own that webhooks
    may reach; `ledger`: the file of those who asked to be forgotten.
    """

    def __init__(
        self,
        db: Database,
        *,
        channels: Mapping[str, Channel],
        intake: Intake,
        registry: CollectorRegistry | None = None,
        reachable: Sequence[Network] = (),
        ledger: Path | None = None,
    ) -> None:
        measures = Measures(registry)
        self.dispatcher = Dispatcher(db, measures=measures)
        self.chores: tuple[Chore, ...] = (
            self.dispatcher,
            Estimates(db, self.dispatcher.lease, measures=measures),
            *(
                kind(db, measures=measures)
                for kind in (
                    Expiry,
                    Wrapping,
                    Waking,
                    Stepping,
                    Exhaustion,
                    Bars,
                    Resting,
                    HandBack,
                    Silence,
                    EpochWatch,
                    Janitor,
                    Tending,
                    Announcing,
                    Retention,
                    Timers,
                    Recomputing,
                    Spreading,
                    Surges,
                )
            ),
            Erasing(db, ledger=ledger, measures=measures),
            Webhooks(db, allowed=reachable, measures=measures),
            *_edges(db, channels, intake, measures),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(supervised(chore), name=chore.name) for chore in self.chores]
        return self

    async def __aexit__(self, *error: object) -> None:
        """End them all; a transaction that is open is rolled back, a delivery under way gets a moment to end."""
        for task in self._tasks:
            task.cancel()
        _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in late:
            log.warning("%s did not end in time and is left behind", task.get_name())


def _edges(db: Database, channels: Mapping[str, Channel], intake: Intake, measures: Measures) -> Iterator[Chore]:
    for channel in channels.values():
        yield Outbox(db, channel, measures=measures)
        if has_polls(channel):
            yield Poll(db, channel, intake, measures=measures)
