"""The family of a case, and of a customer: the one that survives, and all that were taken into it.

Decides nothing. A merged row points at the one it was taken into, and never at one that was merged itself, so a family is
found by two looks at an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables import Case, Customer

MOST: Final = 50
"""So many may be taken into one: who reads a family reads all of it."""


async def family(session: AsyncSession, case_id: UUID) -> list[UUID]:
    """The case that survives first, then those merged into it, by id. A merged one is asked for its survivor's family.

    Empty where there is no such case.
    """
    return await _read(session, Case, case_id)


async def customer_family(session: AsyncSession, customer_id: UUID) -> list[UUID]:
    """The same for a customer: every id this person was ever known by."""
    return await _read(session, Customer, customer_id)


async def matters_of(session: AsyncSession, customers: Sequence[UUID]) -> list[UUID]:
    """The cases of these customers and all that were taken into them, also a visitor's of whom nobody knew more."""
    own = (await session.exec(select(Case.id).where(col(Case.customer_id).in_(customers)))).all()
    taken = (await session.exec(select(Case.id).where(col(Case.merged_into).in_(own)))).all() if own else []
    return sorted({*own, *taken})


async def _read(session: AsyncSession, model: type[Case | Customer], key: UUID) -> list[UUID]:
    row = (await session.exec(select(model.id, model.merged_into).where(model.id == key))).first()
    if row is None:
        return []
    survivor: UUID = row[1] or row[0]
    taken = select(model.id).where(model.merged_into == survivor).order_by(col(model.id))
    return [survivor, *(await session.exec(taken)).all()]
