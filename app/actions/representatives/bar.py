"""Not this representative: a customer, or a case, never meets them again until the bar is lifted.

Decides which open interactions a bar reaches, and that an offer to whoever is barred is taken back. What a barred
representative is serving already they finish: nobody is left in the middle of a talk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.actions.line.requeue import hand_back
from app.actions.record import advance
from app.db import Connection, first_id, uuid7
from app.errors import Conflict, NotFound
from app.security import SYSTEM, Actor
from app.tables import Assignment, Bar, Case, Customer, Interaction, Representative
from routing.lifecycle import OVER_STATES

AT_MOST: Final = 16
"""Bars of one customer, with all their cases: more would leave nobody to serve them."""
RECENT: Final = timedelta(seconds=90)
"""So long a bar is held against those who came in at the very moment when it was made."""

_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_MISSED: Final = """
SELECT b.id FROM bar b
WHERE b.id > $1 AND (
    EXISTS (SELECT FROM interaction i WHERE i.customer_id = b.customer_id
            AND i.state <> ALL ($2::text[]) AND b.representative <> ALL (i.barred))
    OR EXISTS (SELECT FROM interaction i WHERE i.case_id = b.case_id
               AND i.state <> ALL ($2::text[]) AND b.representative <> ALL (i.barred)))
ORDER BY b.id LIMIT $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """Whom a bar protects: one of the two."""

    customer_id: UUID | None = None
    case_id: UUID | None = None


async def bar(
    session: AsyncSession, whose: Whose, representative: str, *, reason: str, actor: Actor, now: datetime
) -> Bar:
    """Bar them. Again: the same row, with the first reason. Raises `NotFound`, `Conflict` (`too_many_bars`)."""
    customer_id = await _customer(session, whose)
    if await session.get(Representative, representative) is None:
        raise NotFound(f"There is no representative {representative}.")
    await _alone(session, whose, customer_id)
    found = (await session.exec(_these(whose).where(Bar.representative == representative))).one_or_none()
    if found is not None:
        return found
    if await _count(session, whose, customer_id) >= AT_MOST:
        raise Conflict(f"There are {AT_MOST} bars already; lift one first.", code="too_many_bars")
    made = Bar(
        id=uuid7(now),  # by the clock that `unheard` asks
        customer_id=whose.customer_id,
        case_id=whose.case_id,
        representative=representative,
        reason=reason,
        made_by=actor.label,
        made_at=now,
    )
    await reach(session, made, actor=actor, now=now)
    session.add(made)
    await session.flush()
    return made


async def unbar(session: AsyncSession, whose: Whose, representative: str, *, actor: Actor, now: datetime) -> None:
    """Lift the bar; nothing happens where there is none. What another bar still forbids stays forbidden."""
    await _alone(session, whose, await _customer(session, whose))
    found = (await session.exec(_these(whose).where(Bar.representative == representative))).one_or_none()
    if found is None:
        return
    rows = await _open(session, whose)
    await session.delete(found)
    await session.flush()
    for row in rows:
        if representative in row.barred and not await _is_barred(session, row, representative):
            advance(session, row, "unbarred", now=now, actor=actor, data={"representative": representative})
            row.barred = [code for code in row.barred if code != representative]
    await session.flush()


async def reach(session: AsyncSession, made: Bar, *, actor: Actor, now: datetime) -> int:
    """Tell every open interaction it is about that does not know of it; returns how many did not."""
    rows = [
        row
        for row in await _open(session, Whose(customer_id=made.customer_id, case_id=made.case_id))
        if made.representative not in row.barred
    ]
    for row in rows:
        fact = {"representative": made.representative, "reason": made.reason}
        advance(session, row, "barred", now=now, actor=actor, data=fact)
        row.barred = [*row.barred, made.representative][-AT_MOST:]
        if row.preferred == made.representative:
            row.preferred = row.preferred_until = None
    await session.flush()
    for offered in await _offered_to(session, rows, made.representative):
        await hand_back(session, offered, reason="barred", actor=actor, now=now, event="withdrawn")
    return len(rows)


