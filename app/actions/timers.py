"""Timers: what is to be done about a case at a time, as rows, so that a restart forgets none and no two do it twice.

Decides how a timer is set, moved and taken back. What is done when it is due, `app.actions.firing` knows. The caller holds
the lock of the case: a timer is only ever written under it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import uuid7
from app.tables import Timer

MOST_AT_ONCE = 5_000
"""Rows of one statement: PostgreSQL takes no more than 65,535 values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTimer:
    """One timer to be set, or moved to another time."""

    kind: str
    key: str
    due_at: datetime
    case_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


async def set_timer(
    session: AsyncSession,
    kind: str,
    *,
    key: str,
    due_at: datetime,
    case_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """One timer for this `key`: set, or moved to another time. `data` must be small: ids, codes and numbers."""
    await set_timers(session, [NewTimer(kind=kind, key=key, due_at=due_at, case_id=case_id, data=data or {})])


async def set_timers(session: AsyncSession, timers: Sequence[NewTimer]) -> None:
    """All of them, in one statement for thousands. Of one key the last counts."""
    rows = [
        {
            "id": uuid7(),
            "key": each.key,
            "kind": each.kind,
            "case_id": each.case_id,
            "due_at": each.due_at,
            "data": dict(each.data),
        }
        for each in {each.key: each for each in timers}.values()
    ]
    for start in range(0, len(rows), MOST_AT_ONCE):
        made = insert(Timer).values(rows[start : start + MOST_AT_ONCE])
        moved = {"due_at": made.excluded.due_at, "data": made.excluded.data, "attempts": 0}
        await session.exec(cast("Any", made.on_conflict_do_update(index_elements=["key"], set_=moved)))


async def cancel_timer(session: AsyncSession, key: str) -> None:
    """Take it back; where there is none, nothing happens."""
    await cancel_timers(session, [key])


async def cancel_timers(session: AsyncSession, keys: Sequence[str]) -> None:
    """Take them all back."""
    if keys:
        gone: Any = text("DELETE FROM timer WHERE key = ANY (:keys)").bindparams(keys=list(keys))
        await session.exec(gone)
