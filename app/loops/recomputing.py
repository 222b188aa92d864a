"""Measures the clocks of open cases anew after other rules were published. What that means, `app.actions.clocks.anew` knows.

Decides how many cases go into one transaction, so that a publication holds up nobody however many cases are open.
"""

from __future__ import annotations

from typing import ClassVar, Final

from typing_extensions import override

from app.actions.clocks.anew import measure_some_anew
from app.db import now
from app.loops.chore import Chore

TOGETHER: Final = 200


class Recomputing(Chore):
    """Any number of processes may do this at once: each takes cases that no other holds."""

    name = "recomputing"
    pause_seconds: ClassVar[float] = 1.0

    @override
    async def turn(self) -> bool:
        async with self.db.session() as session:
            done = await measure_some_anew(session, limit=TOGETHER, now=await now(session))
        if done:
            self.db.bell.ring()
        return done >= TOGETHER
