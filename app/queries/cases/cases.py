"""A case with all its contacts and words, oldest first; and lists of cases. Never shows its tokens: they prove who asks.

Decides that a case is read with those that were taken into it, and whose cases a representative may list: their own, and
those of customers they have served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Forbidden
from app.queries import cursors, interactions
from app.queries.cases.families import customer_family, family
from app.queries.readers import may_read_case, may_see_customer
from app.tables import Bar, Case, Customer, Interaction, Message

SHOWN: Final = 200
UNTOLD: Final = {"token", "page_token"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which cases; None: any."""

    owner: str | None = None
    state: str | None = None
    customer_id: UUID | None = None
    supervised: bool | None = None


async def page(
    session: AsyncSession, filters: Filters, *, reader: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Newest first, those that were taken into another left out: the survivor speaks for them.

    `reader`: a representative, who lists their own, or those of one customer they have served. Raises `NotFound`,
    `Forbidden`, `Invalid` (`bad_cursor`).
    """
    chosen = select(Case).where(col(Case.merged_into).is_(None))
    if filters.customer_id is not None:
        known = await may_see_customer(session, filters.customer_id, reader=reader)
        chosen = chosen.where(col(Case.customer_id).in_(known))
    elif reader is not None and filters.owner not in (None, reader):
        raise Forbidden("You can only list what is yours.", code="not_yours")
    owner = filters.owner or (reader if filters.customer_id is None else None)
    if owner is not None:
        chosen = chosen.where(col(Case.owner) == owner)
    if filters.state is not None:
        chosen = chosen.where(col(Case.state) == filters.state)
    if filters.supervised is not None:
        chosen = chosen.where(col(Case.supervised).is_(filters.supervised))
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Case.id) < last)
    rows = (await session.exec(chosen.order_by(col(Case.id).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].id) if len(rows) > limit else None
    return await _lines(session, rows[:limit]), following


async def one(session: AsyncSession, case_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One case; raises `NotFound`, also where the reader may not know of it."""
    await may_read_case(session, case_id, reader=reader)
    return await view(session, await session.get_one(Case, case_id))


async def view(session: AsyncSession, case: Case) -> dict[str, Any]:
    """One row with all that belongs to its family: the last 200 interactions and messages."""
    known = await family(session, case.id)
    contacts = select(Interaction).where(col(Interaction.case_id).in_(known)).order_by(col(Interaction.id).desc())
    words = select(Message).where(col(Message.case_id).in_(known)).order_by(col(Message.id).desc())
    rows = (await session.exec(contacts.limit(SHOWN + 1))).all()
    said = (await session.exec(words.limit(SHOWN + 1))).all()
    (line,) = await _lines(session, [case])
    return {
        **line,
        "interactions": await interactions.views(session, rows[:SHOWN][::-1]),
        "messages": [row.model_dump() for row in reversed(said[:SHOWN])],
        "bars": [row.model_dump() for row in await standing_bars(session, case)],
        "more": len(rows) > SHOWN or len(said) > SHOWN,
    }


async def standing_bars(session: AsyncSession, case: Case) -> Sequence[Bar]:
    """Who must not serve this case: its own bars, its family's and its customer's, the oldest first."""
    about = [col(Bar.case_id).in_(await family(session, case.id))]
    if case.customer_id is not None:
        about.append(col(Bar.customer_id).in_(await customer_family(session, case.customer_id)))
    return (await session.exec(select(Bar).where(or_(*about)).order_by(col(Bar.id)))).all()


async def _lines(session: AsyncSession, rows: Sequence[Case]) -> list[dict[str, Any]]:
    """Rows with their customers as they are known by now."""
    people = await known_as(session, {row.customer_id for row in rows if row.customer_id})
    return [
        {
            **row.model_dump(exclude=UNTOLD),
            "customer": interactions.customer_view(people.get(row.customer_id) if row.customer_id else None),
        }
        for row in rows
    ]


async def known_as(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Customer]:
    """Customers by the ids asked for; who was taken into another is shown as that one."""
    if not ids:
        return {}
    rows = {row.id: row for row in await session.exec(select(Customer).where(col(Customer.id).in_(ids)))}
    into = {row.merged_into for row in rows.values() if row.merged_into is not None} - rows.keys()
    if into:
        rows |= {row.id: row for row in await session.exec(select(Customer).where(col(Customer.id).in_(into)))}
    return {each: rows.get(rows[each].merged_into or each, rows[each]) for each in ids if each in rows}
