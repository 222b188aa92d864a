"""What a representative does at the desk: each form is one action in one transaction, then the browser reads again.

Decides nothing about work: the actions do, with the representative as the one who acts. What is over meanwhile is told
kindly by the page that is read next.
"""

from datetime import datetime, time, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.resolve import resolve
from app.actions.contacts.cases import survivor
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import no_show
from app.actions.contacts.write import write
from app.actions.line.requeue import park, transfer, wake
from app.actions.offers.accept import accept
from app.actions.offers.pull import pull
from app.actions.offers.reject import reject
from app.actions.representatives.presence import set_presence
from app.deps import ActorDep, NowDep, ServiceDep, SessionDep
from app.errors import Forbidden
from app.queries.desk import frame as desk
from app.queries.representatives import preferred_by
from app.security import Actor
from app.web.fields import Line, PathId, Reason, Short, in_hand, myself
from app.web.forms import Deed, press
from app.web.page import Page, see
from app.web.show import zone_of

MORNING: Final = time(9)
LATER: Final = {"hour": timedelta(hours=1), "evening": timedelta(hours=4), "week": timedelta(weeks=1)}
WORK: Final = "#work"

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@router.post("/presence")
async def presence(
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    service: ServiceDep,
    status: Annotated[Literal["available", "away", "offline"], Form()],
    reason: Reason = "",
) -> Response:
    """Available, away, offline."""
    code = myself(actor)
    await set_presence(session, code, status=status, reason=reason or None, actor=actor, now=now)
    service.heartbeats.note(code)
    return see("/desk", said=status)


@router.post("/next")
async def following(session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """The next one, please; taken at once."""
    made = await pull(session, myself(actor), actor=actor, now=now)
    if made is None:
        return see("/desk", said="nobody_waits")
    return see(f"/desk/work/{made.id}", said="accepted", anchor=WORK)


@router.post("/work/{id}/acceptance")
async def acceptance(assignment_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Take what is offered."""
    await desk.assignment(session, assignment_id, myself(actor))
    await accept(session, assignment_id, actor=actor, now=now)
    return see(f"/desk/work/{assignment_id}", said="accepted", anchor=WORK)


@router.post("/work/{id}/rejection")
async def rejection(
    assignment_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep, reason: Reason = ""
) -> Response:
    """Decline it, with a reason."""
    await desk.assignment(session, assignment_id, myself(actor))
    await reject(session, assignment_id, reason=reason or "other", actor=actor, now=now)
    return see("/desk", said="declined")


@router.post("/work/{id}/completion")
async def completion(
    request: Request,
    assignment_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    outcome: Reason = "",
    solved: Annotated[bool, Form()] = False,
    root_cause: Reason = "",
) -> Response:
    """The contact is done; `solved`: by the representative's word, the matter too."""

    async def act(session: AsyncSession, now: datetime) -> str | None:
        held = await in_hand(session, assignment_id, actor)
        row = await complete(session, held, outcome=outcome or None, actor=actor, now=now)
        if not solved:
            return None
        matter = await survivor(session, row.case_id)
        case = await resolve(
            session, matter.id, outcome=outcome or None, root_cause=root_cause or None, actor=actor, now=now
        )
        return "completed_to_be_checked" if case.state == "checking" else "solved"

    return await press(request, service, actor, Deed(form="finish", said="completed", to="/desk"), act)


@router.post("/work/{id}/transfer")
async def handing_on(
    request: Request,
    assignment_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    queue: Short = "",
    representative: Short = "",
    reason: Line = "",
) -> Response:
    """To another queue, a colleague, or both."""

    async def act(session: AsyncSession, now: datetime) -> None:
        held = await in_hand(session, assignment_id, actor)
        await _say_why(session, held, reason, actor=actor, now=now)
        to = {"queue": queue or None, "representative": representative or None}
        await transfer(session, held, **to, reason=None, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="handing-on", said="transferred", to="/desk"), act)


@router.post("/work/{id}/parking")
async def laying_aside(
    request: Request,
    assignment_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    until: Literal["written", "hour", "evening", "morning", "week"] = Form("written"),
    reason: Line = "",
) -> Response:
    """Until the customer writes, or until a time."""

    async def act(session: AsyncSession, now: datetime) -> None:
        held = await in_hand(session, assignment_id, actor)
        await _say_why(session, held, reason, actor=actor, now=now)
        moment = await _moment(session, until, code=myself(actor), now=now)
        await park(session, held, until=moment, reason=None, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="laying-aside", said="parked", to="/desk"), act)


@router.post("/work/{id}/no-show")
async def absence(assignment_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Called, and did not come."""
    held = await in_hand(session, assignment_id, actor)
    await no_show(session, held, actor=actor, now=now)
    return see("/desk", said="no_show")


@router.post("/laid-aside/{id}/waking")
async def waking(
    interaction_id: Annotated[UUID, Path(alias="id")], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """Take up again what was laid aside."""
    if not await preferred_by(session, interaction_id, myself(actor)):
        raise Forbidden("This was not laid aside by you.", code="not_yours")
    await wake(session, interaction_id, actor=actor, now=now)
    return see("/desk", said="taken_up")


async def _say_why(session: AsyncSession, held: UUID, words: str, *, actor: Actor, now: datetime) -> None:
    """A reason in words is for colleagues, so it is a note: in the event log it would stay for ever."""
    if words:
        await write(session, held, direction="note", subject=None, body=words, actor=actor, now=now)


async def _moment(session: AsyncSession, until: str, *, code: str, now: datetime) -> datetime | None:
    """When it wakes; None: when the customer writes. Mornings are those of the representative's office."""
    if until == "morning":
        zone = zone_of(await desk.zone(session, code))
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, MORNING, tzinfo=zone)
    return now + LATER[until] if until in LATER else None
