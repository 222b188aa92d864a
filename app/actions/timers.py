"""Timers: what is to be done about a case at a time, as rows, so that a restart forgets none and no two do it twice.

Decides how a timer is set, moved and taken back. What is done when it is due, `app.actions.firing` knows. The caller holds
the lock of the case: a timer is only ever written under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import uuid7
from app.tables import Timer


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
    row = {"id": uuid7(), "key": key, "kind": kind, "case_id": case_id, "due_at": due_at, "data": dict(data or {})}
    made = insert(Timer).values(**row)
    again = made.on_conflict_do_update(
        index_elements=["key"], set_={"due_at": due_at, "data": made.excluded.data, "attempts": 0}
    )
    await session.exec(cast("Any", again))


async def cancel_timer(session: AsyncSession, key: str) -> None:
    """Take it back; where there is none, nothing happens."""
    await session.exec(cast("Any", delete(Timer).where(col(Timer.key) == key)))
