"""How often customers had to turn to us again, and why: what a process is mended by.

Decides that a touch counts where and when it happened, whatever became of its case, and with the cause that stands now: who
knew better has the last word. Never writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.rows import Report, Wish, counted, report
from routing.resolution.figures import share

DIMENSIONS: Final = {
    "cause": "t.cause",
    "request_type": "t.request_type",
    "queue": "t.queue",
    "office": "t.office",
    "channel": "t.channel",
    "representative": "t.representative",
}

_TOUCHES: Final = """
WITH counted AS MATERIALIZED (
    SELECT {by} AS code, t.kind, t.caused_by, own.matter
    FROM touch t CROSS JOIN LATERAL (
        SELECT coalesce(c.merged_into, c.id) AS matter FROM "case" c WHERE c.id = t.case_id LIMIT 1
    ) AS own
    WHERE t.at >= $1 AND t.at < $2{only}
)
SELECT code, grouping(code) AS whole, count(*)::int AS touches, count(DISTINCT matter)::int AS cases,
    count(*) FILTER (WHERE kind = 'contact')::int AS contacts,
    count(*) FILTER (WHERE kind = 'message')::int AS messages,
    count(*) FILTER (WHERE kind = 'asked')::int AS asked,
    count(*) FILTER (WHERE caused_by <> 'rule')::int AS by_a_person
FROM counted GROUP BY GROUPING SETS ((code), ()) ORDER BY whole DESC, touches DESC, code LIMIT $3
"""


async def touches(session: AsyncSession, wish: Wish) -> Report:
    """The touches of the period; `share` is of all that the report is about."""
    rows = await counted(session, _TOUCHES, DIMENSIONS, wish)
    return report(wish, _told(rows), base="touches")


def _told(rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    every = next(row["touches"] for row in rows if row["whole"])
    names = ("code", "whole", "touches", "cases", "contacts", "messages", "asked", "by_a_person")
    return [{**{name: row[name] for name in names}, "share": share(row["touches"], every)} for row in rows]
