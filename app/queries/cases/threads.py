"""Which case a message belongs to, as far as it can prove it.

Decides by the case's token, or by the ids of letters on the case that the sender answers, and then only if the sender is
that case's customer, by whatever name they were known, or somebody they agreed may speak for them. An address alone proves
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db import Connection
from channels.base import Wrote

_PROVEN: Final = """
SELECT id FROM "case" WHERE token = $1
"""
_ANSWERED: Final = """
WITH sender AS MATERIALIZED (
    SELECT coalesce(c.merged_into, c.id) AS id FROM identity i JOIN customer c ON c.id = i.customer_id
    WHERE i.kind = 'email' AND i.value = $2
)
SELECT message.case_id AS id
FROM message JOIN "case" ON "case".id = message.case_id JOIN customer ON customer.id = "case".customer_id
WHERE message.reference = ANY($1::text[]) AND EXISTS (
    SELECT FROM sender WHERE sender.id = coalesce(customer.merged_into, customer.id) OR EXISTS (
        SELECT FROM proxy p JOIN customer speaker ON speaker.id = p.proxy_id JOIN customer spoken ON spoken.id = p.customer_id
        WHERE p.ended_at IS NULL AND coalesce(speaker.merged_into, speaker.id) = sender.id
        AND coalesce(spoken.merged_into, spoken.id) = coalesce(customer.merged_into, customer.id)
        AND p.customer_id = ANY (ARRAY(
            SELECT id FROM customer known WHERE known.merged_into = coalesce(customer.merged_into, customer.id)
            UNION ALL SELECT coalesce(customer.merged_into, customer.id)))))
ORDER BY message.at DESC LIMIT 1
"""
# Of the case itself, of the one it was taken into, and of all that were: whichever is still open on this channel, or
# written on any, where the words belong anywhere.
_OPEN: Final = """
WITH led AS MATERIALIZED (
    SELECT s.id FROM "case" c JOIN "case" s ON s.id = coalesce(c.merged_into, c.id)
    WHERE c.id = $1 AND NOT (s.state = 'closed' AND coalesce(s.reopen_until < wall_clock(), false))
)
SELECT id FROM interaction
WHERE case_id = ANY (ARRAY(SELECT id FROM led UNION ALL SELECT c.id FROM "case" c JOIN led ON c.merged_into = led.id))
    AND (channel = $2 OR ($3 AND NOT live)) AND state NOT IN ('completed', 'abandoned', 'cancelled')
ORDER BY id DESC LIMIT 1
"""
# The newest case that follows one that stays closed: it is what the customer is in touch with us about now.
_NEWEST: Final = """
WITH RECURSIVE led AS (
    SELECT s.id, s.state, s.reopen_until, 1 AS step FROM "case" c JOIN "case" s ON s.id = coalesce(c.merged_into, c.id) WHERE c.id = $1
    UNION ALL
    SELECT s.id, s.state, s.reopen_until, led.step + 1 FROM led CROSS JOIN LATERAL (
        SELECT f.id, f.merged_into FROM "case" f WHERE f.follows = led.id ORDER BY f.id DESC LIMIT 1
    ) AS next JOIN "case" s ON s.id = coalesce(next.merged_into, next.id)
    WHERE led.step < 8 AND led.state = 'closed' AND led.reopen_until < wall_clock()
)
SELECT id FROM led ORDER BY step DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """The case a message belongs to and its open interaction on the same channel; None where there is none."""

    case_id: UUID | None
    interaction_id: UUID | None


async def thread(connection: Connection, channel: str, wrote: Wrote) -> Thread:
    """Where the message belongs; both None: it opens a case of its own."""
    case_id = None
    if wrote.case_token:
        case_id = await connection.fetchval(_PROVEN, wrote.case_token)
    if case_id is None and wrote.references and wrote.person and wrote.person.email:
        case_id = await connection.fetchval(_ANSWERED, list(wrote.references), wrote.person.email)
    if case_id is None:
        return Thread(case_id=None, interaction_id=None)
    newest = await connection.fetchval(_NEWEST, case_id)
    found = await connection.fetchval(_OPEN, newest, channel, wrote.anywhere)
    return Thread(case_id=newest, interaction_id=found)
