"""The dispatcher: the one chore that decides who gets what, wherever it runs.

Decides when to look: at every bell, when the plan said so, and twice a second whatever happens. It is level-triggered:
a lost bell, a lost event or a crash costs latency, never work. Two dispatchers at once do no harm; the lease only spares
them the trouble.
"""

from __future__ import annotations

import asyncio
import logging
import time

import asyncpg
from typing_extensions import override

from app.actions.offers.offer import WRITE
from app.db import PINNED, Database
from app.loops.chore import Chore
from app.loops.lease import Lease
from app.loops.line import line
from app.loops.measures import Measures
from app.loops.term import ClockSetBack, EpochChanged, Term

log = logging.getLogger(__name__)

LEASE = "dispatcher"


class Dispatcher(Chore):
    """Holds the lease or waits for it; while it holds it, plans. `write` is for tests that remove a guard."""

    name = "dispatcher"

    def __init__(
        self, db: Database, *, measures: Measures | None = None, write: str = WRITE, lease: str = LEASE
    ) -> None:
        super().__init__(db, measures=measures)
        self.lease = Lease(db, lease)
        self.term: Term | None = None
        self._write = write

    @override
    async def run(self) -> None:
        """For ever: wait for the lease, then serve a term. Any error ends the term and the floor with it."""
        async with self.lease:
            while True:
                await self.lease.taken()
                log.info("dispatching")
                self.measures.dispatching.set(1)
                try:
                    async with line(self.db, settings=PINNED) as connection:
                        await self._serve(connection)
                except EpochChanged:
                    log.warning("the database was replaced: the floor is built anew")
                except ClockSetBack:
                    log.warning("the database's clock was set back: the floor is built anew")
                finally:
                    self.term = None
                    self.measures.dispatching.set(0)

    async def _serve(self, connection: asyncpg.Connection) -> None:
        self.term = term = Term(connection, measures=self.measures, write=self._write)
        with self.db.bell.listening() as rung:
            await term.open()
            while self.lease.held:
                rung.clear()
                await self._cycle(term, rung)

    async def _cycle(self, term: Term, rung: asyncio.Event) -> None:
        self.begin()
        began = time.perf_counter()
        pause = await term.cycle()
        self.measures.cycle_seconds.observe(time.perf_counter() - began)
        if pause.made:
            self._tell(rung)
        self.end()
        await asyncio.sleep(pause.least_seconds)
        if pause.most_seconds > pause.least_seconds:
            await self.rest(rung, pause.most_seconds)

    def _tell(self, rung: asyncio.Event) -> None:
        """Ring for everybody else: what we wrote ourselves is no news to us."""
        heard = rung.is_set()
        self.db.bell.ring()
        if not heard:
            rung.clear()
