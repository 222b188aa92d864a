"""The bell: a hint that something was committed. A lost ring costs latency, never work.

Decides when to ring and whom to wake. It never carries what happened: who is woken reads the tables. `NOTIFY` inside a
transaction would serialise every commit of the instance, so each process rings once, coalesced, after commits and from a
connection of its own; everyone who listens also wakes by their own timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Self

import asyncpg

CHANNEL = "raabta"
RETRY_SECONDS = 0.5
PAUSE_SECONDS = 0.005
"""Between two rings to other processes, however much is committed; our own waiters hear every one."""
log = logging.getLogger(__name__)


class Bell:
    """One per process. Start it with `async with`; without a connection it still wakes this process's own waiters."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._rung = asyncio.Event()  # this process has something to tell the others
        self._waiters: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._serve(), name="bell")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ring(self) -> None:
        """Tell everyone, here at once and elsewhere soon, that something was committed."""
        self._wake()
        self._rung.set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set at every ring; whoever waits on it clears it first."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            self._waiters.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    async def _serve(self) -> None:
        while True:
            try:
                await self._connected()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.debug("bell lost its connection: %s", type(error).__name__)
            self._wake()  # whatever was missed meanwhile is found by reading
            await asyncio.sleep(RETRY_SECONDS)

    async def _connected(self) -> None:
        # A notification is a transaction like any other; this one need not be on disk, and must not make commits wait.
        connection = await asyncpg.connect(self._dsn, timeout=5, server_settings={"synchronous_commit": "off"})
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            await self._ring_until(connection, lost)
        finally:
            connection.terminate()

    async def _ring_until(self, connection: asyncpg.Connection, lost: asyncio.Event) -> None:
        gone = asyncio.create_task(lost.wait())
        rung = gone
        try:
            while not lost.is_set():
                rung = asyncio.create_task(self._rung.wait())
                try:
                    await asyncio.wait({rung, gone}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    rung.cancel()
                if self._rung.is_set():
                    self._rung.clear()
                    await connection.execute(f"NOTIFY {CHANNEL}", timeout=5)
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            rung.cancel()
            gone.cancel()

    def _heard(self, connection: object, pid: int, *_: object) -> None:
        # Our own ring woke our own waiters already.
        if isinstance(connection, asyncpg.Connection) and pid == connection.get_server_pid():
            return
        self._wake()
