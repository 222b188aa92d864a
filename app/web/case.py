"""One case, whole: who it is, where it stands, its playbook, its story, and all that may be done about it.

Decides whether it is shown with forms: to whose work it is or was, and to supervisors; the second person only reads. Reads
only.
"""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.security import Actor
from app.web.fields import PathId
from app.web.frame import Wrong, frame, framed
from app.web.page import Page, leafed
from app.web.told import teller

router = APIRouter(prefix="/desk/cases", route_class=Page, include_in_schema=False)


@router.get("/{id}")
async def one(request: Request, case_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep) -> Response:
    """The page of a case; `after` and `before` leaf through its story."""
    return await case_page(request, session, service, actor, case_id)


async def case_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    case_id: UUID,
    *,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where a form of it was refused."""
    about = await frame(request, session, service, actor)
    leaf = (
        {name: value for name in ("after", "before") if (value := request.query_params.get(name))} if not wrong else {}
    )
    matter = await about.seen(session, case_id, after=leaf.get("after"), before=leaf.get("before"))
    return await framed(
        request,
        session,
        about,
        "case.html",
        here=leafed(request, f"/desk/cases/{matter.case.id}", *leaf),
        place="cases",
        wrong=wrong,
        status=status,
        matter=matter,
        leafed=bool(leaf),
        tell=teller(about.shown, me=about.code),
    )
