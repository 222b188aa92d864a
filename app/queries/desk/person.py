"""A customer as the desk shows them: by what they are known, who speaks for them, their cases, and who was taken into them.

Decides what belongs to that view and how much of it, and whom a word that was typed names. Reads only. A representative sees
those they have served, and the names of those who speak for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Forbidden, NotFound
from app.queries.cases import cases
from app.queries.cases.families import customer_family
from app.queries.customers import customers
from app.queries.readers import may_change_customer, may_see_customer
from app.tables import Case, Customer, CustomerIdentity, Proxy
from channels.addresses import email_address, phone_number

MOST_CASES: Final = 20
MOST_NOTES: Final = 20
MOST_IDENTITIES: Final = 50
_ID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """A note that somebody may speak for somebody, and who is at its other end."""

    note: Proxy
    person: Customer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A merge that stands, and who was taken in."""

    id: UUID
    at: Any
    person: Customer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who survives of a family, and all that is shown of them. Lists are in the order they are shown."""

    customer: Customer
    identities: Sequence[CustomerIdentity]
    speakers: Sequence[Speaker]
    """Who may speak for them."""
    speaks_for: Sequence[Speaker]
    cases: Sequence[Case]
    """The newest first; those that were taken into another left out."""
    taken: Sequence[Taken]
    """Empty for a representative: who is one person, those say who lead."""
    theirs: bool
    """Whether whoever reads may say something of them: not while they were only offered."""


async def person(session: AsyncSession, customer_id: UUID, *, reader: str | None) -> Person:
    """The customer, or who they are known as now. Raises `NotFound`, also where the reader may not know of them."""
    known = await may_see_customer(session, customer_id, reader=reader)
    matters = select(Case).where(col(Case.customer_id).in_(known), col(Case.merged_into).is_(None))
    merges = await customers.merges_of_customer(session, known[0]) if reader is None else []
    return Person(
        customer=await session.get_one(Customer, known[0]),
        identities=await _identities(session, known),
        speakers=await speakers(session, known),
        speaks_for=await _notes(session, col(Proxy.proxy_id).in_(known), "customer_id"),
        cases=(await session.exec(matters.order_by(col(Case.id).desc()).limit(MOST_CASES))).all(),
        taken=await _taken(session, [each for each in merges if each["undone_at"] is None]),
        theirs=await _may_change(session, known[0], reader),
    )


async def speakers(session: AsyncSession, known: Sequence[UUID]) -> list[Speaker]:
    """Who may speak for this customer, the first noted first. `known`: the ids they were ever known by."""
    return await _notes(session, col(Proxy.customer_id).in_(known), "proxy_id") if known else []


async def named(session: AsyncSession, text: str, *, reader: str | None) -> UUID:
    """Whom a person means: a telephone number, an address, an identity card, or the address of a customer's page.

    The id they are known by now. Raises `NotFound` (`nobody_known`), also where the reader may not know of them.
    """
    found = await _meant(session, text.strip())
    known = await customer_family(session, found) if found is not None else []
    try:
        return (await may_see_customer(session, known[0], reader=reader))[0]
    except (IndexError, NotFound):
        raise NotFound("Nobody is known by that.", code="nobody_known") from None


def id_in(text: str) -> UUID | None:
    """The first id in what was typed, which may be the address of a page; None: there is none."""
    found = _ID.search(text)
    return UUID(found[0]) if found is not None else None


async def _may_change(session: AsyncSession, customer_id: UUID, reader: str | None) -> bool:
    try:
        return bool(await may_change_customer(session, customer_id, reader=reader))
    except Forbidden:
        return False


async def _meant(session: AsyncSession, text: str) -> UUID | None:
    if (direct := id_in(text)) is not None:
        return direct
    given = {"email": email_address(text), "phone": phone_number(text), "national_id": text}
    for kind, value in given.items():
        found = await session.get(CustomerIdentity, (kind, value)) if value else None
        if found is not None:
            return found.customer_id
    return None


async def _identities(session: AsyncSession, known: Sequence[UUID]) -> Sequence[CustomerIdentity]:
    chosen = select(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(known))
    ordered = chosen.order_by(col(CustomerIdentity.kind), col(CustomerIdentity.value))
    return (await session.exec(ordered.limit(MOST_IDENTITIES))).all()


async def _notes(session: AsyncSession, about: Any, other: str) -> list[Speaker]:
    chosen = select(Proxy).where(about, col(Proxy.ended_at).is_(None)).order_by(col(Proxy.id)).limit(MOST_NOTES)
    notes = (await session.exec(chosen)).all()
    people = await cases.known_as(session, {getattr(note, other) for note in notes})
    return [Speaker(note=note, person=people.get(getattr(note, other))) for note in notes]


async def _taken(session: AsyncSession, merges: Sequence[Mapping[str, Any]]) -> list[Taken]:
    rows = {}
    if merges:
        chosen = select(Customer).where(col(Customer.id).in_([each["merged"] for each in merges]))
        rows = {row.id: row for row in (await session.exec(chosen)).all()}
    return [Taken(id=each["id"], at=each["made_at"], person=rows.get(each["merged"])) for each in merges]
