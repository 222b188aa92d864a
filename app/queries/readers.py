"""What a representative may know of, and may change: the cases they own, and the cases and customers they have served, by every
id these go by. Never writes.

Decides by who owns a case and by the assignments on the family's contacts, each found by an index. An open offer shows what it
is about and lets nothing be changed before it is taken; one that was not taken shows nothing once it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Forbidden, NotFound
from app.queries.cases.families import customer_family, family
from app.tables import Assignment, Case, Customer, Interaction, SecondCheck


async def may_see_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[UUID]:
    """The family of the case. Raises `NotFound` where there is none, or the reader owns none of it and has served neither it nor
    its customer.

    `reader`: a representative; None sees all.
    """
    found = await family(session, case_id)
    if not found or not (reader is None or await _served_case(session, found, reader, offers=True)):
        raise NotFound(f"There is no case {case_id}.")
    return found


async def may_change_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[UUID]:
    """The same for whoever is to change it: an offer must have been taken. Raises `NotFound`, `Forbidden` (`not_accepted`)."""
    found = await may_see_case(session, case_id, reader=reader)
    if not (reader is None or await _served_case(session, found, reader, offers=False)):
        raise _not_accepted()
    return found


async def may_read_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[UUID]:
    """What they may see, and also what a second person looks at: whoever approves has read what it is about."""
    found = await family(session, case_id)
    if reader is not None and found:
        looks = select(SecondCheck.id).where(
            col(SecondCheck.case_id).in_(found), SecondCheck.checker == reader, SecondCheck.state == "taken"
        )
        if (await session.exec(looks.limit(1))).first() is not None:
            return found
    return await may_see_case(session, case_id, reader=reader)


async def may_see_customer(session: AsyncSession, customer_id: UUID, *, reader: str | None) -> list[UUID]:
    """Every id of the customer. Raises `NotFound` where there is none, or the reader has not served them."""
    found = await customer_family(session, customer_id)
    about = col(Interaction.customer_id).in_(found)
    if not found or not (reader is None or await _had(session, about, reader, offers=True)):
        raise NotFound(f"There is no customer {customer_id}.")
    return found


async def may_change_customer(session: AsyncSession, customer_id: UUID, *, reader: str | None) -> list[UUID]:
    """The same for whoever is to change them. Raises `NotFound`, `Forbidden` (`not_accepted`)."""
    found = await may_see_customer(session, customer_id, reader=reader)
    about = col(Interaction.customer_id).in_(found)
    if not (reader is None or await _had(session, about, reader, offers=False)):
        raise _not_accepted()
    return found


async def sees(session: AsyncSession, case_id: UUID, customer_id: UUID | None, *, reader: str) -> bool:
    """Whether they may read a contact of this case and of this customer."""
    if await _served_case(session, await family(session, case_id), reader, offers=True):
        return True
    if customer_id is None:
        return False
    known = await customer_family(session, customer_id)
    return await _had(session, col(Interaction.customer_id).in_(known), reader, offers=True)


async def customers_of(session: AsyncSession, cases: Sequence[UUID]) -> set[UUID]:
    """Who the customers of these cases are, by the ids they are known by now."""
    asked = (
        select(Customer.id, Customer.merged_into)
        .join(Case, col(Case.customer_id) == col(Customer.id))
        .where(col(Case.id).in_(cases))
    )
    return {merged_into or customer for customer, merged_into in (await session.exec(asked)).all()}


async def _served_case(session: AsyncSession, cases: Sequence[UUID], reader: str, *, offers: bool) -> bool:
    owned = select(Case.id).where(col(Case.id).in_(cases), Case.owner == reader)
    if (await session.exec(owned.limit(1))).first() is not None:
        return True
    if await _had(session, col(Interaction.case_id).in_(cases), reader, offers=offers):
        return True
    for customer in await customers_of(session, cases):
        known = await customer_family(session, customer)
        if await _had(session, col(Interaction.customer_id).in_(known), reader, offers=offers):
            return True
    return False


async def _had(session: AsyncSession, about: ColumnElement[bool], reader: str, *, offers: bool) -> bool:
    """Whether they took one of these contacts, or (`offers`) are asked now whether they do."""
    taken = col(Assignment.answered_at).is_not(None)
    asked = (
        select(Assignment.id)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .where(
            about,
            col(Assignment.representative) == reader,
            (taken | col(Assignment.ended_at).is_(None)) if offers else taken,
        )
    )
    return (await session.exec(asked.limit(1))).first() is not None


def _not_accepted() -> Forbidden:
    return Forbidden("It was only offered to you: accept it before you change anything.", code="not_accepted")
