"""Tells everybody what was said of an incident. To whom and what, `app.actions.incidents.spread` decides.

Decides how many are told in one transaction, so that a kill repeats nothing and nobody waits long for a lock; and that an
incident that fails is left until the others are told, so that it holds up none of them.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Final
from uuid import UUID

from typing_extensions import override

from app.actions.incidents.spread import spread_some
from app.db import now
from app.errors import Unavailable
from app.loops.busy import is_busy
from app.loops.chore import Chore, fault

log = logging.getLogger(__name__)

TOGETHER: Final = 100


class Spreading(Chore):
    """Any number of processes may do this at once: each takes an incident that no other is at."""

    name = "spreading"
    pause_seconds: ClassVar[float] = 1.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._failed: dict[UUID, Exception] = {}

    @override
    async def turn(self) -> bool:
        tried: list[UUID] = []
        try:
            async with self.db.session() as session:
                more = await spread_some(session, limit=TOGETHER, now=await now(session), but=self._failed, tried=tried)
        except Unavailable:
            raise
        except Exception as error:
            if not tried:
                raise
            if is_busy(error):  # nothing is wrong with it: somebody else was there first
                return False
            log.error("%s: incident %s is left for later: %s", self.name, tried[0], fault(error))
            self._failed[tried[0]] = error
            return True
        if not more and self._failed:  # the others are told: these come again, ever more seldom
            _, wrong = self._failed.popitem()
            self._failed.clear()
            raise wrong
        if more:
            self.db.bell.ring()
        return more
