"""Who waits for one representative, the earliest due of every line first: what "next, please" chooses from.

Decides which rows may be left out before the router looks: those that, as they stand by now, lack what is plain to see.
It reads a bounded number of rows, whoever else waits. Never locks, never writes.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from app.db import Connection
from app.queries.line import floor

OF_A_LINE: Final = 50

# A line may be somebody else's: needs are widened to other lines and to groups. They stand as the last step that has passed
# says, or as they were filed.
_EARLIEST: Final = """
SELECT waiting.id FROM representative r CROSS JOIN queue q CROSS JOIN LATERAL (
    SELECT id FROM interaction
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT each FROM jsonb_array_elements(steps) AS each
         WHERE (each ->> 'at')::float8 <= extract(epoch FROM wall_clock()) ORDER BY (each ->> 'at')::float8 DESC LIMIT 1),
        jsonb_build_object('skills', skills, 'language', CASE WHEN speak THEN language END, 'routing', routing)
    ) AS needs) AS standing
    WHERE state = 'queued' AND queue = q.code AND r.code <> ALL (barred)
      AND (not_before IS NULL OR not_before <= wall_clock())
      AND (number IS NULL OR office IS NULL OR office = r.office)
      AND (needs ->> 'language' IS NULL OR needs ->> 'language' = ANY (r.languages))
      AND NOT EXISTS (SELECT FROM jsonb_each_text(needs -> 'skills') AS need
                      WHERE coalesce((r.skills ->> need.key)::int, 0) < need.value::int)
      AND (q.code = ANY (r.queues) OR needs -> 'routing' ?| ARRAY['also_queues', 'also_groups'])
    ORDER BY due_at, id LIMIT $2
) AS waiting
WHERE r.code = $1
"""


async def earliest_for(connection: Connection, code: str, *, of_a_line: int = OF_A_LINE) -> list[asyncpg.Record]:
    """At most `of_a_line` rows of each queue that this representative might take, as `app.convert` reads them."""
    ids = [row["id"] for row in await connection.fetch(_EARLIEST, code, of_a_line)]
    return await floor.interactions(connection, ids) if ids else []
