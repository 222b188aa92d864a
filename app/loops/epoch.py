"""Watches whether this is still the database the feed was counted in. Decides how often it looks."""

from __future__ import annotations

import logging
from typing import ClassVar

from typing_extensions import override

from app.actions.epoch import settle_epoch
from app.loops.chore import Chore

log = logging.getLogger(__name__)


class EpochWatch(Chore):
    """A standby that took over without our restarting is noticed within seconds."""

    name = "epoch"
    pause_seconds: ClassVar[float] = 2.0

    @override
    async def turn(self) -> bool:
        async with self.db.connection() as connection:
            if await settle_epoch(connection):
                log.warning("the database is another one than before: the feed begins a new epoch")
        return False
