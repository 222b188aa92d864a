"""Does what is due about cases: timers, in batches, each exactly once. What is done, `app.actions.firing` knows.

Decides how many go into one transaction and that one that fails is tried by itself and put off, so that it holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final
from uuid import UUID

import asyncpg
from typing_extensions import override

from app.actions.firing import due, fire, put_off
from app.db import now
from app.errors import Unavailable
from app.loops.busy import is_busy
from app.loops.chore import Chore, fault

log = logging.getLogger(__name__)

TOGETHER: Final = 500


class Timers(Chore):
    """Any number of processes may do this at once: each takes what no other holds."""

    name = "timers"
    pause_seconds: ClassVar[float] = 0.5

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            found = await due(connection, limit=TOGETHER)
        failed: dict[str, list[UUID]] = {}
        done = await self._fire(found, failed) if found else 0
        if failed:
            await self._put_off(failed)
        return done > 0 and len(found) >= TOGETHER

    async def _fire(self, rows: Sequence[asyncpg.Record], failed: dict[str, list[UUID]]) -> int:
        """All at once; where that fails, each half by itself, down to those that fail alone: by what is wrong with them."""
        try:
            async with self.db.session() as session:
                return await fire(session, rows, now=await now(session))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one, the others are done)
            if len(rows) > 1:
                middle = len(rows) // 2
                return await self._fire(rows[:middle], failed) + await self._fire(rows[middle:], failed)
            if not is_busy(error):  # else nothing is wrong with it: the next turn finds it again
                failed.setdefault(fault(error), []).append(rows[0]["id"])
            return 0

    async def _put_off(self, failed: Mapping[str, Sequence[UUID]]) -> None:
        """Told once for each fault: one of ours fails every timer of its kind."""
        for wrong, ids in failed.items():
            log.error("%s: %s timers are put off, %s first: %s", self.name, len(ids), ids[0], wrong)
        async with self.db.transaction() as connection:
            await put_off(connection, [each for ids in failed.values() for each in ids])
