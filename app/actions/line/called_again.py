"""Whoever was to be called back and comes again themselves: they stand where they stood, and nobody calls them any more.

Decides nothing: whose place it was is known from how they entered, and its row is locked. One statement each, however many.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from app.actions.line.entering import Entered
from app.actions.settle import Move, lock_free, settle
from app.db import Connection

REASON: Final = "called_again"


async def called_again(connection: Connection, entered: Iterable[Entered], *, now: datetime) -> None:
    """Call off the calls back whose place these took up, once they are on record; on those lines nobody is left to be told."""
    waited = [each.resumes for each in entered if each.resumes is not None and each.was_waiting]
    if waited:
        rows = await lock_free(connection, waited, "cancelled")
        await settle(connection, [Move(row=row) for row in rows], "cancelled", now=now, reason=REASON, quietly=True)
