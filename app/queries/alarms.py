"""Alarms that somebody must look at, the oldest first. Never writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries import cursors
from app.tables import Alarm

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LATEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""No alarm is raised later: a cursor that says so is at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which alarms. Nothing said: all that are open."""

    representative: str | None = None
    supervisors: bool = False
    """Only those that are for no representative."""
    case_id: UUID | None = None
    """Of this case, and then also those that are done."""
    kind: str | None = None


async def page(
    session: AsyncSession, wanted: Wanted, *, reader: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of them; a representative reads their own. Raises `Invalid` (`bad_cursor`)."""
    chosen = select(Alarm).where(*_conditions(wanted, reader))
    if after is not None:
        at, last = cursors.decode(after, (int, UUID))
        place = tuple_(col(Alarm.raised_at), col(Alarm.id))
        chosen = chosen.where(place > tuple_(_EPOCH + min(at, _LATEST) * _MICROSECOND, last))
    rows = (await session.exec(chosen.order_by(col(Alarm.raised_at), col(Alarm.id)).limit(limit + 1))).all()
    shown = rows[:limit]
    following = (
        cursors.encode((shown[-1].raised_at - _EPOCH) // _MICROSECOND, shown[-1].id) if len(rows) > limit else None
    )
    return [row.model_dump(exclude={"key"}) for row in shown], following


def _conditions(wanted: Wanted, reader: str | None) -> list[ColumnElement[bool]]:
    return [
        col(Alarm.done_at).is_(None) if wanted.case_id is None else col(Alarm.case_id) == wanted.case_id,
        *(col(Alarm.representative) == person for person in {wanted.representative, reader} - {None}),
        *([col(Alarm.representative).is_(None)] if wanted.supervisors else []),
        *([col(Alarm.kind) == wanted.kind] if wanted.kind is not None else []),
    ]
