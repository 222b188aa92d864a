"""The desk: one representative's offers, the work in hand, and the piece they look at.

Decides what is looked at when nobody chose: work in hand before offers, so that an arriving offer never takes a half
written answer away. Reads only, and counts as a sign of life.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.db import now as database_clock
from app.db import uuid7
from app.deps import ActorDep, ReadingDep, ServiceDep
from app.queries import desk
from app.queries.desk import Held
from app.tables import Assignment
from app.web.fields import PathId, myself
from app.web.page import Page, render, spoken_here
from app.web.show import Shown
from channels.base import Info

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What the desk offers for a contact, by its channel's traits: never by its name."""

    kind: str
    """`letter`, `call` or `visit`: the word and the sign it is shown with."""
    answers: bool
    numbered: bool
    live: bool


@router.get("")
async def overview(request: Request, service: ServiceDep, session: ReadingDep, actor: ActorDep) -> Response:
    """What there is to do."""
    code = myself(actor)
    service.heartbeats.note(code)
    return await _desk(request, session, code, chosen=None)


@router.get("/work/{id}")
async def piece(
    request: Request, assignment_id: PathId, service: ServiceDep, session: ReadingDep, actor: ActorDep
) -> Response:
    """One piece of it. Where it is over by now, why."""
    code = myself(actor)
    service.heartbeats.note(code)
    chosen = await desk.assignment(session, assignment_id, code)
    return await _desk(request, session, code, chosen=chosen)


def traits(info: Info | None) -> Traits:
    """What can be done with a contact of this channel. One that is not served any more can still be completed."""
    if info is None:
        return Traits(kind="letter", answers=False, numbered=False, live=False)
    kind = "letter" if not info.live else "visit" if info.numbered else "call"
    return Traits(kind=kind, answers="replied" in info.commands, numbered=info.numbered, live=info.live)


async def _desk(request: Request, session: AsyncSession, code: str, *, chosen: Assignment | None) -> Response:
    who = await desk.representative(session, code)
    house = await desk.house(session, me=code)
    held = await desk.held(session, code)
    shown = Shown(
        words=spoken_here(request),
        house=house,
        zone=house.offices[who.office].timezone if who.office else "UTC",
        now=await database_clock(session),
    )
    looked_at = _looked_at(held, chosen)
    query = request.query_params
    return render(
        request,
        "desk.html",
        me=who,
        house=house,
        shown=shown,
        offers=[each for each in held if each.assignment.state == "offered"],
        work=[each for each in held if each.assignment.state != "offered"],
        laid_aside=await desk.laid_aside(session, code),
        at=looked_at,
        matter=await desk.matter(session, looked_at) if looked_at else None,
        gone=(chosen.outcome or "work_gone") if chosen and not looked_at else None,
        here=_address(looked_at, chosen),
        traits={name: traits(channel.info) for name, channel in registry.current().items()},
        no_traits=traits(None),
        once=uuid7().hex,
        said=query.get("said"),
        sorry=query.get("sorry"),
    )


def _looked_at(held: list[Held], chosen: Assignment | None) -> Held | None:
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
