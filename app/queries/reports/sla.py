"""Whether customers were answered, and their matters solved, in the time that was set: in working hours, without the time
that was theirs.

Decides that a clock counts when it ended, met or breached, by the queue whose calendar it went by; one that was stopped
because there was nothing more to wait for says neither. Never writes.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.rows import Report, Wish, counted, report
from routing.resolution.figures import share

DIMENSIONS: Final = {
    "queue": "k.queue",
    "request_type": "own.request_type",
    "office": "own.office",
    "channel": "own.channel",
    "representative": "coalesce(own.resolved_by, own.owner)",
}

_CLOCKS: Final = """
WITH ended AS MATERIALIZED (
    SELECT {by} AS code, k.kind, k.state, k.late_at IS NULL AS owed FROM clock k CROSS JOIN LATERAL (
        SELECT c.request_type, c.office, c.channel, c.owner, c.resolved_by FROM "case" c WHERE c.id = k.case_id LIMIT 1
    ) AS own
    WHERE k.ended_at >= $1 AND k.ended_at < $2 AND k.state IN ('met', 'breached'){only}
)
SELECT code, kind AS clock, grouping(code) AS whole, count(*)::int AS ended,
    count(*) FILTER (WHERE state = 'met')::int AS met,
    count(*) FILTER (WHERE state = 'breached')::int AS breached,
    count(*) FILTER (WHERE state = 'breached' AND owed)::int AS owed
FROM ended GROUP BY GROUPING SETS ((code, kind), (kind)) ORDER BY whole DESC, code, kind LIMIT $3
"""


async def sla(session: AsyncSession, wish: Wish) -> Report:
    """The clocks that ended in the period, of each kind apart."""
    rows = await counted(session, _CLOCKS, DIMENSIONS, wish)
    return report(wish, [_told(row) for row in rows], base="ended", keep=("clock",))


def _told(row: asyncpg.Record) -> dict[str, Any]:
    names = ("code", "whole", "clock", "ended", "met", "breached", "owed")
    return {**{name: row[name] for name in names}, "met_rate": share(row["met"], row["ended"])}
