"""Who works, and what they hold. Never tells a person's load to anybody but by counters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import cursors
from app.tables import Assignment, Interaction, Representative


async def page(
    session: AsyncSession,
    *,
    presence: str | None,
    queue: str | None,
    reader: str | None,
    after: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Those who work here, by code; a representative sees themselves."""
    chosen = select(Representative).where(col(Representative.retired).is_(False))
    if reader is not None:
        chosen = chosen.where(Representative.code == reader)
    if presence is not None:
        chosen = chosen.where(Representative.presence == presence)
    if queue is not None:
        chosen = chosen.where(col(Representative.queues).contains([queue]))
    if after is not None:
        (last,) = cursors.decode(after, (str,))
        chosen = chosen.where(col(Representative.code) > last)
    rows = (await session.exec(chosen.order_by(col(Representative.code)).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].code) if len(rows) > limit else None
    return [view(row) for row in rows[:limit]], following


async def one(session: AsyncSession, code: str, *, reader: str | None) -> dict[str, Any]:
    """One representative; raises `NotFound`, also for a representative who asks for another."""
    found = await session.get(Representative, code)
    if found is None or reader not in (None, code):
        raise NotFound(f"There is no representative {code}.")
    return view(found)


def view(row: Representative) -> dict[str, Any]:
    """The row as it is shown."""
    return {**row.model_dump(), "id": row.code}


async def assignments(
    session: AsyncSession, code: str, *, live: bool | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """What they are asked to take, hold or held: newest first. `live` False: only what is over."""
    chosen = select(Assignment).where(Assignment.representative == code)
    if live is not None:
        ended = col(Assignment.ended_at)
        chosen = chosen.where(ended.is_(None) if live else ended.is_not(None))
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Assignment.id) < last)
    rows = (await session.exec(chosen.order_by(col(Assignment.id).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].id) if len(rows) > limit else None
    return [row.model_dump() for row in rows[:limit]], following


async def assignment(session: AsyncSession, assignment_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One assignment; raises `NotFound`, also for a representative whose it is not."""
    found = await session.get(Assignment, assignment_id)
    if found is None or reader not in (None, found.representative):
        raise NotFound(f"There is no assignment {assignment_id}.")
    return found.model_dump()


async def preferred_by(session: AsyncSession, interaction_id: UUID, representative: str) -> bool:
    """Whether an interaction was laid aside by this representative, so that they may take it up again."""
    asked = select(func.count()).where(
        col(Interaction.id) == interaction_id, col(Interaction.preferred) == representative
    )
    return bool((await session.exec(asked)).one())
