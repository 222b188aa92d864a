"""How the queues stand, and the few numbers the house is watched by. Counts and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.queries import cursors

# Only those whose told time is over are judged: of the latest, else, only the quickly served would be seen.
_QUEUES = text("""
SELECT q.code AS id, q.name, q.target_seconds, line.waiting, line.offered, line.longest_wait_seconds,
    jsonb_build_object('available', staff.available, 'away', staff.away, 'offline', staff.offline) AS representatives,
    jsonb_build_object('told', kept.told, 'within_low', kept.low::float / nullif(kept.told, 0),
        'within_high', kept.high::float / nullif(kept.told, 0)) AS estimate
FROM queue q
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE i.state = 'queued') AS waiting, count(*) FILTER (WHERE i.state = 'offered') AS offered,
        coalesce(greatest(extract(epoch FROM wall_clock() - min(i.queued_at)), 0), 0)::float AS longest_wait_seconds
    FROM interaction i WHERE i.queue = q.code AND i.state IN ('queued', 'offered')
) AS line
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.presence = 'available') AS available,
        count(*) FILTER (WHERE r.presence = 'away') AS away, count(*) FILTER (WHERE r.presence = 'offline') AS offline
    FROM representative r WHERE q.code = ANY (r.queues) AND NOT r.retired
) AS staff
CROSS JOIN LATERAL (
    SELECT count(served.at) AS told, count(*) FILTER (WHERE served.at <= told.low_at) AS low,
        count(*) FILTER (WHERE served.at <= told.high_at) AS high
    FROM (
        SELECT * FROM told_wait t
        WHERE t.queue = q.code AND t.told_at > wall_clock() - interval '7 days' AND t.high_at <= wall_clock()
        ORDER BY t.told_at DESC LIMIT :most
    ) AS told
    CROSS JOIN LATERAL (
        SELECT min(a.answered_at) AS at FROM assignment a WHERE a.interaction_id = told.interaction_id
    ) AS served
) AS kept
WHERE q.code > :after ORDER BY q.code LIMIT :limit
""")
TOLD_AT_MOST = 1_000
"""Of each queue, the latest who were told a wait: enough to know a share to within three percent."""
_PULSE_QUEUES = """
SELECT q.code, count(i.id) AS waiting,
    coalesce(greatest(extract(epoch FROM wall_clock() - min(i.queued_at)), 0), 0)::float AS longest_wait_seconds
FROM queue q LEFT JOIN interaction i ON i.queue = q.code AND i.state = 'queued' GROUP BY q.code
"""
_PULSE_STAFF = "SELECT presence, count(*) AS number FROM representative WHERE NOT retired GROUP BY presence"
_PULSE_OUTBOX = "SELECT state, count(*) AS number FROM outbox WHERE state IN ('pending', 'sending') GROUP BY state"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """The numbers of one moment."""

    waiting: dict[str, int]
    longest_wait_seconds: dict[str, float]
    presence: dict[str, int]
    outbox: dict[str, int]


async def page(session: AsyncSession, *, after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """The queues by code. `longest_wait_seconds` is 0 where nobody waits."""
    last = cursors.decode(after, (str,))[0] if after is not None else ""
    found = await (await session.connection()).execute(
        _QUEUES, {"after": last, "limit": limit + 1, "most": TOLD_AT_MOST}
    )
    rows = found.mappings().all()
    following = cursors.encode(rows[limit - 1]["id"]) if len(rows) > limit else None
    return [dict(row) for row in rows[:limit]], following


async def pulse(connection: Connection) -> Pulse:
    """Who waits, who works, what is still to be sent."""
    queues = await connection.fetch(_PULSE_QUEUES)
    staff = {row["presence"]: row["number"] for row in await connection.fetch(_PULSE_STAFF)}
    outbox = {row["state"]: row["number"] for row in await connection.fetch(_PULSE_OUTBOX)}
    return Pulse(
        waiting={row["code"]: row["waiting"] for row in queues},
        longest_wait_seconds={row["code"]: row["longest_wait_seconds"] for row in queues},
        presence={name: staff.get(name, 0) for name in ("available", "away", "offline")},
        outbox={name: outbox.get(name, 0) for name in ("pending", "sending")},
    )
