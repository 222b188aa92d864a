"""Customers who are likely touched by an incident and have not called: whose earlier cases name what it touches.

Decides who is listed, each once whatever they were known as. Looks through a bounded number of cases a page, by an index, the newest first: of an area or
a product those that name it, else the cases as they came. Never writes.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import cursors
from app.queries.rules import raw, rules_for
from app.tables import Incident
from routing.resolution.matching import below

LOOKED_AT: Final = 2_000
"""Cases a page looks through at most."""
_LAST: Final = UUID(int=2**128 - 1)

# A customer is listed with the newest of their cases that fits; who has one that is about it has called. Theirs are the cases
# of everybody who was taken into them, too.
_LIKELY: Final = """
WITH looked AS MATERIALIZED (
    SELECT c.id, c.customer_id, c.request_type, c.area, c.product, c.channel, c.opened_at, c.erased_at
    FROM {source} WHERE c.id < $2 ORDER BY c.id DESC LIMIT $3
), fitting AS (
    SELECT l.*, coalesce(p.merged_into, p.id) AS person FROM looked l JOIN customer p ON p.id = l.customer_id
    WHERE l.opened_at < $4 AND l.erased_at IS NULL AND p.state <> 'erased'
    AND (cardinality($5::text[]) = 0 OR l.request_type = ANY ($5))
    AND (cardinality($6::text[]) = 0 OR l.area = ANY ($6))
    AND (cardinality($7::text[]) = 0 OR l.product = ANY ($7))
    AND (cardinality($8::text[]) = 0 OR l.channel = ANY ($8))
    AND NOT EXISTS (
        SELECT FROM customer k JOIN "case" n ON n.customer_id = k.id
        WHERE (k.id = coalesce(p.merged_into, p.id) OR k.merged_into = coalesce(p.merged_into, p.id))
        AND n.id > l.id AND n.opened_at < $4 AND n.erased_at IS NULL
        AND (cardinality($5::text[]) = 0 OR n.request_type = ANY ($5))
        AND (cardinality($6::text[]) = 0 OR n.area = ANY ($6))
        AND (cardinality($7::text[]) = 0 OR n.product = ANY ($7))
        AND (cardinality($8::text[]) = 0 OR n.channel = ANY ($8)))
    AND NOT EXISTS (
        SELECT FROM customer k JOIN "case" m ON m.customer_id = k.id JOIN incident_case a ON a.case_id = m.id
        WHERE (k.id = coalesce(p.merged_into, p.id) OR k.merged_into = coalesce(p.merged_into, p.id))
        AND a.incident_id = $1 AND a.detached_at IS NULL)
    ORDER BY l.id DESC LIMIT $9
)
SELECT f.id AS case_id, f.person AS customer_id, f.request_type, f.area, f.product, f.opened_at,
    (SELECT max(r.told_at) FROM customer k JOIN incident_reach r ON r.incident_id = $1 AND r.customer_id = k.id
     WHERE k.id = f.person OR k.merged_into = f.person) AS told_at,
    (SELECT min(id::text) FROM looked)::uuid AS lowest, (SELECT count(*) FROM looked) AS looked
FROM (SELECT 1) AS one LEFT JOIN fitting f ON true
ORDER BY f.id DESC
"""
_ANY: Final = _LIKELY.format(source='"case" c')
_BY_PRODUCT: Final = _LIKELY.format(
    source='(SELECT * FROM "case" WHERE product IS NOT NULL AND product = ANY ($7::text[])) AS c'
)
_BY_AREA: Final = _LIKELY.format(
    source='(SELECT * FROM "case" WHERE area IS NOT NULL AND area = ANY ($6::text[])) AS c'
)


async def likely(
    session: AsyncSession, incident_id: UUID, *, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of them, the newest case first; it may be empty and yet have a next one. Raises `NotFound`, `Invalid`."""
    row = await session.get(Incident, incident_id)
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.")
    last = cursors.decode(after, (UUID,))[0] if after is not None else _LAST
    rules = await rules_for(session)
    named = below(row.request_types, rules.requests) if row.request_types else []
    statement = _BY_PRODUCT if row.products else _BY_AREA if row.areas else _ANY
    rows = await (await raw(session)).fetch(
        statement, incident_id, last, LOOKED_AT, row.since, named, row.areas, row.products, row.channels, limit
    )
    found = [dict(each) for each in rows if each["case_id"] is not None]
    lowest, looked = rows[0]["lowest"], rows[0]["looked"]
    for each in found:
        del each["lowest"], each["looked"]
    if len(found) == limit:
        return found, cursors.encode(found[-1]["case_id"])
    return found, cursors.encode(lowest) if looked == LOOKED_AT else None
