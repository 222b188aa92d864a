"""Cases that came to their end: who said that they are solved, what they cost the customer, and how long they took.

Decides that a case counts in the period in which it was closed, once, whatever happened before; that those that were taken
into another count with it; and that whoever was never asked is no one who said yes. Never writes.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.opened import window
from app.queries.reports.rows import Report, Wish, counted, report
from routing.resolution.figures import LEAST, mean, share

DIMENSIONS: Final = {
    "request_type": "c.request_type",
    "queue": "c.queue",
    "office": "c.office",
    "channel": "c.channel",
    "representative": "coalesce(c.resolved_by, c.owner)",
    "root_cause": "c.root_cause",
}

_CASES: Final = """
WITH closed AS MATERIALIZED (
    SELECT {by} AS code, c.closed_by, c.reopened, c.alarmed, c.touches + taken.touches AS touches,
        CASE WHEN c.resolved_at IS NOT NULL THEN greatest(extract(epoch FROM c.resolved_at - c.opened_at)::float8, 0) END AS seconds
    FROM "case" c CROSS JOIN LATERAL (
        SELECT coalesce(sum(m.touches), 0) AS touches FROM "case" m WHERE m.merged_into = c.id
    ) AS taken
    WHERE c.closed_at >= $1 AND c.closed_at < $2 AND c.merged_into IS NULL{only}
), every AS (
    SELECT code, false AS opened, closed_by, reopened, alarmed, touches, seconds FROM closed
    UNION ALL
    SELECT {by}, true, NULL, NULL, NULL, NULL, NULL FROM "case" c
    WHERE c.id >= $4 AND c.id < $5 AND c.opened_at >= $1 AND c.opened_at < $2 AND c.merged_into IS NULL{only}
)
SELECT code, grouping(code) AS whole,
    count(*) FILTER (WHERE opened)::int AS opened,
    count(*) FILTER (WHERE NOT opened)::int AS closed,
    count(*) FILTER (WHERE closed_by = 'customer')::int AS solved,
    count(*) FILTER (WHERE closed_by = 'silence')::int AS silent,
    count(*) FILTER (WHERE closed_by = 'not_asked')::int AS not_asked,
    count(*) FILTER (WHERE closed_by = 'unserved')::int AS unserved,
    count(*) FILTER (WHERE reopened > 0)::int AS reopened,
    count(*) FILTER (WHERE alarmed > 0)::int AS over_budget,
    coalesce(sum(touches), 0)::int AS touches,
    coalesce(sum(touches) FILTER (WHERE closed_by = 'customer'), 0)::int AS touches_of_solved,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY seconds) AS seconds
FROM every GROUP BY GROUPING SETS ((code), ()) ORDER BY whole DESC, closed DESC, opened DESC, code LIMIT $3
"""


async def cases(session: AsyncSession, wish: Wish) -> Report:
    """What became of the cases that were closed in the period, and how many were opened in it."""
    rows = await counted(session, _CASES, DIMENSIONS, wish, *window(wish.period))
    return report(wish, [_told(row) for row in rows], base="closed", keep=("opened",))


def _told(row: asyncpg.Record) -> dict[str, Any]:
    closed, solved, silent = row["closed"], row["solved"], row["silent"]
    median, slow = row["seconds"] or (None, None)
    return {
        **{
            name: row[name]
            for name in ("code", "whole", "opened", "closed", "solved", "silent", "not_asked", "unserved")
        },
        "solved_rate": share(solved, solved + silent),
        "survey_reach": share(solved + silent, closed),
        "reopened": row["reopened"],
        "reopen_rate": share(row["reopened"], closed),
        "touches_per_case": mean(row["touches"], closed),
        "touches_per_solved_case": mean(row["touches_of_solved"], solved),
        "over_budget": row["over_budget"],
        "median_seconds": median if closed >= LEAST else None,
        "p90_seconds": slow if closed >= LEAST else None,
    }
