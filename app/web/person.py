"""One customer at the desk: by what they are known, who may speak for them, their cases, and who was found to be the same person.

Decides nothing. Reads only: representatives see those they have served, those who lead see all.
"""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.queries.desk import person as desk_people
from app.security import Actor
from app.web.fields import PathId
from app.web.frame import Wrong, frame, framed
from app.web.page import Page

router = APIRouter(prefix="/desk/customers", route_class=Page, include_in_schema=False)


@router.get("/{id}")
async def one(
    request: Request, customer_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep
) -> Response:
    """The page of a customer; of one who was taken into another, the page of that one."""
    return await person_page(request, session, service, actor, customer_id)


async def person_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    customer_id: UUID,
    *,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where a form of it was refused."""
    about = await frame(request, session, service, actor)
    person = await desk_people.person(session, customer_id, reader=about.code)
    return await framed(
        request,
        session,
        about,
        "person.html",
        here=f"/desk/customers/{person.customer.id}",
        place="customers",
        wrong=wrong,
        status=status,
        person=person,
    )
