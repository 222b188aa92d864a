"""Which queues were closed by hand at a past instant, as the log tells it.

Decides nothing. What was said of a closing is not told: the log holds no words.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.db import Connection
from app.queries.line.entrances import Shut

_LAST: Final = """
SELECT DISTINCT ON (subject_id) subject_id AS queue, kind, (data ->> 'until')::timestamptz AS until
FROM event WHERE subject = 'queue' AND at <= $1 ORDER BY subject_id, version DESC
"""


async def closed_at(connection: Connection, instant: datetime) -> dict[str, Shut]:
    """By queue, until when it was to stay closed; those whose closing was over by then are not in it."""
    rows = await connection.fetch(_LAST, instant)
    return {
        row["queue"]: Shut(until=row["until"]) for row in rows if row["kind"] == "closed" and row["until"] > instant
    }
