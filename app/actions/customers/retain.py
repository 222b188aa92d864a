"""Words of cases that were closed long ago go, each request type after its own time. Figures and events stay.

Decides which cases are old enough, and that those taken into one go with it, whatever state they were left in; what goes,
`app.actions.customers.forget` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.customers.forget import forget
from app.actions.record import advance
from app.queries.rules import raw, rules_for
from app.security import SYSTEM
from app.tables import Case, Interaction
from routing.lifecycle import OVER_STATES
from routing.rules import Rules

AT_ONCE: Final = 50


async def retain(session: AsyncSession, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Forget the words of at most so many matters whose time is over; returns how many."""
    rules = await rules_for(session)
    old = await _old(session, rules, now=now, limit=limit)
    if not old:
        return 0
    found = [*old, *(await session.exec(select(Case.id).where(col(Case.merged_into).in_(old)))).all()]
    contacts = select(Interaction).where(col(Interaction.case_id).in_(found)).order_by(col(Interaction.id))
    locked = (await session.exec(contacts.with_for_update(key_share=True))).all()
    chosen = select(Case).where(col(Case.id).in_(found)).order_by(col(Case.id)).with_for_update(key_share=True)
    rows = (await session.exec(chosen.execution_options(populate_existing=True))).all()
    gone = {row.id for row in rows if row.state == "closed" and row.merged_into is None and row.erased_at is None}
    cases = [row for row in rows if row.erased_at is None and (row.merged_into or row.id) in gone]
    kept = {row.id for row in cases}
    over = [row.id for row in locked if row.case_id in kept and row.state in OVER_STATES]
    await forget(await raw(session), sorted(kept), over, now=now)
    for case in cases:
        await session.refresh(case)
        advance(session, case, "erased", now=now, actor=SYSTEM, data={"reason": "retention"})
    await session.flush()
    return len(gone)


async def _old(session: AsyncSession, rules: Rules, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Closed so long ago that not even the most patient request type keeps them, then by each one's own time."""
    days = {code: rule.retention_days for code, rule in rules.resolution.requests.items()}
    by_days: dict[int, list[str]] = {}
    for code, number in days.items():
        by_days.setdefault(number, []).append(code)
    least = min([rules.resolution.standing.retention_days, *by_days])
    standing = now - timedelta(days=rules.resolution.standing.retention_days)
    others: Any = or_(
        *[
            col(Case.request_type).in_(codes) & (col(Case.closed_at) < now - timedelta(days=number))
            for number, codes in by_days.items()
        ],
        (col(Case.request_type).is_(None) | col(Case.request_type).not_in(list(days)))
        & (col(Case.closed_at) < standing),
    )
    old = col(Case.closed_at) < now - timedelta(days=least)
    itself = col(Case.erased_at).is_(None) & col(Case.merged_into).is_(None)
    chosen = select(Case.id).where(old, itself, others).order_by(col(Case.closed_at), col(Case.id))
    return (await session.exec(chosen.limit(limit))).all()
