"""How often the customer had to turn to us about a matter, and what had happened since the last time. Never writes.

A case and those taken into it are one matter here: each keeps its own touches, and the first contact of one that was taken
in is a touch of it, as long as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.readers import may_see_case
from app.queries.rules import raw, rules_for
from app.tables import Case, Touch
from routing.resolution.touches import Since

MOST_SHOWN: Final = 1_000

_FIRST = """
SELECT DISTINCT ON (case_id) id FROM interaction WHERE case_id = ANY($1::uuid[]) ORDER BY case_id, arrived_at, id
"""
_WORDS = """
SELECT id, interaction_id, coalesce(subject, '') || ' ' || body AS words, (attributes ->> 'automatic') = 'true' AS automatic
FROM message WHERE id = ANY($1::uuid[])
"""
_FIRST_WORDS = """
SELECT coalesce(subject, '') || ' ' || body FROM message
WHERE interaction_id = $1 AND direction = 'in' AND at <= $2 ORDER BY at, id LIMIT 1
"""
_LAST_TURN = """
SELECT greatest(
    (SELECT max(at) FROM touch WHERE case_id = ANY($1::uuid[]) AND kind <> 'asked' AND at < $2),
    (SELECT max(arrived_at) FROM interaction WHERE case_id = ANY($1::uuid[]) AND arrived_at < $2)
)
"""
_SINCE = """
SELECT kind, data FROM (
    SELECT kind, data, at, seq FROM event
    WHERE subject = 'case' AND subject_id = ANY($1::text[]) AND kind IN ('promise_broken', 'reopened', 'awaited')
    UNION ALL
    SELECT event.kind, event.data, event.at, event.seq FROM interaction JOIN event ON event.subject_id = interaction.id::text
    WHERE interaction.case_id = ANY($2::uuid[]) AND event.subject = 'interaction'
        AND (event.kind IN ('transferred', 'answered') OR (event.kind = 'accepted' AND interaction.live))
) AS told WHERE at > $3 AND at <= $4 ORDER BY at, seq
"""
_FAMILIES = """
SELECT wish.id AS wish, array_agg(one.id) AS ids
FROM unnest($1::uuid[]) AS wish (id)
JOIN "case" AS own ON own.id = wish.id
CROSS JOIN LATERAL (
    SELECT coalesce(own.merged_into, own.id) AS id
    UNION ALL
    SELECT taken.id FROM "case" AS taken WHERE taken.merged_into = coalesce(own.merged_into, own.id)
) AS one
GROUP BY wish.id
"""
_COUNT = """
SELECT wish.id, sum(own.touches)::int AS touches
FROM unnest($1::uuid[]) AS wish (id)
CROSS JOIN LATERAL (
    SELECT touches FROM "case" WHERE id = wish.id
    UNION ALL
    SELECT touches FROM "case" WHERE merged_into = wish.id
) AS own
GROUP BY wish.id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A message of a customer's, as it was written. `automatic`: by a machine."""

    text: str
    automatic: bool


async def first_contacts(session: AsyncSession, case_ids: Collection[UUID]) -> set[UUID]:
    """The first contact of each of these cases: what is no touch."""
    rows = await (await raw(session)).fetch(_FIRST, list(case_ids)) if case_ids else []
    return {row["id"] for row in rows}


async def words_of(session: AsyncSession, messages: Collection[UUID]) -> dict[UUID, Words]:
    """These messages, by id."""
    rows = await (await raw(session)).fetch(_WORDS, list(messages)) if messages else []
    return {row["id"]: Words(text=row["words"], automatic=bool(row["automatic"])) for row in rows}


async def first_words(session: AsyncSession, interaction: UUID, *, until: datetime) -> str:
    """What a contact brought with it; empty for one that brought no words."""
    return await (await raw(session)).fetchval(_FIRST_WORDS, interaction, until) or ""


async def since_last_turn(session: AsyncSession, case_ids: Sequence[UUID], *, at: datetime) -> Since:
    """What happened to this matter since the customer turned to us the last time before `at`."""
    connection = await raw(session)
    last = await connection.fetchval(_LAST_TURN, list(case_ids), at)
    if last is None:
        return Since()
    rows = await connection.fetch(_SINCE, [str(each) for each in case_ids], list(case_ids), last, at)
    return _since(rows)


async def families(session: AsyncSession, case_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The cases that are one matter with each of these, itself among them."""
    rows = await (await raw(session)).fetch(_FAMILIES, list(case_ids)) if case_ids else []
    return {row["wish"]: row["ids"] for row in rows}


async def count_touches(session: AsyncSession, case_ids: Collection[UUID]) -> dict[UUID, int]:
    """Of the whole matter of each of these, which none of them was taken out of: what a budget is held against."""
    rows = await (await raw(session)).fetch(_COUNT, list(case_ids)) if case_ids else []
    return {row["id"]: row["touches"] for row in rows}


async def touches_of(session: AsyncSession, case_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """All touches of a matter, oldest first, and how it stands to its budget. Raises `NotFound`."""
    ids = await may_see_case(session, case_id, reader=reader)
    case = await session.get_one(Case, ids[0])
    chosen = select(Touch).where(col(Touch.case_id).in_(ids)).order_by(col(Touch.at), col(Touch.id)).limit(MOST_SHOWN)
    rules = await rules_for(session)
    return {
        "items": [row.model_dump() for row in await session.exec(chosen)],
        "next": None,
        "count": (await count_touches(session, ids[:1]))[ids[0]],
        "budget": rules.resolution.of(case.request_type).touches,
        "supervised": case.supervised,
    }


def _since(rows: Sequence[asyncpg.Record]) -> Since:
    kinds = [row["kind"] for row in rows]
    return Since(
        promises_broken=kinds.count("promise_broken"),
        handed_over=sum(row["kind"] == "transferred" and "consultation" not in row["data"] for row in rows),
        reopened="reopened" in kinds,
        asked=next((asked for row in reversed(rows) if (asked := _asked(row["kind"], row["data"])) is not None), None),
        answered="answered" in kinds or "accepted" in kinds,
    )


def _asked(kind: str, data: Mapping[str, Any]) -> str | None:
    if kind == "answered":
        return data.get("asks")
    return data.get("cause", "our_question") if kind == "awaited" else None
