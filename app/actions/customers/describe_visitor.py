"""Who somebody is that came without a name: said by the one who serves them, never concluded.

Decides whose a contact is: a new customer, made by hand, perhaps with nothing but a wish to be known again; or one who is
known. An identity that belongs to somebody already only says whom this may be: a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.describe import known_customer
from app.actions.contacts.cases import survivor
from app.actions.record import advance, locked, once_mine
from app.actions.representatives.merge_bars import bar_contact
from app.db import uuid7
from app.errors import Conflict, NotFound
from app.queries.cases.families import customer_family
from app.queries.readers import may_change_case, may_change_customer, may_see_customer
from app.security import Actor
from app.tables import Customer, CustomerIdentity, Interaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What is said of a person; all of it may be unknown. `identities`: (kind, value), in the form the door knows them."""

    name: str | None = None
    language: str | None = None
    needs: Sequence[str] = ()
    identities: Sequence[tuple[str, str]] = ()


async def make_customer(
    session: AsyncSession, said: Described, *, actor: Actor, now: datetime, of: Mapping[str, Any] | None = None
) -> Customer:
    """A customer by hand. `of`: what its first event tells besides; ids.

    Raises `Conflict` (`identity_known`): somebody is known by that; `customer_id` names them to those who may know.
    """
    customer = Customer(
        id=uuid7(), name=said.name, language=said.language, needs=list(said.needs), created_at=now, version=0
    )
    fields = [name for name in ("name", "language", "needs") if getattr(said, name)]
    kinds = sorted(kind for kind, _ in said.identities)
    fact = {"fields": [*fields, *kinds], **(of or {})}
    advance(session, customer, "described", now=now, actor=actor, data=fact)
    await session.flush()
    await _claim(session, customer, said.identities, actor=actor)
    return customer


async def name_visitor(
    session: AsyncSession, interaction_id: UUID, said: Described, *, actor: Actor, now: datetime
) -> Customer:
    """Make the customer of a contact that has none. Raises `NotFound`, `Forbidden`, `Conflict` (`known_already`, …)."""
    interaction = await _nobodys(session, interaction_id, actor)
    customer = await make_customer(session, said, actor=actor, now=now, of={"interaction": str(interaction.id)})
    await _belongs(session, interaction, customer, actor=actor, now=now)
    return customer


async def recognise(
    session: AsyncSession, interaction_id: UUID, customer_id: UUID, *, actor: Actor, now: datetime
) -> Customer:
    """It is from somebody who is known. Again: nothing. What they must not meet, this contact must not meet either.

    Raises `NotFound`, also where a representative has not served that customer; `Forbidden`; `Conflict` (`known_already`, …).
    """
    known = await may_change_customer(session, customer_id, reader=actor.representative)
    before = await session.get(Interaction, interaction_id)
    if before is None:
        raise NotFound(f"There is no interaction {interaction_id}.")
    if before.customer_id in known:
        return await session.get_one(Customer, known[0])
    await bar_contact(session, interaction_id, cases=[], customers=known, actor=actor, now=now)
    interaction = await _nobodys(session, interaction_id, actor)
    customer = await session.get_one(Customer, known[0])
    await _belongs(session, interaction, customer, actor=actor, now=now)
    return customer


async def add_identities(
    session: AsyncSession, customer_id: UUID, identities: Sequence[tuple[str, str]], *, actor: Actor, now: datetime
) -> Customer:
    """One more way to recognise a customer. Known already as theirs: nothing. Raises `Forbidden`, `Conflict` (`identity_known`, …)."""
    await may_change_customer(session, customer_id, reader=actor.representative)
    customer = await known_customer(session, customer_id)
    if await _claim(session, customer, identities, actor=actor):
        kinds = sorted({kind for kind, _ in identities})
        advance(session, customer, "described", now=now, actor=actor, data={"fields": kinds})
        await session.flush()
    return customer


async def _nobodys(session: AsyncSession, interaction_id: UUID, actor: Actor) -> Interaction:
    interaction = await locked(session, Interaction, interaction_id)
    await may_change_case(session, interaction.case_id, reader=actor.representative)
    await once_mine(session, interaction, actor)
    if interaction.customer_id is not None:
        raise Conflict("It is known who this is.", code="known_already")
    return interaction


async def _belongs(
    session: AsyncSession, interaction: Interaction, customer: Customer, *, actor: Actor, now: datetime
) -> None:
    interaction.customer_id = customer.id
    session.add(interaction)
    case = await survivor(session, interaction.case_id)
    if case.customer_id is None:
        case.customer_id = customer.id
    fact = {"fields": ["customer"], "customer": str(customer.id), "interaction": str(interaction.id)}
    advance(session, case, "described", now=now, actor=actor, data=fact)
    await session.flush()


async def _claim(
    session: AsyncSession, customer: Customer, identities: Sequence[tuple[str, str]], *, actor: Actor
) -> int:
    """How many are new; whoever comes second finds whose they are."""
    new = 0
    for kind, value in sorted(set(identities)):
        made = insert(CustomerIdentity).values(kind=kind, value=value, customer_id=customer.id)
        claimed = made.on_conflict_do_nothing().returning(col(CustomerIdentity.kind))
        if (await session.exec(cast("Any", claimed))).first() is not None:
            new += 1
            continue
        whose = select(CustomerIdentity.customer_id).where(
            CustomerIdentity.kind == kind, CustomerIdentity.value == value
        )
        owner = (await session.exec(whose)).one()
        if owner not in await customer_family(session, customer.id):
            raise Conflict(
                "Somebody is known by that already: whether it is the same person, you must say.",
                code="identity_known",
                members=await _whose(session, owner, actor),
            )
    return new


async def _whose(session: AsyncSession, owner: UUID, actor: Actor) -> dict[str, str]:
    try:
        (known, *_) = await may_see_customer(session, owner, reader=actor.representative)
    except NotFound:
        return {}
    return {"customer_id": str(known)}
