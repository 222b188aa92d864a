"""A case with all its contacts and words, oldest first. Never shows its token: that proves who writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import interactions
from app.tables import Bar, Case, Customer, Interaction, Message

SHOWN = 200


async def one(session: AsyncSession, case_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One case; raises `NotFound`, also where the reader may not know of it."""
    case = await session.get(Case, case_id)
    if case is None or not await _readable(session, case_id, reader):
        raise NotFound(f"There is no case {case_id}.")
    return await view(session, case)


async def view(session: AsyncSession, case: Case) -> dict[str, Any]:
    """One row with all that belongs to it: the last 200 interactions and messages."""
    contacts = select(Interaction).where(Interaction.case_id == case.id).order_by(col(Interaction.id).desc())
    words = select(Message).where(Message.case_id == case.id).order_by(col(Message.id).desc())
    rows = (await session.exec(contacts.limit(SHOWN + 1))).all()
    said = (await session.exec(words.limit(SHOWN + 1))).all()
    customer = await session.get(Customer, case.customer_id) if case.customer_id else None
    return {
        **case.model_dump(exclude={"token"}),
        "customer": interactions.customer_view(customer),
        "interactions": await interactions.views(session, rows[:SHOWN][::-1]),
        "messages": [row.model_dump() for row in reversed(said[:SHOWN])],
        "bars": [row.model_dump() for row in await standing_bars(session, case)],
        "more": len(rows) > SHOWN or len(said) > SHOWN,
    }


async def standing_bars(session: AsyncSession, case: Case) -> Sequence[Bar]:
    """Who must not serve this case: its own bars and its customer's, the oldest first."""
    about = [col(Bar.case_id) == case.id]
    if case.customer_id is not None:
        about.append(col(Bar.customer_id) == case.customer_id)
    return (await session.exec(select(Bar).where(or_(*about)).order_by(col(Bar.id)))).all()


async def _readable(session: AsyncSession, case_id: UUID, reader: str | None) -> bool:
    if reader is None:
        return True
    seen = select(Interaction.id).where(Interaction.case_id == case_id, interactions.readable(reader))
    return (await session.exec(seen.limit(1))).first() is not None
