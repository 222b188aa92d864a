"""What is said of a customer at the desk: who may speak for them and how they agreed, and that two are one person.

Decides nothing: the actions do. Who is one person, those say who lead; the access table keeps it.
"""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.customers.merge import merge_customers, unmerge_customers
from app.actions.customers.proxies import end_proxy, name_proxy
from app.deps import ActorDep, ServiceDep
from app.errors import Invalid, NotFound
from app.queries.desk.person import named
from app.tables import Merge
from app.web.fields import Line, PathId, Reason
from app.web.forms import Deed, press
from app.web.page import Page

SAME: Final = "same_person"

router = APIRouter(prefix="/desk/customers", route_class=Page, include_in_schema=False)


@router.post("/{id}/proxies")
async def naming(
    request: Request,
    customer_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    who: Line = "",
    relation: Reason = "",
    consent: Reason = "",
) -> Response:
    """Somebody may speak for them. Nothing without their consent, and how it was given is noted."""

    async def act(session: AsyncSession, now: datetime) -> None:
        speaker = await named(session, who, reader=actor.representative)
        if not relation or not consent:
            raise Invalid("Say what they are, and how the customer agreed.", code="no_consent")
        await name_proxy(session, customer_id, speaker, relation=relation, consent=consent, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="proxy", said="proxy_noted", anchor="#speakers"), act)


@router.post("/{id}/proxies/{proxy}/ending")
async def ending(
    request: Request,
    customer_id: PathId,
    note: Annotated[UUID, Path(alias="proxy")],
    service: ServiceDep,
    actor: ActorDep,
) -> Response:
    """They speak for themselves again."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await end_proxy(session, customer_id, note, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="proxy", said="proxy_ended", anchor="#speakers"), act)


@router.post("/{id}/merges")
async def merging(
    request: Request, customer_id: PathId, service: ServiceDep, actor: ActorDep, who: Line = ""
) -> Response:
    """Somebody else is the same person, and is known as this one from now on."""

    async def act(session: AsyncSession, now: datetime) -> None:
        other = await named(session, who, reader=None)
        await merge_customers(session, customer_id, other, reason=SAME, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="same", said="one_person", anchor="#same"), act)


@router.post("/{id}/merges/{merge}/undoing")
async def undoing(
    request: Request,
    merge_id: Annotated[UUID, Path(alias="merge")],
    service: ServiceDep,
    actor: ActorDep,
) -> Response:
    """They are two people after all."""

    async def act(session: AsyncSession, now: datetime) -> None:
        row = await session.get(Merge, merge_id)
        if row is None or row.kind != "customer":
            raise NotFound(f"There is no merge {merge_id}.")
        await unmerge_customers(session, row, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="same", said="two_people", anchor="#same"), act)
