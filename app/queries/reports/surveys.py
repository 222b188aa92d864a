"""What customers were asked, how many answered, and what they said: of the matter, and apart of the representative.

Decides that a survey counts in the period in which it was asked, by the representative who was fixed then; and that of a few
marks none is told, since one always tells who gave it. Never writes.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.rows import Report, Wish, counted, report
from routing.resolution.figures import mean, share

DIMENSIONS: Final = {
    "request_type": "own.request_type",
    "queue": "own.queue",
    "office": "own.office",
    "channel": "own.channel",
    "representative": "s.representative",
}

_SURVEYS: Final = """
WITH asked AS MATERIALIZED (
    SELECT {by} AS code, s.state, s.solved, s.mark FROM survey s CROSS JOIN LATERAL (
        SELECT c.request_type, c.queue, c.office, c.channel FROM "case" c WHERE c.id = s.case_id LIMIT 1
    ) AS own
    WHERE s.asked_at >= $1 AND s.asked_at < $2{only}
)
SELECT code, grouping(code) AS whole, count(*)::int AS asked,
    count(*) FILTER (WHERE state = 'answered')::int AS answered,
    count(*) FILTER (WHERE state = 'lapsed')::int AS lapsed,
    count(*) FILTER (WHERE state = 'dropped')::int AS dropped,
    count(*) FILTER (WHERE state = 'asked')::int AS waiting,
    count(*) FILTER (WHERE solved = 'yes')::int AS yes,
    count(*) FILTER (WHERE solved = 'partly')::int AS partly,
    count(*) FILTER (WHERE solved = 'no')::int AS no,
    count(mark)::int AS marks, coalesce(sum(mark), 0)::int AS marked
FROM asked GROUP BY GROUPING SETS ((code), ()) ORDER BY whole DESC, asked DESC, code LIMIT $3
"""


async def surveys(session: AsyncSession, wish: Wish) -> Report:
    """The surveys that were asked in the period, as they stand now."""
    rows = await counted(session, _SURVEYS, DIMENSIONS, wish)
    return report(wish, [_told(row) for row in rows], base="asked")


def _told(row: asyncpg.Record) -> dict[str, Any]:
    answered = row["answered"]
    names = ("code", "whole", "asked", "answered", "lapsed", "dropped", "waiting", "yes", "partly", "no")
    return {
        **{name: row[name] for name in names},
        "answer_rate": share(answered, answered + row["lapsed"]),
        "yes_rate": share(row["yes"], answered),
        "marks": row["marks"],
        "mean_mark": mean(row["marked"], row["marks"]),
    }
