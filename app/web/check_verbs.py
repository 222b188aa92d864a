"""What a second person does about a check: takes it, gives it back, approves it, or returns it with a comment.

Decides nothing: the actions do, under the locks of case and check.
"""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.checks.decide import approve, drop, send_back, take
from app.deps import ActorDep, ServiceDep
from app.errors import Invalid
from app.web.fields import Comment, PathId
from app.web.forms import Deed, press
from app.web.page import Page

LIST: Final = "/desk/checks"

router = APIRouter(prefix="/desk/checks", route_class=Page, include_in_schema=False)


@router.post("/{id}/taking")
async def taking(request: Request, check_id: PathId, service: ServiceDep, actor: ActorDep) -> Response:
    """Look at it, and keep others from doing so."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await take(session, check_id, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="taking", said="taken", anchor="#work"), act)


@router.post("/{id}/dropping")
async def dropping(request: Request, check_id: PathId, service: ServiceDep, actor: ActorDep) -> Response:
    """Give it back; another may take it."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await drop(session, check_id, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="taking", said="given_back", to=LIST), act)


@router.post("/{id}/approval")
async def approval(
    request: Request, check_id: PathId, service: ServiceDep, actor: ActorDep, comment: Comment = ""
) -> Response:
    """It is right: it happens at once."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await approve(session, check_id, comment=comment or None, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="approval", said="approved", to=LIST), act)


@router.post("/{id}/return")
async def returning(
    request: Request, check_id: PathId, service: ServiceDep, actor: ActorDep, comment: Comment = ""
) -> Response:
    """It is not right yet, and what is to be done."""

    async def act(session: AsyncSession, now: datetime) -> None:
        if not comment:
            raise Invalid("Say what is to be done.", code="no_comment")
        await send_back(session, check_id, comment=comment, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="return", said="returned", to=LIST), act)
