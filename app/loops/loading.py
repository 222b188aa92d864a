"""Loads those who wait, page by page, so that a floor of a million is of use after its first pages.

Decides the order of loading: the earliest due of every queue at once, then always the queue that was loaded least far. So
nobody is offered before somebody of another queue who is due earlier, but where more are free than a first page holds.
Never places anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from heapq import heappop, heappush
from uuid import UUID

import asyncpg

from app.queries.line import floor as queries

FIRST_PAGE = 500
PAGE = 2_000

Cursor = tuple[datetime, UUID]


class Loader:
    """Gives the first pages of all queues, then one page at a time; `done` once all who waited then were given.

    Whoever joins later is found by following the events, wherever the pages stand by then.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._left: list[tuple[Cursor, str]] = []

    @property
    def done(self) -> bool:
        """Nothing is left to load."""
        return not self._left

    async def first(self, queue: str) -> list[asyncpg.Record]:
        """The first page of this queue."""
        return self._went_on(queue, await queries.page(self._connection, queue, None, limit=FIRST_PAGE), FIRST_PAGE)

    async def page(self) -> list[asyncpg.Record]:
        """The next page of the queue whose loaded part ends earliest; may be empty."""
        after, queue = heappop(self._left)
        return self._went_on(queue, await queries.page(self._connection, queue, after, limit=PAGE), PAGE)

    def _went_on(self, queue: str, rows: list[asyncpg.Record], limit: int) -> list[asyncpg.Record]:
        if len(rows) == limit:
            heappush(self._left, (_end(rows), queue))
        return rows


def _end(rows: Sequence[asyncpg.Record]) -> Cursor:
    return rows[-1]["due_at"], rows[-1]["id"]
