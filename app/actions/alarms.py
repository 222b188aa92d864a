"""Alarms: something a named person, or the supervisors, must look at. Each is raised once for its reason.

Decides how an alarm is raised and done. Who is told of what, the actions that raise them decide. The caller of
`raise_alarm` holds the lock of the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.db import uuid7
from app.errors import Forbidden, NotFound
from app.security import SYSTEM, Actor
from app.tables import Alarm, Case


async def raise_alarm(
    session: AsyncSession,
    kind: str,
    *,
    key: str,
    case: Case | None,
    representative: str | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    actor: Actor = SYSTEM,
) -> bool:
    """Raise it, once for this `key`; False: it was raised before. `representative` None: for the supervisors."""
    row = {
        "id": uuid7(),
        "key": key,
        "kind": kind,
        "case_id": case.id if case else None,
        "representative": representative,
        "raised_at": now,
        "data": dict(data or {}),
    }
    made = insert(Alarm).values(**row).on_conflict_do_nothing(index_elements=["key"]).returning(col(Alarm.id))
    if (await session.exec(cast("Any", made))).first() is None:
        return False
    if case is not None:
        fact = {"alarm": str(row["id"]), "kind": kind, **({"representative": representative} if representative else {})}
        advance(session, case, "alarmed", now=now, actor=actor, data=fact)
    return True


async def end_alarm(session: AsyncSession, alarm_id: UUID, *, actor: Actor, now: datetime) -> Alarm:
    """Somebody has looked. Again: the same row. Raises `NotFound`, `Forbidden`."""
    row = await session.get(Alarm, alarm_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no alarm {alarm_id}.")
    if actor.representative is not None and row.representative != actor.representative:
        raise Forbidden("This alarm is not for you.", code="not_yours")
    if row.done_at is None:
        row.done_at, row.done_by = now, actor.label
        session.add(row)
        await session.flush()
    return row
