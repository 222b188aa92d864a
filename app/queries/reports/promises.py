"""Times that customers were given, and whether they were kept.

Decides that a promise counts when it ended, a broken one at the instant it was due; that what was moved or released in time
was neither kept nor broken; and that broken ones are a figure of their own. Never writes.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.rows import Report, Wish, counted, report
from routing.resolution.figures import share

DIMENSIONS: Final = {
    "request_type": "own.request_type",
    "queue": "own.queue",
    "office": "own.office",
    "channel": "own.channel",
    "representative": "coalesce(p.representative, own.owner)",
    "kind": "p.kind",
}

_PROMISES: Final = """
WITH ended AS MATERIALIZED (
    SELECT {by} AS code, p.state FROM promise p CROSS JOIN LATERAL (
        SELECT c.request_type, c.queue, c.office, c.channel, c.owner FROM "case" c WHERE c.id = p.case_id LIMIT 1
    ) AS own
    WHERE p.ended_at >= $1 AND p.ended_at < $2{only}
)
SELECT code, grouping(code) AS whole, count(*)::int AS ended,
    count(*) FILTER (WHERE state = 'kept')::int AS kept,
    count(*) FILTER (WHERE state = 'broken')::int AS broken,
    count(*) FILTER (WHERE state = 'moved')::int AS moved,
    count(*) FILTER (WHERE state = 'released')::int AS released
FROM ended GROUP BY GROUPING SETS ((code), ()) ORDER BY whole DESC, ended DESC, code LIMIT $3
"""


async def promises(session: AsyncSession, wish: Wish) -> Report:
    """The promises that ended in the period."""
    rows = await counted(session, _PROMISES, DIMENSIONS, wish)
    return report(wish, [_told(row) for row in rows], base="ended")


def _told(row: asyncpg.Record) -> dict[str, Any]:
    kept, broken = row["kept"], row["broken"]
    return {
        **{name: row[name] for name in ("code", "whole", "ended", "kept", "broken", "moved", "released")},
        "kept_rate": share(kept, kept + broken),
    }
