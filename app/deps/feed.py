"""One reader of the event feed for all streams of a process.

Decides when to read (at the bell, and every half second at the latest) and how many events are kept at hand; who is
further behind reads from the tables. It never holds a connection while nobody has anything to say, and a slow follower
costs nobody else anything.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from operator import attrgetter
from typing import Final, Self

from app.db import Database
from app.errors import RaabtaError, Unavailable
from app.queries import feed
from app.queries.feed import Place, Told

POLL_SECONDS: Final = 0.5
QUIET_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.01  # many commits in a row are read together
PAGE: Final = 500
KEPT: Final = 5_000
log = logging.getLogger(__name__)


class Feed:
    """Open with `async with`. `follow` gives events as they become settled."""

    def __init__(self, database: Database, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._database = database
        self._quiet_seconds = quiet_seconds
        self._kept: list[Told] = []
        self._since: Place | None = None  # everything after this place, up to the head, is in `_kept`
        self._head = feed.START
        self._followers: set[asyncio.Event] = set()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._serve(), name="feed")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def followers(self) -> int:
        """How many streams are open."""
        return len(self._followers)

    def stop(self) -> None:
        """End every stream; new ones end at once."""
        self._stopped.set()
        self._wake()

    async def end(self) -> Place:
        """The place after everything that can be told now."""
        async with self._database.connection() as connection:
            return await feed.end(connection)

    async def follow(self, after: Place) -> AsyncGenerator[Told | None, None]:
        """Every event after a place, once, in the feed's order, until `stop`. None: nothing happened for a while."""
        with self._following() as woken:
            while not self._stopped.is_set():
                woken.clear()
                events = await self._next(after)
                for told in events:
                    if self._stopped.is_set():
                        return
                    yield told
                    after = told.place
                if not events and not await _set_within(woken, self._quiet_seconds):
                    yield None

    @contextlib.contextmanager
    def _following(self) -> Iterator[asyncio.Event]:
        woken = asyncio.Event()
        self._followers.add(woken)
        self._wanted.set()
        try:
            yield woken
        finally:
            self._followers.discard(woken)

    async def _next(self, after: Place) -> list[Told]:
        if self._since is not None and after >= self._since:
            start = bisect.bisect_right(self._kept, after, key=_place)
            return self._kept[start : start + PAGE]
        try:
            async with self._database.connection() as connection:
                return await feed.page(connection, after, limit=PAGE)
        except Unavailable:
            return []  # the reader wakes everybody when the database is back

    async def _serve(self) -> None:
        with self._database.bell.listening() as rung:
            while True:
                await self._while_wanted()
                try:
                    await self._read()
                except Exception as error:  # noqa: BLE001 - whatever happens, the followers are not left waiting
                    if not isinstance(error, RaabtaError):
                        log.warning("the feed could not be read: %s", type(error).__qualname__)
                    self._since, self._kept = None, []
                    self._wake()
                    await asyncio.sleep(POLL_SECONDS)
                await asyncio.sleep(PAUSE_SECONDS)
                await _set_within(rung, POLL_SECONDS)
                rung.clear()

    async def _while_wanted(self) -> None:
        """Return at once while somebody follows; else wait for the first, and forget what was kept."""
        if not self._followers:
            self._since, self._kept = None, []
            self._wanted.clear()
            await self._wanted.wait()

    async def _read(self) -> None:
        """Take in whatever has settled since the last reading."""
        async with self._database.connection() as connection:
            if self._since is None:
                self._since = self._head = await feed.end(connection)
                self._wake()
            while events := await feed.page(connection, self._head, limit=PAGE):
                self._head = events[-1].place
                self._kept.extend(events)
                if len(self._kept) > KEPT:
                    self._since = self._kept[-KEPT - 1].place
                    del self._kept[:-KEPT]
                self._wake()
                if len(events) < PAGE:
                    break

    def _wake(self) -> None:
        for woken in self._followers:
            woken.set()


_place: Callable[[Told], Place] = attrgetter("place")


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
