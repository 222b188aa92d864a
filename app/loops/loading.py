"""Loads those who wait, page by page, so that a floor of a million is of use after its first page.

Decides the order of loading: the earliest due of every queue first. Never places anything.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from uuid import UUID

import asyncpg

from app.queries import floor as queries

FIRST_PAGE = 200
PAGE = 2_000


class Loader:
    """Gives one page at a time, queue after queue; `done` once all who waited at the beginning were given.

    Whoever joins later is found by following the events, wherever the pages stand by then.
    """

    def __init__(self, connection: asyncpg.Connection, queues: list[str]) -> None:
        self._connection = connection
        self._left: deque[tuple[str, tuple[datetime, UUID] | None]] = deque((queue, None) for queue in queues)

    @property
    def done(self) -> bool:
        """Nothing is left to load."""
        return not self._left

    async def page(self) -> list[asyncpg.Record]:
        """The next page; may be empty."""
        queue, after = self._left.popleft()
        limit = FIRST_PAGE if after is None else PAGE
        rows = await queries.page(self._connection, queue, after, limit=limit)
        if len(rows) == limit:
            self._left.append((queue, (rows[-1]["due_at"], rows[-1]["id"])))
        return rows
