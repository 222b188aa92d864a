"""What tests of moves share: rules put in force, and chores that take one turn."""

from __future__ import annotations

from typing import Any

from app.actions.rules import versions as rules
from app.loops.chore import Chore
from tests.documents import document
from tests.shift import Shift


async def in_force(shift: Shift, **queues: dict[str, Any]) -> None:
    """Publish the office's rules with these fields different, by queue."""
    draft = await shift.do(rules.draft, document(**queues))
    await shift.do(rules.publish, draft.version, recompute=False)


async def turns(chore: Chore) -> None:
    """Until it has no more to do."""
    while await chore.turn():
        pass
