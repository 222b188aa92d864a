"""First-contact resolution, counted honestly: the customer came once, it was solved, and they were not heard of it again.

Decides what is the same matter: a case, those taken into it, and those that follow it. A contact on it before it was called
solved, or within the days of its queue after, means that the first contact did not do. What nobody can know yet is counted
apart. Never writes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.reports.cases import DIMENSIONS
from app.queries.reports.opened import window
from app.queries.reports.rows import Report, Wish, counted, report
from app.queries.rules import rules_for
from routing.resolution.figures import share
from routing.rules.resolving import FollowUpRule

# What was reopened has no time of its resolution any more: the log has it. Each is looked up by the index of its own case.
_FIRST: Final = """
WITH matter AS MATERIALIZED (
    SELECT {by} AS code, c.id, c.opened_at, c.resolved_at, c.reopened, c.touches,
        coalesce(said.days, $9) * interval '1 day' AS quiet
    FROM "case" c LEFT JOIN LATERAL (
        SELECT days FROM unnest($7::text[], $8::float8[]) AS q (queue, days) WHERE q.queue = c.queue
    ) AS said ON true
    WHERE c.id >= $4 AND c.id < $5 AND c.opened_at >= $1 AND c.opened_at < $2 AND c.merged_into IS NULL AND c.follows IS NULL{only}
), known AS MATERIALIZED (
    SELECT m.code, m.quiet,
        CASE WHEN m.reopened = 0 THEN m.resolved_at ELSE (
            SELECT e.at FROM event e WHERE e.subject = 'case' AND e.subject_id = m.id::text
                AND e.kind IN ('resolved', 'check_passed') ORDER BY e.version LIMIT 1
        ) END AS solved_at,
        least(
            CASE WHEN m.touches > 0 THEN (
                SELECT t.at FROM touch t WHERE t.case_id = m.id ORDER BY t.number LIMIT 1
            ) END,
            CASE WHEN m.reopened > 0 THEN (
                SELECT e.at FROM event e WHERE e.subject = 'case' AND e.subject_id = m.id::text
                    AND e.kind = 'reopened' ORDER BY e.version LIMIT 1
            ) END,
            again.at
        ) AS again_at
    FROM matter m CROSS JOIN LATERAL (
        SELECT min(other.at) AS at FROM (
            SELECT greatest(taken.opened_at, m.opened_at) AS at FROM "case" taken WHERE taken.merged_into = m.id
            UNION ALL
            SELECT f.opened_at FROM "case" f WHERE f.follows = m.id
            UNION ALL
            SELECT f.opened_at FROM "case" taken JOIN "case" f ON f.follows = taken.id WHERE taken.merged_into = m.id
        ) AS other
    ) AS again
), decided AS (
    SELECT code,
        again_at IS NOT NULL AND (solved_at IS NULL OR again_at < solved_at + quiet) AS again,
        solved_at + quiet <= $6 AND (again_at IS NULL OR again_at >= solved_at + quiet) AS first
    FROM known
)
SELECT code, grouping(code) AS whole, count(*)::int AS opened,
    count(*) FILTER (WHERE again)::int AS again,
    count(*) FILTER (WHERE first IS TRUE)::int AS first
FROM decided GROUP BY GROUPING SETS ((code), ()) ORDER BY whole DESC, opened DESC, code LIMIT $3
"""


async def first_contact(session: AsyncSession, wish: Wish, *, now: datetime) -> Report:
    """For matters that began in the period: for how many the first contact did, did not, or cannot be told yet."""
    queues = (await rules_for(session)).resolution.queues
    rows = await counted(
        session,
        _FIRST,
        DIMENSIONS,
        wish,
        *window(wish.period),
        now,
        list(queues),
        [rule.first_contact_days for rule in queues.values()],
        FollowUpRule().first_contact_days,
    )
    return report(wish, [_told(row) for row in rows], base="opened")


def _told(row: asyncpg.Record) -> dict[str, Any]:
    first, again = row["first"], row["again"]
    return {
        **{name: row[name] for name in ("code", "whole", "opened")},
        "first_contact": first,
        "again": again,
        "undecided": row["opened"] - first - again,
        "first_contact_rate": share(first, first + again),
    }
