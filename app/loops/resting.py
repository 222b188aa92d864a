"""Looks whether those who rest should: a rest counted by a clock that was set back since is counted anew. Decides when."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from app import db
from app.actions.representatives.caps import rest_anew, wrongly_resting
from app.loops.batches import BATCH
from app.loops.chore import Chore


class Resting(Chore):
    """Every few seconds; clocks are not set back often."""

    name = "resting"
    pause_seconds: ClassVar[float] = 5.0

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            codes = await wrongly_resting(connection, limit=BATCH)
        for code in codes:
            async with self.db.session() as session:
                await rest_anew(session, code, now=await db.now(session))
        return len(codes) >= BATCH
