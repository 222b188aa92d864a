"""Whom one must never meet, another who is the same must not meet either: bars reach across a merge.

Decides which open contacts learn of a bar when two cases or two customers become one, or a contact finds its case or its
customer, and that undoing it takes back what it brought. The caller has locked no case yet: contacts come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.requeue import hand_back
from app.actions.record import advance
from app.actions.representatives.bar import AT_MOST
from app.security import Actor
from app.tables import Assignment, Bar, Case, Interaction
from routing.lifecycle import OVER_STATES

Barred = list[tuple[UUID, str]]
"""Which contacts learnt of whom."""


async def bar_cases(session: AsyncSession, cases: Sequence[UUID], *, actor: Actor, now: datetime) -> Barred:
    """Every open contact of these cases keeps all their bars from now on, and those of their customers."""
    customers = select(Case.customer_id).where(col(Case.id).in_(cases))
    bars = or_(col(Bar.case_id).in_(cases), col(Bar.customer_id).in_(customers))
    return await _bar(session, col(Interaction.case_id).in_(cases), bars, actor=actor, now=now)


async def bar_customers(session: AsyncSession, customers: Sequence[UUID], *, actor: Actor, now: datetime) -> Barred:
    """The same for customers."""
    return await _bar(
        session, col(Interaction.customer_id).in_(customers), col(Bar.customer_id).in_(customers), actor=actor, now=now
    )


async def bar_contact(
    session: AsyncSession,
    interaction: UUID,
    *,
    cases: Sequence[UUID],
    customers: Sequence[UUID],
    actor: Actor,
    now: datetime,
) -> Barred:
    """The same for one contact that came to belong to these."""
    bars = or_(col(Bar.case_id).in_(cases), col(Bar.customer_id).in_(customers))
    return await _bar(session, col(Interaction.id) == interaction, bars, actor=actor, now=now)


async def unbar(session: AsyncSession, barred: Barred, *, actor: Actor, now: datetime) -> None:
    """Take back what a merge brought, of those that still wait."""
    rows = await _locked(session, col(Interaction.id).in_([contact for contact, _ in barred]))
    for row in rows:
        for code in sorted({code for contact, code in barred if contact == row.id} & set(row.barred)):
            advance(session, row, "unbarred", now=now, actor=actor, data={"representative": code})
            row.barred = [each for each in row.barred if each != code]
    await session.flush()


async def _bar(
    session: AsyncSession, about: ColumnElement[bool], bars: ColumnElement[bool], *, actor: Actor, now: datetime
) -> Barred:
    made = (await session.exec(select(Bar).where(bars).order_by(col(Bar.id)))).all()
    if not made:
        return []
    learnt: Barred = []
    rows = await _locked(session, about)
    for row in rows:
        for bar in made:
            if bar.representative in row.barred:
                continue
            fact = {"representative": bar.representative, "reason": bar.reason}
            advance(session, row, "barred", now=now, actor=actor, data=fact)
            row.barred = [*row.barred, bar.representative][-AT_MOST:]
            learnt.append((row.id, bar.representative))
            if row.preferred == bar.representative:
                row.preferred = row.preferred_until = None
    await session.flush()
    for contact in await _offered(session, learnt):
        await hand_back(session, contact, reason="barred", actor=actor, now=now, event="withdrawn")
    return learnt


async def _locked(session: AsyncSession, about: ColumnElement[bool]) -> Sequence[Interaction]:
    asked = select(Interaction).where(about, col(Interaction.state).not_in(OVER_STATES)).order_by(col(Interaction.id))
    return (await session.exec(asked.with_for_update(key_share=True).execution_options(populate_existing=True))).all()


async def _offered(session: AsyncSession, learnt: Barred) -> list[UUID]:
    """Those that are offered to whom they must not meet, every assignment locked by id."""
    held = select(Assignment).where(
        col(Assignment.interaction_id).in_([contact for contact, _ in learnt]), Assignment.state == "offered"
    )
    found = await session.exec(held.order_by(col(Assignment.id)).with_for_update(key_share=True))
    return [each.interaction_id for each in found if (each.interaction_id, each.representative) in learnt]
