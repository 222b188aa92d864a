"""Tells everybody what was said of an incident. To whom and what, `app.actions.spread` decides.

Decides how many are told in one transaction, so that a kill repeats nothing and nobody waits long for a lock.
"""

from __future__ import annotations

from typing import ClassVar, Final

from typing_extensions import override

from app.actions.spread import spread_some
from app.db import now
from app.loops.chore import Chore

TOGETHER: Final = 100


class Spreading(Chore):
    """Any number of processes may do this at once: each takes an incident that no other is at."""

    name = "spreading"
    pause_seconds: ClassVar[float] = 1.0

    @override
    async def turn(self) -> bool:
        async with self.db.session() as session:
            more = await spread_some(session, limit=TOGETHER, now=await now(session))
        if more:
            self.db.bell.ring()
        return more
