"""Looks whether more of the same come than chance explains. What that means, `app.actions.incidents.surges` knows.

Decides how often it is looked at, and that most looks write nothing.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from app.actions.incidents.surges import propose_surges, surging
from app.db import now
from app.loops.chore import Chore
from app.queries.rules import live_rules


class Surges(Chore):
    """Any number of processes may do this at once: one proposes, the others find it proposed."""

    name = "surges"
    pause_seconds: ClassVar[float] = 5.0

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            rules = await live_rules(connection)
            at = await connection.fetchval("SELECT wall_clock()")
            found = await surging(connection, rules, now=at)
        if found:
            async with self.db.session() as session:
                await propose_surges(session, found, now=await now(session))
        return False
