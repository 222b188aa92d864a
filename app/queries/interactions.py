"""Interactions as whoever serves them sees them: with customer, holder, place in line and words.

Decides what a representative may read: what they hold or held, and the whole history of those customers and of those matters
and their own. Never writes, never locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, CompoundSelect, func, or_, select, union
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.errors import NotFound
from app.queries import cursors
from app.queries.cases.families import customer_family, family
from app.queries.line.standing import standing
from app.queries.readers import sees
from app.tables import Assignment, Case, Customer, Interaction, Message
from channels.base import Outcome

IN_LINE = frozenset({"queued", "offered"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which interactions; None: any. `representative` is who holds it now. Of cases and customers: the whole family's."""

    states: Sequence[str] = ()
    queue: str | None = None
    channel: str | None = None
    request_type: str | None = None
    case_id: UUID | None = None
    customer_id: UUID | None = None
    representative: str | None = None
    escalated: bool = False
    """Only those in line whom a supervisor was told of."""


async def page(
    session: AsyncSession, filters: Filters, *, reader: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Newest first. `reader`: a representative, who sees what they serve; None sees all. Raises `Invalid` (`bad_cursor`)."""
    chosen = select_rows(Interaction).where(*_conditions(filters))
    if filters.case_id is not None:
        chosen = chosen.where(col(Interaction.case_id).in_(await family(session, filters.case_id)))
    if filters.customer_id is not None:
        chosen = chosen.where(col(Interaction.customer_id).in_(await customer_family(session, filters.customer_id)))
    if reader is not None:
        chosen = chosen.where(readable(reader))
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Interaction.id) < last)
    rows = (await session.exec(chosen.order_by(col(Interaction.id).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].id) if len(rows) > limit else None
    return await views(session, rows[:limit]), following


async def one(session: AsyncSession, interaction_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One interaction; raises `NotFound`, also where the reader may not know of it."""
    await may_read(session, interaction_id, reader=reader)
    found = await session.get(Interaction, interaction_id)
    assert found is not None
    return await view(session, found)


async def may_read(session: AsyncSession, interaction_id: UUID, *, reader: str | None) -> None:
    """Raises `NotFound` unless the interaction exists and the reader serves or served its customer or matter, or owns it."""
    found = await session.get(Interaction, interaction_id)
    if found is None or not (reader is None or await sees(session, found.case_id, found.customer_id, reader=reader)):
        raise NotFound(f"There is no interaction {interaction_id}.")


async def view(session: AsyncSession, row: Interaction) -> dict[str, Any]:
    """One row with all that belongs to it."""
    return (await views(session, [row]))[0]


async def views(session: AsyncSession, rows: Sequence[Interaction]) -> list[dict[str, Any]]:
    """Rows with customers, holders and places, read in a fixed number of statements."""
    customers = await _customers(session, {row.customer_id for row in rows if row.customer_id})
    held = await _live(session, [row.id for row in rows])
    waiting = [row.id for row in rows if row.state in IN_LINE]
    places = await standing(await raw(session), waiting) if waiting else {}
    return [_view(row, customers.get(row.customer_id), held.get(row.id), places.get(row.id)) for row in rows]


async def messages(
    session: AsyncSession, interaction_id: UUID, *, after: str | None, limit: int
) -> tuple[list[Message], str | None]:
    """The words on one interaction, oldest first."""
    chosen = select_rows(Message).where(Message.interaction_id == interaction_id)
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Message.id) > last)
    rows = (await session.exec(chosen.order_by(col(Message.id)).limit(limit + 1))).all()
    return list(rows[:limit]), cursors.encode(rows[limit - 1].id) if len(rows) > limit else None


async def raw(session: AsyncSession) -> Connection:
    """The driver's connection behind a session, in the same transaction: for reads written for batches."""
    behind = await (await session.connection()).get_raw_connection()
    found = behind.driver_connection
    assert isinstance(found, asyncpg.Connection)
    return found


