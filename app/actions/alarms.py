"""Alarms: something a named person, or the supervisors, must look at. Each is raised once for its reason.

Decides how an alarm is raised and done, and that the supervisors are told in the place of whoever works here no more, or has not
been at work for long. Who is told of what, the actions that raise them decide. The caller of `raise_alarm` holds the lock of the
case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.db import uuid7
from app.errors import Forbidden, NotFound
from app.queries.rules import raw, rules_for
from app.security import SYSTEM, Actor
from app.tables import Alarm, Case

_RAISE: Final = """
INSERT INTO alarm (id, key, kind, case_id, representative, raised_at, data)
SELECT t.id, key, kind, case_id, there.code, $1::timestamptz,
    data::jsonb || CASE WHEN there.code IS NULL AND t.representative IS NOT NULL
        THEN jsonb_build_object('instead_of', t.representative) ELSE '{}' END
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
    AS t (id, key, kind, case_id, representative, data)
LEFT JOIN representative AS there ON there.code = t.representative AND NOT there.retired
    AND (there.presence = 'available' OR there.presence_at > $1::timestamptz - make_interval(secs => $8))
ON CONFLICT (key) DO NOTHING RETURNING key, id, representative
"""
_OVER: Final = "UPDATE alarm SET done_at = $2, done_by = 'system' WHERE key = ANY ($1::text[]) AND done_at IS NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlarm:
    """One alarm to be raised, once for its `key`. `representative` None: for the supervisors.

    Where they are told in somebody's place, the alarm's data say in whose: `instead_of`.
    """

    kind: str
    key: str
    case: Case | None
    representative: str | None
    data: Mapping[str, Any] = field(default_factory=dict)


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
    new = NewAlarm(kind=kind, key=key, case=case, representative=representative, data=data or {})
    return await raise_alarms(session, [new], now=now, actor=actor) > 0


async def raise_alarms(
    session: AsyncSession, alarms: Sequence[NewAlarm], *, now: datetime, actor: Actor = SYSTEM
) -> int:
    """All of them, in one statement; those that were raised before stay as they are. Returns how many are new."""
    wanted: dict[str, NewAlarm] = {}
    for alarm in alarms:
        wanted.setdefault(alarm.key, alarm)  # of one key the first is raised, and every case it is about tells of it
    if not wanted:
        return 0
    await session.flush()  # the cases they are about may be new
    new = list(wanted.values())
    rows = await (await raw(session)).fetch(
        _RAISE,
        now,
        [uuid7() for _ in new],
        [each.key for each in new],
        [each.kind for each in new],
        [each.case.id if each.case else None for each in new],
        [each.representative for each in new],
        [orjson.dumps(dict(each.data)).decode() for each in new],
        (await rules_for(session)).resolution.absent_seconds,
    )
    raised = {row["key"]: row for row in rows}
    about = {(alarm.key, alarm.case.id): alarm.case for alarm in alarms if alarm.case is not None}
    for (key, _), case in about.items():
        if key in raised:
            fact = {"alarm": str(raised[key]["id"]), "kind": wanted[key].kind}
            fact |= {"representative": person} if (person := raised[key]["representative"]) else {}
            advance(session, case, "alarmed", now=now, actor=actor, data=fact)
    return len(raised)


async def over(session: AsyncSession, keys: Sequence[str], *, now: datetime) -> None:
    """What these told is over by itself: nobody need look any more. One that was never raised, or is done, stays as it is."""
    if keys:
        await (await raw(session)).execute(_OVER, list(keys), now)


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
