"""Compares the floor with the tables, a thin slice at a time, so that what was never told is found all the same.

Decides which ids look different and should be read again. Never changes the floor: the dispatcher reads them like any
other change, and counts those that no event had told it of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from uuid import UUID

import asyncpg

from app.queries.line import floor as queries

SLICE = 500
"""Rows per slice and direction: a few milliseconds, wherever it stands."""
LOWEST = UUID(int=0)


class Comparing:
    """Walks through both sides for ever: those who wait in the tables, and those the floor believes to wait."""

    def __init__(self, connection: asyncpg.Connection, versions: Mapping[UUID, int]) -> None:
        self._connection = connection
        self._versions = versions
        self._after = LOWEST
        self._believed: Iterator[UUID] = iter(())
        self._staff_after = ""

    async def different(self) -> set[UUID]:
        """The ids of the next slice that look different from what the floor holds."""
        return await self._missing_here() | await self._gone_there()

    async def staff(self) -> list[asyncpg.Record]:
        """The next slice of representatives, as they are now."""
        rows = await queries.staff_after(self._connection, self._staff_after, limit=SLICE)
        self._staff_after = rows[-1]["code"] if len(rows) == SLICE else ""
        return rows

    async def _missing_here(self) -> set[UUID]:
        rows = await queries.waiting_after(self._connection, self._after, limit=SLICE)
        self._after = rows[-1]["id"] if len(rows) == SLICE else LOWEST
        return {row["id"] for row in rows if self._versions.get(row["id"]) != row["version"]}

    async def _gone_there(self) -> set[UUID]:
        believed = list(islice(self._believed, SLICE))
        if not believed:
            self._believed = iter(list(self._versions))
            return set()
        there = await queries.versions(self._connection, believed)
        return {each for each in believed if each in self._versions and there.get(each) != self._versions[each]}
