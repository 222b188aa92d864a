"""How a customer can be reached with a notice: by a letter, which is the only channel that can now.

Decides which address it is: where the last letter of the case came from, else an address the customer is known by. Never
writes. A fixed number of statements, however many are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.db import Connection

CHANNEL: Final = "email"
REFERENCES_AT_MOST: Final = 5

_CASES: Final = 'ARRAY(SELECT c.id FROM "case" c WHERE c.id = asked.case_id OR c.merged_into = asked.case_id)'
_PEOPLE: Final = (
    "ARRAY(SELECT p.id FROM customer p WHERE p.id = asked.customer_id OR p.merged_into = asked.customer_id)"
)
# Of a machine's letter (a bounce, an absence note) the contact is cancelled: nobody reads what is sent there.
_WRITTEN: Final = f"""
SELECT asked.place, found.id, found.contact, found.reply_to, found.language
FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS asked (place, case_id, customer_id)
CROSS JOIN LATERAL (
    SELECT i.id, i.contact, i.reply_to, i.language FROM interaction i
    WHERE i.case_id = ANY ({_CASES}) AND i.channel = $4 AND i.reply_to IS NOT NULL AND i.state <> 'cancelled'
    ORDER BY i.arrived_at DESC, i.id DESC LIMIT 1) AS found
"""  # noqa: S608  (of our own words)
_KNOWN: Final = f"""
SELECT asked.place, latest.id, latest.contact, address.value AS reply_to, latest.language
FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS asked (place, case_id, customer_id)
CROSS JOIN LATERAL (
    SELECT value FROM identity WHERE kind = $4 AND customer_id = ANY ({_PEOPLE}) ORDER BY value LIMIT 1) AS address
CROSS JOIN LATERAL (
    SELECT * FROM (
        (SELECT i.id, i.contact, i.language, i.arrived_at FROM interaction i WHERE i.case_id = ANY ({_CASES})
         ORDER BY i.arrived_at DESC, i.id DESC LIMIT 1)
        UNION ALL
        (SELECT i.id, i.contact, i.language, i.arrived_at FROM interaction i
         WHERE i.customer_id = ANY ({_PEOPLE}) AND asked.case_id IS NULL
         ORDER BY i.arrived_at DESC, i.id DESC LIMIT 1)) AS either
    ORDER BY arrived_at DESC LIMIT 1) AS latest
"""  # noqa: S608  (of our own words)
_THREAD: Final = f"""
SELECT asked.case_id, ARRAY(
    SELECT m.reference FROM message m WHERE m.case_id = ANY ({_CASES}) AND m.reference IS NOT NULL
    ORDER BY m.at DESC, m.id DESC LIMIT $2) AS names
FROM unnest($1::uuid[]) AS asked (case_id)
"""  # noqa: S608  (of our own words)
_PERSONS: Final = """
SELECT asked.id AS asked, p.id, p.language, p.news_by, p.state
FROM unnest($1::uuid[]) AS asked (id) JOIN customer q ON q.id = asked.id JOIN customer p ON p.id = coalesce(q.merged_into, q.id)
"""
_REACHED: Final = "SELECT customer_id, at FROM reached WHERE customer_id = ANY ($1::uuid[]) AND at >= $2"
# Whoever has no customer's row is counted by the letters to their contact.
_SENT: Final = """
SELECT interaction_id AS customer_id, next_at AS at FROM outbox
WHERE interaction_id = ANY ($1::uuid[]) AND next_at >= $2 AND dedupe_key LIKE 'noticed:%'
"""
_PLACES: Final = "SELECT code, timezone FROM office ORDER BY place, code"


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Where a letter goes, and in the name of which contact."""

    interaction_id: UUID
    contact: str
    recipient: str
    language: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Who a customer is now. `news_by`: "message", "person", or as the rules say."""

    id: UUID
    language: str | None
    news_by: str | None
    erased: bool


async def ways(connection: Connection, asked: Sequence[tuple[UUID | None, UUID | None]]) -> list[Way | None]:
    """For each (case, customer) the way to them, or None. A case is asked for its whole family."""
    arrays: list[list[Any]] = [
        list(range(len(asked))),
        [case for case, _ in asked],
        [customer for _, customer in asked],
    ]
    found = {row["place"]: _way(row) for row in await connection.fetch(_WRITTEN, *arrays, CHANNEL)}
    rest = [place for place in range(len(asked)) if place not in found]
    if rest:
        left = [[column[place] for place in rest] for column in arrays]
        found |= {row["place"]: _way(row) for row in await connection.fetch(_KNOWN, *left, CHANNEL)}
    return [found.get(place) for place in range(len(asked))]


async def threads(connection: Connection, cases: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """The last letters of each case and of those taken into it, oldest first: what a notice answers."""
    rows = await connection.fetch(_THREAD, cases, REFERENCES_AT_MOST)
    found: dict[UUID, list[str]] = {row["case_id"]: row["names"] for row in rows}
    return {case: names[::-1] for case, names in found.items()}


async def persons(connection: Connection, customers: Sequence[UUID]) -> Mapping[UUID, Known]:
    """Who these customers are now; a merged one is the one they were taken into."""
    return {
        row["asked"]: Known(
            id=row["id"], language=row["language"], news_by=row["news_by"], erased=row["state"] == "erased"
        )
        for row in await connection.fetch(_PERSONS, list(set(customers)))
    }


async def reached(
    connection: Connection, customers: Sequence[UUID], contacts: Sequence[UUID], *, since: datetime
) -> list[tuple[UUID, datetime]]:
    """When each customer, and each contact of somebody unknown, was or will be sent a notice, from `since` on."""
    counted = await connection.fetch(_REACHED, customers, since) if customers else []
    sent = await connection.fetch(_SENT, contacts, since) if contacts else []
    return [(row["customer_id"], row["at"]) for row in (*counted, *sent)]


async def places(connection: Connection) -> dict[str, str]:
    """The time zone of each office, the first office first."""
    return {row["code"]: row["timezone"] for row in await connection.fetch(_PLACES)}


def _way(row: asyncpg.Record) -> Way:
    return Way(interaction_id=row["id"], contact=row["contact"], recipient=row["reply_to"], language=row["language"])
