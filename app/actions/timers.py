"""Timers: what is to be done about a case at a time, as rows, so that a restart forgets none and no two do it twice.

Decides how a timer is set, moved and taken back. What is done when it is due, `app.actions.firing` knows. The caller holds
the lock of the case: a timer is only ever written under it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import uuid7
from app.queries.rules import raw

_SET: Final = """
INSERT INTO timer (id, key, kind, case_id, due_at, data)
SELECT id, key, kind, case_id, due_at, data::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[])
    AS t (id, key, kind, case_id, due_at, data)
ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at, data = excluded.data, attempts = 0
"""
_CANCEL: Final = "DELETE FROM timer WHERE key = ANY ($1::text[])"


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
    """All of them, in one statement. Of one key the last counts."""
    rows = list({each.key: each for each in timers}.values())
    if rows:
        await session.flush()  # the cases they belong to may be new
        await (await raw(session)).execute(
            _SET,
            [uuid7() for _ in rows],
            [row.key for row in rows],
            [row.kind for row in rows],
            [row.case_id for row in rows],
            [row.due_at for row in rows],
            [orjson.dumps(dict(row.data)).decode() for row in rows],
        )


async def cancel_timer(session: AsyncSession, key: str) -> None:
    """Take it back; where there is none, nothing happens."""
    await cancel_timers(session, [key])


async def cancel_timers(session: AsyncSession, keys: Sequence[str]) -> None:
    """Take them all back."""
    if keys:
        await (await raw(session)).execute(_CANCEL, list(keys))
