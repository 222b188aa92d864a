"""What belongs together at the desk: two cases that are one matter, and contacts that are about another. Decides nothing."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.split import move, split
from app.deps import ActorDep, ServiceDep
from app.errors import Invalid, NotFound
from app.queries.desk.person import id_in
from app.tables import Merge
from app.web.fields import Line, PathId, Short
from app.web.forms import Deed, press
from app.web.page import Page

ANCHOR: Final = "#belongs"
SAME: Final = "same_matter"
ANOTHER: Final = "two_matters"
MOST: Final = 100

router = APIRouter(prefix="/desk/cases", route_class=Page, include_in_schema=False)


@router.post("/{id}/merges")
async def merging(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    other: Short = "",
    address: Line = "",
) -> Response:
    """Another case is about the same matter: it is taken into this one. `other`: one that is proposed; `address`: any."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await merge(session, case_id, _case_in(address or other), reason=SAME, actor=actor, now=now)

    form = "merge" if other else "merge-other"
    return await press(request, service, actor, Deed(form=form, said="merged", anchor=ANCHOR), act)


@router.post("/{id}/merges/{merge}/undoing")
async def undoing(
    request: Request,
    merge_id: Annotated[UUID, Path(alias="merge")],
    service: ServiceDep,
    actor: ActorDep,
) -> Response:
    """They are two after all."""

    async def act(session: AsyncSession, now: datetime) -> None:
        row = await session.get(Merge, merge_id)
        if row is None or row.kind != "case":
            raise NotFound(f"There is no merge {merge_id}.")
        await unmerge(session, row, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="merge", said="unmerged", anchor=ANCHOR), act)


@router.post("/{id}/splits")
async def splitting(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    contact: Annotated[list[UUID], Form(max_length=MOST)] = [],  # noqa: B006  # read only
) -> Response:
    """These contacts are another matter: they get a case of their own."""

    async def act(session: AsyncSession, now: datetime) -> None:
        if not contact:
            raise Invalid("Say which contacts.", code="no_contact")
        await split(session, case_id, contact, reason=ANOTHER, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="split", said="split", anchor=ANCHOR, once=once), act)


@router.post("/{id}/moves")
async def moving(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    contact: Annotated[UUID | None, Form()] = None,
    other: Short = "",
    address: Line = "",
) -> Response:
    """One contact is about another case, by a person's choice. `address` goes before `other`."""

    async def act(session: AsyncSession, now: datetime) -> None:
        if contact is None:
            raise Invalid("Say which contact.", code="no_contact")
        await move(session, contact, _case_in(address or other), reason=ANOTHER, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="move", said="moved", anchor=ANCHOR), act)


def _case_in(text: str) -> UUID:
    """The case that was typed or chosen; raises `Invalid` (`no_case`)."""
    found = id_in(text)
    if found is None:
        raise Invalid("Say which case.", code="no_case")
    return found
