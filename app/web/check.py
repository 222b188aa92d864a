"""One check by a second person: what there is to look at, and the case once they have taken it.

Decides nothing. Reads only: taking, approving and returning are verbs of their own.
"""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.queries.cases import checks
from app.queries.desk import case as desk_cases
from app.security import Actor
from app.web.fields import PathId
from app.web.frame import Frame, Wrong, frame, framed
from app.web.page import Page
from app.web.told import teller

router = APIRouter(prefix="/desk/checks", route_class=Page, include_in_schema=False)


@router.get("/{id}")
async def one(
    request: Request, check_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep
) -> Response:
    """The page of a check."""
    return await check_page(request, session, service, actor, check_id)


async def check_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    check_id: UUID,
    *,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where a form of it was refused."""
    about = await frame(request, session, service, actor)
    found = await checks.one(session, check_id, reader=about.code)
    mine = found["state"] == "taken" and found["checker"] == (about.code or actor.label)
    reads = mine or about.code is None or found["representative"] == about.code
    matter = await about.seen(session, found["case_id"]) if reads else None
    return await framed(
        request,
        session,
        about,
        "check.html",
        here=f"/desk/checks/{check_id}",
        place="checks",
        wrong=wrong,
        status=status,
        check=found,
        mine=mine,
        may_take=_may_take(about, found),
        matter=matter,
        names=await desk_cases.names(session, {code for code in (found["representative"], found["checker"]) if code}),
        tell=teller(about.shown, me=about.code),
    )


def _may_take(about: Frame, found: dict[str, object]) -> bool:
    return found["state"] == "waiting" and (about.code is None or found["representative"] != about.code)
