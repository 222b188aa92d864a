"""Faults that touch many, for those who lead: those that are proposed, declared and over, and a form to declare one.

Decides nothing. Reads only.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.queries.desk import frame as desk
from app.queries.incidents import incidents
from app.security import Actor
from app.web.frame import Wrong, frame, framed
from app.web.page import Page, leafed

router = APIRouter(prefix="/desk/incidents", route_class=Page, include_in_schema=False)


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    session: ReadingDep,
    actor: ActorDep,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The newest first."""
    return await incidents_page(request, session, service, actor, after=after)


async def incidents_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    *,
    after: str | None = None,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where declaring one was refused."""
    about = await frame(request, session, service, actor)
    rows, following = await incidents.page(session, state=None, after=after, limit=50)
    return await framed(
        request,
        session,
        about,
        "incidents.html",
        here=leafed(request, "/desk/incidents", "after"),
        place="incidents",
        wrong=wrong,
        status=status,
        rows=rows,
        following=following,
        spoken=await desk.languages(session),
    )
