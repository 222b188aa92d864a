"""Those who are likely touched and have not called are told of an incident, once each, because a person wants it.

Decides that nobody is told twice and that who cannot be reached is not counted as told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.outward.notify import Notice, notify_all
from app.actions.record import advance, locked
from app.errors import Conflict, NotFound
from app.queries.customers.ways import persons
from app.queries.rules import raw
from app.security import Actor
from app.tables import Customer, Incident, IncidentReach


async def tell(
    session: AsyncSession, incident_id: UUID, customers: Sequence[UUID], *, actor: Actor, now: datetime
) -> tuple[list[UUID], list[UUID]]:
    """Who is told now or was before, and who is not: there is no way to them, or they have heard enough today.

    Raises `NotFound` (the incident, or a customer), `Conflict` (`not_declared`).
    """
    row = await locked(session, Incident, incident_id)
    if row.state != "declared":
        raise Conflict(f"This incident is {row.state}.", code="not_declared")
    known = await persons(await raw(session), customers)
    if missing := [each for each in customers if each not in known]:
        raise NotFound(f"There is no customer {missing[0]}.")
    people = list(dict.fromkeys(known[each].id for each in customers))
    # By whatever name they were told: what was said to one who was found to be the same person was said to them.
    person = func.coalesce(Customer.merged_into, Customer.id)
    found = (
        select(person)
        .join(IncidentReach, col(IncidentReach.customer_id) == col(Customer.id))
        .where(col(IncidentReach.incident_id) == incident_id, person.in_(people))
    )
    before = set((await session.exec(found)).all())
    new = [each for each in people if each not in before]
    leaves = await notify_all(session, [_letter(row, each, now) for each in new], now=now)
    told = [each for each, at in zip(new, leaves, strict=True) if at is not None]
    session.add_all(
        IncidentReach(incident_id=incident_id, customer_id=each, told_at=now, told_by=actor.label) for each in told
    )
    if told:
        advance(session, row, "told", now=now, actor=actor, data={"customers": len(told)})
    await session.flush()
    return [each for each in people if each in before or each in told], [each for each in new if each not in told]


def _letter(row: Incident, customer: UUID, now: datetime) -> Notice:
    by = row.promised_at if row.promised_at is not None and row.promised_at > now else None
    return Notice(
        kind="incident_reach" if by is None else "incident_reach_by",
        key=f"incident_reach:{row.id}:{customer}",
        case=None,
        customer_id=customer,
        values={} if by is None else {"next": by},
        words=row.words,
    )
