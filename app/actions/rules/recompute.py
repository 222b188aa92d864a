"""Those who wait are filed anew under the rules that are live now, because somebody asked for it.

Decides who: whoever waits and entered with other rules, a bounded number in one transaction. Their queue stays (of one that is
split now, the part they fall to), and so does their clock; due time, needs and steps are what the rules say now. A row that somebody works on is left for the next turn,
so nobody waits for this and it is never part of a deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.filing import columns, contact_of
from app.actions.record import advance
from app.security import Actor
from app.tables import Interaction
from routing.entry import file, split
from routing.rules import Rules

BATCH: Final = 200
"""At a time: others are heard in between."""
MOST: Final = 1_000
"""In one transaction: while it runs, the feed stands still."""
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recomputed:
    """How many were filed anew, and how many who wait, or are being offered this moment, still have other rules."""

    refiled: int = 0
    left: int = 0


async def file_anew(
    session: AsyncSession, rules: Rules, *, actor: Actor, now: datetime, most: int = MOST
) -> Recomputed:
    """File those who wait with other rules, at most `most` of them, in the order of their ids."""
    refiled, last = 0, _FIRST
    while refiled < most:
        rows = await _others(session, rules, after=last, limit=min(BATCH, most - refiled))
        for row in rows:
            for name, value in as_filed(rules, row).items():
                setattr(row, name, value)
            row.rules_version = rules.version
            advance(session, row, "refiled", now=now, actor=actor, data={"rules": rules.version, "queue": row.queue})
        await session.flush()
        refiled += len(rows)
        if len(rows) < BATCH:
            break
        last = rows[-1].id
        for row in rows:
            session.expunge(row)
    return Recomputed(refiled=refiled, left=await _count_others(session, rules))


def as_filed(rules: Rules, row: Interaction) -> Mapping[str, Any]:
    """The columns as these rules say, for one who stays in its queue and keeps its clock."""
    assert row.queue is not None, "who waits has a queue"
    assert row.queued_at is not None, "who waits has stood in line since some moment"
    queue = split(rules, row.queue, row.id)
    filing = file(rules, contact_of(row, start=row.queued_at), queue=queue)
    if row.exhausted is not None and row.exhausted_at is None:
        filing = replace(filing, exhausted_at=None)  # its end came, and what is done then is done once
    return columns(filing)


async def _others(session: AsyncSession, rules: Rules, *, after: UUID, limit: int) -> list[Interaction]:
    chosen = select(Interaction).where(*_with_others(rules, "queued"), col(Interaction.id) > after)
    chosen = chosen.order_by(col(Interaction.id)).limit(limit).with_for_update(key_share=True, skip_locked=True)
    return list((await session.exec(chosen.execution_options(populate_existing=True))).all())


async def _count_others(session: AsyncSession, rules: Rules) -> int:
    # Whoever is being offered may be declined the next moment, and then waits as they were filed.
    return (await session.exec(select(func.count()).where(*_with_others(rules, "queued", "offered")))).one()


def _with_others(rules: Rules, *states: str) -> tuple[Any, ...]:
    return (
        col(Interaction.state).in_(states),
        col(Interaction.rules_version) != rules.version,
        col(Interaction.queue).in_(list(rules.queues)),
    )
