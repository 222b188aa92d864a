"""What is done when a timer is due, by its kind: one handler each, in the file of its concern.

Decides which timers are due and that each is done once: the case is locked first, then its timers are taken and deleted in
the transaction of what they did. A case that somebody else works on is left for the next turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases import unserved
from app.actions.checks import heed as checks_heeding
from app.actions.clocks import due as clocks_due
from app.actions.heard import Due, Handler
from app.actions.promises import due as promises_due
from app.actions.record import gathering
from app.actions.surveys import end as survey_end
from app.db import Connection
from app.queries.rules import raw, rules_for
from app.tables import Case

# The clock is asked once, not for each row: else what is due next year is looked at twice a second.
# Whatever is due of one case comes together: else a case that has a lot is locked, read and written again for each of it.
_DUE = """
WITH oldest AS MATERIALIZED (
    SELECT id, case_id, due_at FROM timer WHERE due_at <= (SELECT wall_clock()) ORDER BY due_at, id LIMIT $1),
chosen AS (SELECT case_id, min(due_at) AS first FROM oldest WHERE case_id IS NOT NULL GROUP BY case_id),
every AS (
    SELECT timer.id, case_id, first, due_at FROM chosen JOIN timer USING (case_id) WHERE due_at <= (SELECT wall_clock())
    UNION ALL SELECT id, NULL, due_at, due_at FROM oldest WHERE case_id IS NULL)
SELECT id, case_id FROM every ORDER BY first, case_id, due_at, id LIMIT $1
"""
# Those of the cases that were locked, and those of no case; whoever holds one of the latter is left alone.
_TAKE = """
DELETE FROM timer WHERE id IN (
    SELECT id FROM timer WHERE id = ANY($1::uuid[]) AND due_at <= wall_clock() AND (case_id IS NULL OR case_id = ANY($2::uuid[]))
    ORDER BY due_at, id FOR UPDATE SKIP LOCKED)
RETURNING id, key, kind, case_id, due_at, data
"""
_PUT_OFF = """
UPDATE timer SET attempts = attempts + 1, due_at = wall_clock() + interval '1 second' * least(3600, 5 * 2 ^ least(attempts, 10))
WHERE id = ANY($1::uuid[])
"""


HANDLERS: Final[Mapping[str, Handler]] = {
    **clocks_due.HANDLERS,
    survey_end.KIND: survey_end.survey_closes,
    unserved.KIND: unserved.closes,
    "check_late": checks_heeding.late,
    "promise_near": promises_due.near,
    "promise_left": promises_due.left,
    "promise_due": promises_due.due,
}
"""By kind of timer. A handler is given all that are due of its kind at once, and must be right for each by itself."""


async def due(connection: Connection, *, limit: int) -> Sequence[asyncpg.Record]:
    """The next timers that are due, case by case, the one that has waited longest first: `id`, `case_id`. Takes nothing."""
    return await connection.fetch(_DUE, limit)


async def fire(session: AsyncSession, wanted: Sequence[asyncpg.Record], *, now: datetime) -> int:
    """Do those of `wanted` that are still due and whose case nobody else holds; returns how many."""
    ids = sorted({row["case_id"] for row in wanted if row["case_id"] is not None})
    cases = await _cases(session, ids)
    connection = await raw(session)
    taken = await connection.fetch(_TAKE, [row["id"] for row in wanted], list(cases))
    by_kind: dict[str, list[Due]] = {}
    for row in sorted(taken, key=lambda row: (row["due_at"], row["id"])):
        case = cases[row["case_id"]] if row["case_id"] is not None else None
        made = Due(key=row["key"], due_at=row["due_at"], case=case, data=row["data"])
        by_kind.setdefault(row["kind"], []).append(made)
    rules = await rules_for(session)
    async with gathering(session):
        for kind, found in by_kind.items():
            await HANDLERS[kind](session, found, rules, now)
            await session.flush()
    return len(taken)


async def put_off(connection: Connection, ids: Sequence[UUID]) -> None:
    """What fails is tried again later, ever more seldom; it is never dropped."""
    await connection.execute(_PUT_OFF, ids)


async def _cases(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Case]:
    chosen = select(Case).where(col(Case.id).in_(ids)).order_by(col(Case.id))
    locking: Any = chosen.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    return {row.id: row for row in await session.exec(locking)} if ids else {}
