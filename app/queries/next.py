"""Who waits for one representative, the earliest due of every line first: what "next, please" chooses from.

Decides which rows may be left out before the router looks: those that have not a single step and lack what is plain to see.
It reads a bounded number of rows, whoever else waits. Never locks, never writes.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from app.db import Connection
from app.queries import floor

OF_A_LINE: Final = 50

# A line may be somebody else's: needs are widened to other lines and to groups. Whoever has steps is shown as they are, and
# the router tells which of them have passed.
_EARLIEST: Final = """
SELECT waiting.id FROM representative r CROSS JOIN queue q CROSS JOIN LATERAL (
    SELECT id FROM interaction
    WHERE state = 'queued' AND queue = q.code AND r.code <> ALL (barred)
      AND (not_before IS NULL OR not_before <= wall_clock())
      AND (number IS NULL OR office IS NULL OR office = r.office)
      AND (steps <> '[]' OR (
          (NOT speak OR language IS NULL OR language = ANY (r.languages))
          AND (skills = '{}' OR NOT EXISTS (SELECT FROM jsonb_each_text(skills) AS need
                                              WHERE coalesce((r.skills ->> need.key)::int, 0) < need.value::int))
          AND (q.code = ANY (r.queues) OR routing ?| ARRAY['also_queues', 'also_groups'])))
    ORDER BY due_at, id LIMIT $2
) AS waiting
WHERE r.code = $1
"""


async def earliest_for(connection: Connection, code: str) -> list[asyncpg.Record]:
    """At most `OF_A_LINE` rows of each queue that this representative might take, as `app.convert` reads them."""
    ids = [row["id"] for row in await connection.fetch(_EARLIEST, code, OF_A_LINE)]
    return await floor.interactions(connection, ids) if ids else []
