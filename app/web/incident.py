"""One fault that touches many, for those who lead: what is told of it, the cases it is about, who may not have called.

Decides nothing. Reads only.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.queries.cases import cases
from app.queries.desk import case as desk_cases
from app.queries.desk import frame as desk
from app.queries.incidents import incidents
from app.queries.incidents import reach as incidents_reach
from app.security import Actor
from app.web.fields import PathId
from app.web.frame import Wrong, frame, framed
from app.web.page import Page, leafed

router = APIRouter(prefix="/desk/incidents", route_class=Page, include_in_schema=False)


@router.get("/{id}")
async def one(
    request: Request, incident_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep
) -> Response:
    """The page of an incident; `after` leafs through its cases, `likely` through who may be touched."""
    return await incident_page(request, session, service, actor, incident_id)


async def incident_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    incident_id: UUID,
    *,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where a form of it was refused."""
    about = await frame(request, session, service, actor)
    found = await incidents.one(session, incident_id)
    query = request.query_params
    attached, following = await incidents.cases(
        session, incident_id, possible=False, after=query.get("after"), limit=50
    )
    possible, _ = await incidents.cases(session, incident_id, possible=True, after=None, limit=20)
    likely: list[dict[str, Any]] = []
    further = None
    if found["state"] == "declared":
        likely, further = await incidents_reach.likely(session, incident_id, after=query.get("likely"), limit=50)
    return await framed(
        request,
        session,
        about,
        "incident.html",
        here=leafed(request, f"/desk/incidents/{incident_id}", "after", "likely"),
        place="incidents",
        wrong=wrong,
        status=status,
        incident=found,
        attached=attached,
        following=following,
        possible=possible if found["state"] == "declared" else [],
        likely=likely,
        further=further,
        matters=await desk_cases.about(session, {row["id"] for row in (*attached, *possible)}, reader=None),
        people=await cases.known_as(session, {row["customer_id"] for row in likely}),
        spoken=await desk.languages(session),
    )
