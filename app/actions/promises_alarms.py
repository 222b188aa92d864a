"""Many alarms at once, in one statement: what `app.actions.alarms.raise_alarm` does for one.

Decides nothing: who is told of what, the caller knows, who holds the locks of the cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.db import uuid7
from app.queries.rules import raw
from app.security import SYSTEM
from app.tables import Case

_RAISE: Final = """
INSERT INTO alarm (id, key, kind, case_id, representative, raised_at, data)
SELECT id, key, kind, case_id, representative, $1, data::jsonb
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
    AS t (id, key, kind, case_id, representative, data)
ON CONFLICT (key) DO NOTHING RETURNING key
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlarm:
    """One alarm, raised once for its `key`. `representative` None: for the supervisors. `data`: ids, codes and numbers."""

    kind: str
    key: str
    case: Case
    representative: str | None
    data: Mapping[str, Any] = field(default_factory=dict)


async def raise_alarms(session: AsyncSession, alarms: Sequence[NewAlarm], *, now: datetime) -> None:
    """Raise those that were not raised before; each is told on its case."""
    if not alarms:
        return
    ids = [uuid7() for _ in alarms]
    rows = await (await raw(session)).fetch(
        _RAISE,
        now,
        ids,
        [each.key for each in alarms],
        [each.kind for each in alarms],
        [each.case.id for each in alarms],
        [each.representative for each in alarms],
        [orjson.dumps(each.data).decode() for each in alarms],
    )
    new = {row["key"] for row in rows}
    for made, each in zip(ids, alarms, strict=True):
        if each.key in new:
            person = {"representative": each.representative} if each.representative else {}
            fact = {"alarm": str(made), "kind": each.kind, **person}
            advance(session, each.case, "alarmed", now=now, actor=SYSTEM, data=fact)
