"""Races whose verdict is no matter of luck: staggered starts, and overlaps that a lock forces.

Decides who starts when, on any machine. Never what must hold afterwards: that each test says itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from app.settings import Settings

HANG_SECONDS: Final = 60.0
"""Whatever works is done by then on the slowest machine; only what hangs is not."""
LOOK_SECONDS: Final = 0.01
PATIENT: Final = Settings(
    pool_size=20, hot_pool_size=8, statement_timeout_seconds=120, lock_timeout_seconds=120, idle_transaction_seconds=120
)
"""However slow the machine, who waits for a lock or a connection is served by who had it, and never by a timeout."""

LEADS: Final = (1.0, -1.0, 0.75, -0.75, 0.5, -0.5, 0.25, -0.25, 0.1, -0.1, 0.0)
"""The head start of the first side, as a share of the time it takes. At 1 it is done before the other begins, at -1 the other
is: so in every 11 rounds both orders are certain, and between them the two overlap more and more."""

_BLOCKED: Final = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@dataclass(kw_only=True, slots=True)
class Paces:
    """The shortest time either side has taken so far, in seconds: the delays go by it, so they fit every machine."""

    one: float = 0.0
    other: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Race:
    """One round. Call it with two sides that have not begun; it returns what each returned or raised."""

    lead: float
    paces: Paces

    async def __call__(self, one: Awaitable[Any], other: Awaitable[Any]) -> tuple[Any, Any]:
        if self.lead == 1.0:
            return await self._one(one), await self._other(other)
        if self.lead == -1.0:
            second = await self._other(other)
            return await self._one(one), second
        ahead = self.lead * (self.paces.one if self.lead > 0 else self.paces.other)
        return await asyncio.gather(self._one(one, after=-ahead), self._other(other, after=ahead))

    async def _one(self, side: Awaitable[Any], *, after: float = 0.0) -> Any:
        result, took = await _timed(side, after=after)
        self.paces.one = min(self.paces.one or took, took)
        return result

    async def _other(self, side: Awaitable[Any], *, after: float = 0.0) -> Any:
        result, took = await _timed(side, after=after)
        self.paces.other = min(self.paces.other or took, took)
        return result


def staggered(rounds: int) -> Iterator[Race]:
    """So many rounds, with the head starts of `LEADS` again and again."""
    assert rounds >= len(LEADS), "too few for every head start"
    paces = Paces()
    for lead in itertools.islice(itertools.cycle(LEADS), rounds):
        yield Race(lead=lead, paces=paces)


async def blocked(fetch: Callable[[str], Awaitable[Sequence[Any]]], count: int = 1) -> None:
    """Until so many wait for a lock in this database. `fetch` must not be in a transaction: there it would see no change."""
    async with asyncio.timeout(HANG_SECONDS):
        while (await fetch(_BLOCKED))[0][0] < count:
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def holding(dsn: str, statement: str, *args: object) -> AsyncIterator[None]:
    """In the block, a transaction of somebody else's holds what `statement` locks; at its end it is let go."""
    somebody = await asyncpg.connect(dsn)
    try:
        async with somebody.transaction():
            await somebody.execute(statement, *args)
            yield
    finally:
        await somebody.close()


async def _timed(side: Awaitable[Any], *, after: float) -> tuple[Any, float]:
    """What it returned or raised, and how long it took."""
    if after > 0:
        await asyncio.sleep(after)
    began = time.perf_counter()
    results = await asyncio.gather(side, return_exceptions=True)
    return results[0], time.perf_counter() - began
