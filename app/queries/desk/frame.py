"""What surrounds every page of the desk: a representative's offers, their work, and the names of things.

Decides what belongs to one view and how much of it. Reads only; everything asked for here starts from an assignment of
the representative themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.tables import (
    Assignment,
    Customer,
    EventRow,
    Interaction,
    Office,
    Organisation,
    Queue,
    Representative,
    RequestType,
)

MOST_LAID_ASIDE = 20
MOST_COLLEAGUES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One assignment with what it is about."""

    assignment: Assignment
    interaction: Interaction
    customer: Customer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The names of things, by code: small tables, read whole."""

    requests: Mapping[str, RequestType]
    queues: Mapping[str, Queue]
    offices: Mapping[str, Office]
    colleagues: Mapping[str, Representative]


async def representative(session: AsyncSession, code: str) -> Representative:
    """Who sits at this desk; raises `NotFound`."""
    found = await session.get(Representative, code)
    if found is None:
        raise NotFound(f"There is no representative {code}.")
    return found


async def zone(session: AsyncSession, code: str | None) -> str:
    """The name of the time zone of a representative's office; None: of the first office, where supervisors are."""
    if code is None:
        first = select(Office.timezone).order_by(col(Office.place), col(Office.code)).limit(1)
        return (await session.exec(first)).first() or "UTC"
    chosen = select(Office.timezone).join(Representative, col(Representative.office) == col(Office.code))
    return (await session.exec(chosen.where(Representative.code == code))).first() or "UTC"


async def languages(session: AsyncSession) -> list[str]:
    """The languages of the house, its first one first."""
    return list((await session.exec(select(Organisation.languages))).first() or ["en"])


async def held(session: AsyncSession, code: str) -> list[Held]:
    """What they are offered and what they hold, the earliest first."""
    chosen = (
        select(Assignment, Interaction, Customer)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .outerjoin(Customer, col(Customer.id) == col(Interaction.customer_id))
        .where(Assignment.representative == code, col(Assignment.ended_at).is_(None))
        .order_by(col(Assignment.offered_at), col(Assignment.id))
    )
    rows = (await session.exec(chosen)).all()
    return [Held(assignment=each, interaction=about, customer=customer) for each, about, customer in rows]


async def assignment(session: AsyncSession, assignment_id: UUID, code: str) -> Assignment:
    """One assignment of theirs, over or not; raises `NotFound` for anybody else's."""
    found = await session.get(Assignment, assignment_id)
    if found is None or found.representative != code:
        raise NotFound(f"There is no assignment {assignment_id}.")
    return found


async def laid_aside(session: AsyncSession, code: str) -> list[tuple[Interaction, Customer | None]]:
    """What they laid aside: it comes back to them first."""
    chosen = (
        select(Interaction, Customer)
        .outerjoin(Customer, col(Customer.id) == col(Interaction.customer_id))
        .where(Interaction.state == "parked", Interaction.preferred == code)
        .order_by(col(Interaction.state_at))
        .limit(MOST_LAID_ASIDE)
    )
    return [(about, customer) for about, customer in (await session.exec(chosen)).all()]


async def house(session: AsyncSession, *, me: str) -> House:
    """The names that codes stand for, and the colleagues of `me` who are on shift."""
    requests = (await session.exec(select(RequestType).order_by(col(RequestType.place), col(RequestType.code)))).all()
    queues = (await session.exec(select(Queue).order_by(col(Queue.name), col(Queue.code)))).all()
    offices = (await session.exec(select(Office).order_by(col(Office.place), col(Office.code)))).all()
    on_shift = select(Representative).where(
        Representative.presence != "offline", col(Representative.retired).is_(False), Representative.code != me
    )
    people = (await session.exec(on_shift.order_by(col(Representative.name)).limit(MOST_COLLEAGUES))).all()
    return House(
        requests={row.code: row for row in requests},
        queues={row.code: row for row in queues},
        offices={row.code: row for row in offices},
        colleagues={row.code: row for row in people},
    )


async def connected(session: AsyncSession, about: Held) -> bool:
    """Whether customer and representative have been speaking since this assignment was taken."""
    if about.assignment.answered_at is None or not about.assignment.live:
        return False
    chosen = select(EventRow.seq).where(
        EventRow.subject == "interaction",
        EventRow.subject_id == str(about.interaction.id),
        EventRow.kind == "connected",
        EventRow.at >= about.assignment.answered_at,
    )
    return (await session.exec(chosen.limit(1))).first() is not None
