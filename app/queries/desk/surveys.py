"""What customers said of what was called solved, for those who lead: who is to be called, and every answer. Reads only.

Decides the order: who is to be called first stands first; answers by when they were asked for, the newest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries import alarms, cursors
from app.tables import Survey

MOST_LISTED: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescue:
    """Somebody who is not content, until when they are to be called, and what they said."""

    alarm: UUID
    case_id: UUID
    by: datetime
    survey: Survey | None


async def rescues(session: AsyncSession) -> list[Rescue]:
    """Those nobody has called yet, who is to be called first first; at most `MOST_LISTED` of the oldest."""
    rows, _ = await alarms.page(session, alarms.Wanted(kind="rescue"), reader=None, after=None, limit=MOST_LISTED)
    asked = {UUID(row["data"]["survey"]) for row in rows}
    chosen = select(Survey).where(col(Survey.id).in_(asked))
    surveys = {row.id: row for row in (await session.exec(chosen)).all()} if asked else {}
    found = [_rescue(row, surveys) for row in rows if row["case_id"] is not None]
    return sorted(found, key=lambda each: (each.by, each.alarm))


async def answered(session: AsyncSession, *, after: str | None) -> tuple[list[Survey], str | None]:
    """A page of what was answered. Raises `Invalid` (`bad_cursor`)."""
    chosen = select(Survey).where(Survey.state == "answered")
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Survey.id) < last)
    rows = (await session.exec(chosen.order_by(col(Survey.id).desc()).limit(MOST_LISTED + 1))).all()
    return list(rows[:MOST_LISTED]), cursors.encode(rows[MOST_LISTED - 1].id) if len(rows) > MOST_LISTED else None


def _rescue(row: Mapping[str, Any], surveys: Mapping[UUID, Survey]) -> Rescue:
    said = row["data"]
    return Rescue(
        alarm=row["id"],
        case_id=row["case_id"],
        by=datetime.fromisoformat(said["by"]),
        survey=surveys.get(UUID(said["survey"])),
    )
