"""Whoever asked to be forgotten after a backup was made is forgotten again when it is restored. Decides nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.actions.customers.erased_ledger import read
from app.db import Database
from app.loops.erasing import Erasing
from app.settings import Settings

_WISHES: Final = """
INSERT INTO erasure (customer_id, asked_at, asked_by)
SELECT id, asked_at, 'restore' FROM unnest($1::uuid[], $2::timestamptz[]) AS wish (id, asked_at)
WHERE EXISTS (SELECT FROM customer WHERE customer.id = wish.id AND customer.state <> 'erased')
ON CONFLICT (customer_id) DO UPDATE SET done_at = NULL
RETURNING customer_id
"""


async def again(dsn: str, ledger: Path) -> int:
    """Forget those of the ledger whom the database still knows; returns how many."""
    wishes = dict(read(ledger))
    if not wishes:
        return 0
    async with Database(dsn, settings=Settings()) as db:
        async with db.transaction() as connection:
            found = await connection.fetch(_WISHES, list(wishes), list(wishes.values()))
        chore = Erasing(db)
        while await chore.turn():
            pass
    return len(found)
