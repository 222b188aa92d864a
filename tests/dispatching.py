"""Dispatchers for tests: running, watched, and waited for without sleeping longer than needed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import asyncpg

from app.db import Database
from app.loops.chore import supervised
from app.loops.dispatcher import Dispatcher
from app.loops.term import POLL_SECONDS
from tests.racing import HANG_SECONDS

OFFERED = "SELECT count(*) FROM assignment WHERE state = 'offered'"
LOOK_SECONDS = 0.005
TURNS = 2


@contextlib.asynccontextmanager
async def dispatching(db: Database) -> AsyncIterator[Dispatcher]:
    """A dispatcher at work; it may still wait for its lease."""
    dispatcher = Dispatcher(db)
    task = asyncio.create_task(supervised(dispatcher))
    try:
        yield dispatcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def loaded(dispatcher: Dispatcher) -> None:
    """Until everybody who waited is on its floor."""
    while dispatcher.term is None or not dispatcher.term.loaded:
        await dispatcher.turned()


async def until(connection: asyncpg.Connection, query: str, wanted: object) -> None:
    """Until `query` gives `wanted`; that it never does is a failure."""
    began = time.monotonic()
    while (found := await connection.fetchval(query)) != wanted:
        assert time.monotonic() - began < HANG_SECONDS, f"{found!r} instead of {wanted!r} after {HANG_SECONDS} s"
        await asyncio.sleep(LOOK_SECONDS)


async def at_once(dispatcher: Dispatcher, connection: asyncpg.Connection, query: str, wanted: object) -> None:
    """After two turns `query` gives `wanted`.

    Turns are counted and not seconds, so that a slow machine may take its time: they are half a second apart at most, so
    it is within a second on one that keeps up.
    """
    assert TURNS * POLL_SECONDS <= 1.0
    for _ in range(TURNS):
        await dispatcher.turned()
    assert await connection.fetchval(query) == wanted