def readable(reader: str) -> ColumnElement[bool]:
    """The interactions a representative may read: of the matters they served or own, and of the customers they served.

    An offer that was not taken shows nothing once it is over.
    """
    # Indexed lookups joined by UNION, each of what the one before found; as one OR they would read every interaction there is.
    mine = (
        select(col(Interaction.case_id), col(Interaction.customer_id))
        .join(Assignment, col(Assignment.interaction_id) == col(Interaction.id))
        .where(
            col(Assignment.representative) == reader,
            or_(col(Assignment.answered_at).is_not(None), col(Assignment.ended_at).is_(None)),
        )
        .cte("mine")
    )
    people = _families(Customer, col(Customer.id).in_(select(mine.c.customer_id))).cte("people")
    cases = _families(
        Case,
        col(Case.id).in_(select(mine.c.case_id)),
        col(Case.owner) == reader,
        col(Case.customer_id).in_(select(people.c.id)),
    ).cte("cases")
    other = select(col(Interaction.id), col(Interaction.case_id), col(Interaction.customer_id)).subquery("other")
    by_case = select(other.c.id).where(other.c.case_id.in_(select(cases.c.id)))
    by_customer = select(other.c.id).where(other.c.customer_id.in_(select(people.c.id)))
    return col(Interaction.id).in_(union(by_case, by_customer))


def _families(model: type[Case | Customer], *which: ColumnElement[bool]) -> CompoundSelect[Any]:
    """The ids of all that are one with any of these."""
    found = union(*(select(func.coalesce(col(model.merged_into), col(model.id)).label("id")).where(of) for of in which))
    survivors = found.cte()
    taken = select(col(model.id)).where(col(model.merged_into).in_(select(survivors.c.id)))
    return union(select(survivors.c.id), taken)


def customer_view(customer: Customer | None) -> dict[str, Any] | None:
    """Who the customer is, for whoever serves."""
    if customer is None:
        return None
    return {
        "id": customer.id,
        "name": customer.name,
        "language": customer.language,
        "needs": customer.needs,
        "history": f"/v1/interactions?customer_id={customer.id}",
    }


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    same = {
        "queue": filters.queue,
        "channel": filters.channel,
        "request_type": filters.request_type,
    }
    conditions = [col(getattr(Interaction, name)) == value for name, value in same.items() if value is not None]
    if filters.states:
        conditions.append(col(Interaction.state).in_(filters.states))
    if filters.escalated:
        conditions += [col(Interaction.escalated_at).is_not(None), col(Interaction.state).in_(sorted(IN_LINE))]
    if filters.representative is not None:
        held = select(col(Assignment.interaction_id)).where(
            col(Assignment.representative) == filters.representative, col(Assignment.ended_at).is_(None)
        )
        conditions.append(col(Interaction.id).in_(held))
    return conditions


async def _customers(session: AsyncSession, ids: set[UUID]) -> dict[UUID | None, Customer]:
    if not ids:
        return {}
    rows = await session.exec(select_rows(Customer).where(col(Customer.id).in_(ids)))
    return {row.id: row for row in rows}


async def _live(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Assignment]:
    if not ids:
        return {}
    rows = await session.exec(
        select_rows(Assignment).where(col(Assignment.interaction_id).in_(ids), col(Assignment.ended_at).is_(None))
    )
    return {row.interaction_id: row for row in rows}


def _view(
    row: Interaction, customer: Customer | None, held: Assignment | None, place: Outcome | None
) -> dict[str, Any]:
    wait = place.wait if place else None
    return {
        **row.model_dump(),
        "ref": row.contact,
        "customer": customer_view(customer),
        "assignment": held.model_dump() if held else None,
        "position": place.position if place else None,
        "wait": {"low_seconds": wait.low_seconds, "high_seconds": wait.high_seconds} if wait else None,
    }
