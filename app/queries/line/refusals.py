"""What was answered on entry, read back for whoever asks again: turned away and why, or called back.

Decides nothing, and reads no words: events hold none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from app.db import Connection

_ANSWERS: Final = """
SELECT i.id, i.callback, i.queue, e.data ->> 'reason' AS reason, e.data ->> 'opens_at' AS opens_at,
       e.data ->> 'overflowed_from' AS overflowed_from
FROM interaction i LEFT JOIN LATERAL (
    SELECT data FROM event WHERE subject = 'interaction' AND subject_id = i.id::text AND kind = 'turned_away'
    ORDER BY version LIMIT 1
) AS e ON i.state = 'cancelled'
WHERE i.id = ANY ($1::uuid[])
"""


class Answer(NamedTuple):
    """The answer on entry. `reason` None: it was let in."""

    callback: bool
    queue: str | None
    reason: str | None
    opens_at: datetime | None
    overflowed_from: str | None
    """The queue that was asked for, where another one gave the answer."""


async def answers(connection: Connection, interactions: Sequence[UUID]) -> dict[UUID, Answer]:
    """By interaction."""
    rows = await connection.fetch(_ANSWERS, interactions) if interactions else []
    return {
        row["id"]: Answer(
            callback=row["callback"],
            queue=row["queue"],
            reason=row["reason"],
            opens_at=datetime.fromisoformat(row["opens_at"]) if row["opens_at"] else None,
            overflowed_from=row["overflowed_from"],
        )
        for row in rows
    }
