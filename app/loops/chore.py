"""What every chore is: turns, a pause between them, and a way to see that a turn is over.

Decides how a chore waits and how it is kept alive. Never what it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from typing import ClassVar

from app.db import Database
from app.errors import Unavailable
from app.loops.measures import Measures

log = logging.getLogger(__name__)

AWAY_SECONDS = 0.25
"""Pause after the database was away: short, since a restart must heal within two seconds of its return."""
FAULT_SECONDS = (0.25, 5.0)
"""First and longest pause after any other error; doubled each time, so that a fault cannot fill the log."""


class Chore:
    """Something done again and again. Subclasses say `turn`; a turn must be harmless whoever else does it at once.

    Tests wait for `turned()` instead of sleeping.
    """

    name: str = "chore"
    pause_seconds: ClassVar[float] = 0.5
    hears_bell: ClassVar[bool] = False
    """Whether a commit anywhere starts the next turn, once `least_seconds` are over."""
    least_seconds: ClassVar[float] = 0.0

    def __init__(self, db: Database, *, measures: Measures | None = None) -> None:
        self.db = db
        self.measures = measures or Measures()
        self.begun = 0
        self.cycles = 0
        """Turns that ended well."""
        self._hurry = asyncio.Event()
        self._tick = asyncio.Event()

    async def turn(self) -> bool:
        """One turn. True: there is more to do, go on at once."""
        raise NotImplementedError

    async def run(self) -> None:
        """Turn after turn; an error ends it, and `supervised` begins it anew."""
        with self.db.bell.listening() as rung:
            while True:
                rung.clear()
                self.begin()
                more = await self.turn()
                self.end()
                if not more:
                    await asyncio.sleep(self.least_seconds)
                    await self.rest(rung if self.hears_bell else None, self.pause_seconds)

    def begin(self) -> None:
        """A turn begins: whatever was asked for before is served by it."""
        self._hurry.clear()
        self.begun += 1

    def end(self) -> None:
        """A turn is over: tell whoever waits for it."""
        self.cycles = self.begun
        tick, self._tick = self._tick, asyncio.Event()
        tick.set()

    async def rest(self, rung: asyncio.Event | None, seconds: float) -> None:
        """Until the bell, somebody in a hurry, or the time is over."""
        bells = [self._hurry] if rung is None else [self._hurry, rung]
        if any(bell.is_set() for bell in bells):
            return
        waiting = [asyncio.ensure_future(bell.wait()) for bell in bells]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def turned(self) -> None:
        """Until a turn that began after this call is over."""
        wanted = self.begun + 1
        while self.cycles < wanted:
            self._hurry.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._tick.wait(), 0.5)


async def supervised(chore: Chore) -> None:
    """Run `chore` until it is cancelled or has no more to do; whatever it raises, it begins again."""
    pause = FAULT_SECONDS[0]
    told = -1  # an outage is told once, not four times a second
    while True:
        cycles = chore.cycles
        try:
            return await chore.run()
        except Unavailable:
            if told != chore.cycles:
                log.warning("%s: the database is away", chore.name)
            told, wait = chore.cycles, AWAY_SECONDS
        except Exception as error:  # noqa: BLE001  (whatever it is, it begins again)
            log.error("%s failed and begins again: %s", chore.name, fault(error))
            wait = pause = FAULT_SECONDS[0] if chore.cycles > cycles else min(pause * 2, FAULT_SECONDS[1])
        await asyncio.sleep(wait)


def fault(error: BaseException) -> str:
    """What kind of error, and where it was raised. Its words are left out: they may be a customer's."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__qualname__}{where}"
