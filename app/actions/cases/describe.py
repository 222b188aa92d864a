"""A person says more of a case or of a customer: whose it is, how much it is about, what they are called.

Decides which words a change may use: codes that there are, and owners who work here. Events name what was changed; of a
customer's own words they keep none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.cases import alone
from app.actions.record import advance, locked
from app.errors import Conflict, Forbidden, Invalid
from app.queries.readers import may_change_case, may_change_customer
from app.queries.rules import rules_for
from app.security import Actor
from app.tables import Case, Customer, Representative

TOLD: Final[tuple[str, ...]] = ("amount", "area", "product", "request_type")
"""What an event tells of a case with its value: numbers and codes. Of the subject it tells only that it changed."""
TOLD_OF_CUSTOMERS: Final[tuple[str, ...]] = ("language", "needs", "news_by")


async def describe_case(
    session: AsyncSession, case_id: UUID, changes: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Case:
    """Change `owner`, `amount`, `area`, `product`, `subject`, `request_type`; what stays as it is, is no change.

    Raises `NotFound`, `Conflict` (`already_merged`, `erased`), `Invalid` (`unknown_representative`,
    `unknown_request_type`), `Forbidden` (`supervised`: only a supervisor names the owner of what supervisors own; `not_accepted`).
    """
    await may_change_case(session, case_id, reader=actor.representative)
    case = await alone(session, case_id)
    if case.erased_at is not None:
        raise Conflict("Of this case nothing is left to be described.", code="erased")
    changed = {name: value for name, value in changes.items() if getattr(case, name) != value}
    await _known(session, changed)
    if "owner" in changed:
        _own(session, case, changed.pop("owner"), actor=actor, now=now)
    if changed:
        for name, value in changed.items():
            setattr(case, name, value)
        told = {name: changed[name] for name in TOLD if name in changed}
        advance(session, case, "described", now=now, actor=actor, data={"fields": sorted(changed), **told})
    await session.flush()
    return case


async def describe_customer(
    session: AsyncSession, customer_id: UUID, changes: Mapping[str, Any], *, actor: Actor, now: datetime
) -> Customer:
    """Change `name`, `language`, `needs`, `news_by`. Raises `NotFound`, `Forbidden`, `Conflict` (`already_merged`, `erased`)."""
    await may_change_customer(session, customer_id, reader=actor.representative)
    customer = await known_customer(session, customer_id)
    changed = {name: value for name, value in changes.items() if getattr(customer, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(customer, name, value)
        told = {name: changed[name] for name in TOLD_OF_CUSTOMERS if name in changed}
        advance(session, customer, "described", now=now, actor=actor, data={"fields": sorted(changed), **told})
    await session.flush()
    return customer


async def known_customer(session: AsyncSession, customer_id: UUID) -> Customer:
    """The customer, locked. Raises `NotFound`, `Conflict` (`already_merged`, `erased`)."""
    customer = await locked(session, Customer, customer_id)
    if customer.merged_into is not None:
        members = {"survivor": str(customer.merged_into)}
        raise Conflict("This customer was taken into another.", code="already_merged", members=members)
    if customer.state == "erased":
        raise Conflict("This customer was erased.", code="erased")
    return customer


def _own(session: AsyncSession, case: Case, owner: str | None, *, actor: Actor, now: datetime) -> None:
    if case.supervised and actor.representative is not None:
        raise Forbidden("The supervisors own this case.", code="supervised")
    before = {"before": case.owner} if case.owner is not None else {}
    case.owner, case.supervised = owner, case.supervised and owner is None
    advance(session, case, "owned", now=now, actor=actor, data={"representative": owner, "by_hand": True, **before})


async def _known(session: AsyncSession, changed: Mapping[str, Any]) -> None:
    owner, request_type = changed.get("owner"), changed.get("request_type")
    if owner is not None:
        row = await session.get(Representative, owner)
        if row is None or row.retired:
            raise Invalid(f"There is no representative {owner!r}.", code="unknown_representative")
    if request_type is not None and request_type not in (await rules_for(session)).requests:
        raise Invalid(f"There is no request type {request_type!r}.", code="unknown_request_type")
