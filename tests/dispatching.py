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

OFFERED = "SELECT count(*) FROM assignment WHERE state = 'offered'"
LOOK_SECONDS = 0.005


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


async def until(connection: asyncpg.Connection, query: str, wanted: object, *, seconds: float = 1.0) -> float:
    """The seconds until `query` gives `wanted`; more than `seconds` is a failure."""
    began = time.monotonic()
    while (found := await connection.fetchval(query)) != wanted:
        assert time.monotonic() - began < seconds, f"{found!r} instead of {wanted!r} after {seconds} s"
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began