async def unheard(connection: Connection, *, limit: int) -> list[UUID]:
    """Bars just made that an open interaction does not know of: it came in at the same moment."""
    now = await connection.fetchval("SELECT wall_clock()")
    rows = await connection.fetch(_MISSED, first_id(now - RECENT), OVER_STATES, limit)
    return [row["id"] for row in rows]


async def catch_up(session: AsyncSession, bar_id: UUID, *, now: datetime) -> int:
    """Tell those who came in at the same moment as a bar; returns how many."""
    made = await session.get(Bar, bar_id)
    return 0 if made is None else await reach(session, made, actor=SYSTEM, now=now)


async def bars_of(session: AsyncSession, whose: Whose) -> list[Bar]:
    """The standing bars of this customer or of this case, the first made first."""
    return list((await session.exec(_these(whose).order_by(col(Bar.id)))).all())


async def _customer(session: AsyncSession, whose: Whose) -> UUID | None:
    """The customer it is about, where one is known; raises `NotFound`."""
    if whose.case_id is not None:
        case = await session.get(Case, whose.case_id)
        if case is None:
            raise NotFound(f"There is no case {whose.case_id}.")
        return case.customer_id
    if await session.get(Customer, whose.customer_id) is None:
        raise NotFound(f"There is no customer {whose.customer_id}.")
    return whose.customer_id


async def _alone(session: AsyncSession, whose: Whose, customer_id: UUID | None) -> None:
    """One at a time per customer, or two at once would pass the limit together. Taken before any row is locked."""
    await session.exec(_ALONE, params={"name": f"bar:{customer_id or whose.case_id}"})  # type: ignore[call-overload]


async def _count(session: AsyncSession, whose: Whose, customer_id: UUID | None) -> int:
    cases = select(Case.id).where(Case.customer_id == customer_id)
    theirs = or_(col(Bar.customer_id) == customer_id, col(Bar.case_id).in_(cases))
    counted = select(func.count()).where(theirs if customer_id is not None else _is(whose))
    return int((await session.exec(counted)).one())


async def _is_barred(session: AsyncSession, row: Interaction, representative: str) -> bool:
    about = or_(col(Bar.case_id) == row.case_id, col(Bar.customer_id) == row.customer_id)
    found = await session.exec(select(Bar.id).where(Bar.representative == representative, about).limit(1))
    return found.first() is not None


async def _open(session: AsyncSession, whose: Whose) -> Sequence[Interaction]:
    """All that is not over, locked by id."""
    about = (
        col(Interaction.case_id) == whose.case_id
        if whose.case_id is not None
        else col(Interaction.customer_id) == whose.customer_id
    )
    asked = select(Interaction).where(about, col(Interaction.state).not_in(OVER_STATES)).order_by(col(Interaction.id))
    locked = asked.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(locked)).all()


async def _offered_to(session: AsyncSession, rows: Sequence[Interaction], representative: str) -> list[UUID]:
    """Those of the locked rows that they are offered now, every assignment locked by id before the first is let go."""
    offered = [row.id for row in rows if row.state == "offered"]
    if not offered:
        return []
    held = select(Assignment).where(col(Assignment.interaction_id).in_(offered), col(Assignment.ended_at).is_(None))
    found = await session.exec(held.order_by(col(Assignment.id)).with_for_update(key_share=True))
    return [each.interaction_id for each in found if each.representative == representative]


def _these(whose: Whose) -> SelectOfScalar[Bar]:
    return select(Bar).where(_is(whose))


def _is(whose: Whose) -> ColumnElement[bool]:
    if whose.case_id is not None:
        return col(Bar.case_id) == whose.case_id
    return col(Bar.customer_id) == whose.customer_id
