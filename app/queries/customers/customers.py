"""Customers as whoever serves them sees them: by what they are known, who speaks for them, and what was merged.

Decides what a representative may see of a person: of those they have served. Never shows what moved in a merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries import cursors
from app.queries.cases.families import customer_family, family
from app.queries.readers import may_see_case, may_see_customer
from app.tables import Customer, CustomerIdentity, Merge, Proxy

MOST: Final = 100


async def page(
    session: AsyncSession, *, identity: tuple[str, str] | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Newest first; those that were taken into another left out. `identity`: who is known by this (kind, value)."""
    chosen = select(Customer).where(col(Customer.merged_into).is_(None))
    if identity is not None:
        kind, value = identity
        whose = select(CustomerIdentity.customer_id).where(
            CustomerIdentity.kind == kind, CustomerIdentity.value == value
        )
        chosen = chosen.where(col(Customer.id).in_(whose))
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Customer.id) < last)
    rows = (await session.exec(chosen.order_by(col(Customer.id).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].id) if len(rows) > limit else None
    return [await view(session, row) for row in rows[:limit]], following


async def one(session: AsyncSession, customer_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One customer, as the row stands; raises `NotFound`, also where the reader may not know of them."""
    await may_see_customer(session, customer_id, reader=reader)
    return await view(session, await session.get_one(Customer, customer_id))


async def view(session: AsyncSession, row: Customer) -> dict[str, Any]:
    """One row with how the whole family of it is known, and who speaks for whom."""
    known = await customer_family(session, row.id)
    mine = select(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(known)).limit(MOST)
    identities = (await session.exec(mine.order_by(col(CustomerIdentity.kind), col(CustomerIdentity.value)))).all()
    return {
        **row.model_dump(),
        "identities": [{"kind": each.kind, "value": each.value} for each in identities],
        "known_as": known,
        "proxies": [each.model_dump() for each in await _notes(session, Proxy.customer_id, known)],
        "speaks_for": [each.model_dump() for each in await _notes(session, Proxy.proxy_id, known)],
        "cases": f"/v1/cases?customer_id={row.id}",
        "history": f"/v1/interactions?customer_id={row.id}",
    }


async def merges_of_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[dict[str, Any]]:
    """What was merged into this case's family, standing or undone, the newest first. Raises `NotFound`."""
    await may_see_case(session, case_id, reader=reader)
    return await _merges(session, "case", await family(session, case_id))


async def merges_of_customer(session: AsyncSession, customer_id: UUID) -> list[dict[str, Any]]:
    """The same for a customer."""
    return await _merges(session, "customer", await may_see_customer(session, customer_id, reader=None))


async def _merges(session: AsyncSession, kind: str, known: Sequence[UUID]) -> list[dict[str, Any]]:
    chosen = select(Merge).where(Merge.kind == kind, col(Merge.survivor).in_(known))
    rows = (await session.exec(chosen.order_by(col(Merge.id).desc()).limit(MOST))).all()
    return [row.model_dump(exclude={"moved"}) for row in rows]


async def _notes(session: AsyncSession, side: Any, known: Sequence[UUID]) -> Sequence[Proxy]:
    chosen = select(Proxy).where(col(side).in_(known), col(Proxy.ended_at).is_(None))
    return (await session.exec(chosen.order_by(col(Proxy.id)).limit(MOST))).all()
