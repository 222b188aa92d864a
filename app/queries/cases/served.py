"""Who has served a case: took a contact of it, or of one that was taken into it. Never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.cases.families import family
from app.queries.rules import raw
from app.tables import Assignment, Case, Interaction

_FIRST_ANSWERS: Final = """
SELECT i.case_id, min(e.at) AS at FROM interaction i
JOIN event e ON e.subject = 'interaction' AND e.subject_id = i.id::text AND (e.kind = 'answered' OR (e.kind = 'accepted' AND i.live))
WHERE i.case_id = ANY ($1::uuid[]) GROUP BY i.case_id
"""


async def last_served(session: AsyncSession, case_id: UUID) -> str | None:
    """The representative who took a contact of it last; None: nobody did."""
    newest = (await _taken(session, case_id)).order_by(col(Assignment.answered_at).desc(), col(Assignment.id).desc())
    found: str | None = (await session.exec(newest.limit(1))).first()
    return found


async def has_served(session: AsyncSession, case: Case, representative: str) -> bool:
    """Whether this representative ever took a contact of it, or owns it."""
    if case.owner == representative:
        return True
    chosen = (await _taken(session, case.id)).where(Assignment.representative == representative)
    return (await session.exec(chosen.limit(1))).first() is not None


async def first_answers(session: AsyncSession, cases: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """When somebody first answered a contact that is now on each of these, wherever it was then; by case."""
    rows = await (await raw(session)).fetch(_FIRST_ANSWERS, list(cases)) if cases else []
    return {row["case_id"]: row["at"] for row in rows}


async def _taken(session: AsyncSession, case_id: UUID) -> Any:
    """Their codes, of every assignment that was answered by taking it."""
    return (
        select(Assignment.representative)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .where(
            col(Interaction.case_id).in_(await family(session, case_id)),
            col(Assignment.answered_at).is_not(None),
            col(Assignment.outcome).is_distinct_from("declined"),
        )
    )
