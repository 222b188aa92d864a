"""The desk: one representative's offers, the work in hand, and the piece they look at, with its whole matter.

Decides what is looked at when nobody chose: work in hand before offers, so that an arriving offer never takes a half
written answer away. Reads only, and counts as a sign of life.
"""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.queries.desk import frame as desk
from app.queries.desk.frame import Held
from app.security import Actor
from app.tables import Assignment
from app.web.fields import PathId, myself
from app.web.frame import Wrong, frame, framed
from app.web.page import Page, home_of, see
from app.web.told import teller

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@router.get("")
async def overview(request: Request, service: ServiceDep, session: ReadingDep, actor: ActorDep) -> Response:
    """What there is to do; who leads begins with the alarms."""
    if actor.representative is None:
        return see(home_of(request))
    return await _desk(request, session, service, actor, chosen=None)


@router.get("/work/{id}")
async def piece(
    request: Request, assignment_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep
) -> Response:
    """One piece of it. Where it is over by now, why."""
    return await work_page(request, session, service, actor, assignment_id)


async def work_page(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    assignment_id: UUID,
    *,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    """The same, also where a form of it was refused."""
    chosen = await desk.assignment(session, assignment_id, myself(actor))
    return await _desk(request, session, service, actor, chosen=chosen, wrong=wrong, status=status)


async def _desk(
    request: Request,
    session: AsyncSession,
    service: Service,
    actor: Actor,
    *,
    chosen: Assignment | None,
    wrong: Wrong | None = None,
    status: int = 200,
) -> Response:
    about = await frame(request, session, service, actor)
    at = _looked_at(about.held, chosen)
    matter = await about.seen(session, at.interaction.case_id) if at else None
    return await framed(
        request,
        session,
        about,
        "desk.html",
        here=_address(at, chosen),
        place="desk",
        wrong=wrong,
        status=status,
        at=at,
        matter=matter,
        connected=await desk.connected(session, at) if at else False,
        tell=teller(about.shown, me=about.code),
        gone=(chosen.outcome or "work_gone") if chosen and not at else None,
    )


def _looked_at(held: Sequence[Held], chosen: Assignment | None) -> Held | None:
    if chosen is not None:
        return next((each for each in held if each.assignment.id == chosen.id), None)
    taken = [each for each in held if _is_taken(each)]
    return next(iter(taken or held), None)


def _address(looked_at: Held | None, chosen: Assignment | None) -> str:
    """Where this very view is read again: work once looked at stays in view, whatever else arrives."""
    if chosen is not None:
        return f"/desk/work/{chosen.id}"
    return f"/desk/work/{looked_at.assignment.id}" if looked_at and _is_taken(looked_at) else "/desk"


def _is_taken(about: Held) -> bool:
    return about.assignment.state != "offered"
