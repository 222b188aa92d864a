"""What the desk page shows a representative: their offers, their work, and the history of one customer's matter.

Decides what belongs to one view and how much of it. Reads only; everything asked for here starts from an assignment of
the representative themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.tables import (
    Assignment,
    Case,
    Customer,
    CustomerIdentity,
    EventRow,
    Interaction,
    Message,
    Office,
    Queue,
    Representative,
    RequestType,
)

MOST_MESSAGES = 50
MOST_CONTACTS = 20
MOST_CASES = 10
MOST_LAID_ASIDE = 20
MOST_COLLEAGUES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One assignment with what it is about."""

    assignment: Assignment
    interaction: Interaction
    customer: Customer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Another open case of the same recognised customer, and when they were last in touch about it."""

    case: Case
    last: Interaction | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """The case behind one contact. `messages` and `contacts` are the latest, oldest first; `more`: there are older ones."""

    case: Case
    identities: Sequence[CustomerIdentity]
    messages: Sequence[Message]
    more: bool
    contacts: Sequence[tuple[Interaction, str | None]]
    proposals: Sequence[Proposal]
    names: Mapping[str, str]
    """Names of the representatives who wrote or served here, by code."""
    connected: bool


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


async def zone(session: AsyncSession, code: str) -> str:
    """The name of the time zone of a representative's office."""
    chosen = select(Office.timezone).join(Representative, col(Representative.office) == col(Office.code))
    return (await session.exec(chosen.where(Representative.code == code))).first() or "UTC"


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


async def matter(session: AsyncSession, about: Held) -> Matter:
    """The whole history behind one contact, in a fixed number of statements."""
    interaction = about.interaction
    case = await session.get_one(Case, interaction.case_id)
    messages = await _messages(session, case.id)
    contacts = await _contacts(session, interaction)
    codes = {message.author for message in messages} | {served_by for _, served_by in contacts}
    return Matter(
        case=case,
        identities=await _identities(session, interaction.customer_id),
        messages=messages[:MOST_MESSAGES][::-1],
        more=len(messages) > MOST_MESSAGES,
        contacts=contacts,
        proposals=await _proposals(session, interaction),
        names=await _names(session, {code for code in codes if code}),
        connected=await _connected(session, about),
    )


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


async def _messages(session: AsyncSession, case_id: UUID) -> Sequence[Message]:
    chosen = select(Message).where(Message.case_id == case_id).order_by(col(Message.at).desc(), col(Message.id).desc())
    return (await session.exec(chosen.limit(MOST_MESSAGES + 1))).all()


async def _names(session: AsyncSession, codes: set[str]) -> Mapping[str, str]:
    chosen = select(Representative.code, Representative.name).where(col(Representative.code).in_(codes))
    return dict((await session.exec(chosen)).all()) if codes else {}


async def _identities(session: AsyncSession, customer_id: UUID | None) -> Sequence[CustomerIdentity]:
    if customer_id is None:
        return []
    chosen = select(CustomerIdentity).where(CustomerIdentity.customer_id == customer_id)
    return (await session.exec(chosen.order_by(col(CustomerIdentity.kind), col(CustomerIdentity.value)))).all()


async def _contacts(session: AsyncSession, interaction: Interaction) -> Sequence[tuple[Interaction, str | None]]:
    """Other contacts on the case, each with whoever served it last."""
    chosen = (
        select(Interaction)
        .where(Interaction.case_id == interaction.case_id, Interaction.id != interaction.id)
        .order_by(col(Interaction.id).desc())
        .limit(MOST_CONTACTS)
    )
    rows = (await session.exec(chosen)).all()[::-1]
    served = (
        select(Assignment.interaction_id, Assignment.representative)
        .where(col(Assignment.interaction_id).in_([row.id for row in rows]), col(Assignment.answered_at).is_not(None))
        .order_by(col(Assignment.answered_at))
    )
    by_whom = dict((await session.exec(served)).all()) if rows else {}
    return [(row, by_whom.get(row.id)) for row in rows]


async def _proposals(session: AsyncSession, interaction: Interaction) -> Sequence[Proposal]:
    """Only proposed: an identity may be shared, so nothing is joined by it."""
    if interaction.customer_id is None:
        return []
    chosen = (
        select(Case)
        .where(Case.customer_id == interaction.customer_id, Case.id != interaction.case_id, Case.state != "closed")
        .order_by(col(Case.id).desc())
        .limit(MOST_CASES)
    )
    cases = (await session.exec(chosen)).all()
    newer = aliased(Interaction)
    newest = select(newer.id).where(newer.case_id == Interaction.case_id).order_by(col(newer.id).desc()).limit(1)
    latest = select(Interaction).where(
        col(Interaction.case_id).in_([case.id for case in cases]),
        col(Interaction.id) == newest.correlate(Interaction).scalar_subquery(),
    )
    last = {row.case_id: row for row in (await session.exec(latest)).all()} if cases else {}
    return [Proposal(case=case, last=last.get(case.id)) for case in cases]


async def _connected(session: AsyncSession, about: Held) -> bool:
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
