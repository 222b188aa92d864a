"""`/v1/representatives`: who works, how they are, and what they hold. Decides nothing."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.actions.offers.pull import pull
from app.actions.record import locked
from app.actions.representatives.presence import set_presence
from app.api import answers
from app.api.shapes import (
    After,
    AssignmentView,
    Code,
    Given,
    IfMatch,
    Limit,
    Page,
    PathCode,
    Presence,
    Reason,
    RepresentativeView,
)
from app.deps import ActorDep, Guarded, NowDep, OnceDep, OptionalKey, ReadingDep, ServiceDep, SessionDep
from app.errors import Forbidden
from app.queries import representatives
from app.security import Actor
from app.tables import Representative

router = APIRouter(prefix="/v1/representatives", tags=["representatives"], route_class=Guarded)


class NewPresence(Given):
    """What the representative says of themselves."""

    status: Annotated[Presence, Field(examples=["available"])]
    reason: Annotated[Reason | None, Field(examples=["lunch"])] = None


class Next(BaseModel):
    """Who comes next, in their hands already."""

    assignment: AssignmentView | None


@router.get("", response_model=Page[RepresentativeView], summary="List representatives")
async def listed(
    session: ReadingDep,
    actor: ActorDep,
    presence: Annotated[Presence | None, Query()] = None,
    queue: Annotated[Code | None, Query(description="Those who serve this queue.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """By code. A representative sees themselves."""
    items, following = await representatives.page(
        session, presence=presence, queue=queue, reader=actor.representative, after=after, limit=limit
    )
    return {"items": items, "next": following}


@router.get("/{id}", response_model=RepresentativeView, summary="Read one representative")
async def read(code: PathCode, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """How they are and how much they hold."""
    found = await representatives.one(session, code, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.put("/{id}/presence", response_model=RepresentativeView, summary="Available, away, offline")
async def presence(
    code: PathCode,
    body: NewPresence,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Going away hands offers back at once; a live call or visit stays until its own end."""
    _own(actor, code)
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Representative, code)).version)
    row = await set_presence(session, code, status=body.status, reason=body.reason, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return representatives.view(row)


@router.post("/{id}/heartbeat", status_code=204, summary="Still here")
async def heartbeat(
    code: PathCode, service: ServiceDep, actor: ActorDep, idempotency_key: OptionalKey = None
) -> Response:
    """Every ten seconds is plenty. Written together with everybody else's, once a second."""
    _own(actor, code)
    if actor.representative is None:
        async with service.database.reading() as session:
            await representatives.one(session, code, reader=None)
    service.heartbeats.note(code)
    return Response(status_code=204)


@router.post("/{id}/next", response_model=Next, summary="Next, please")
async def following(code: PathCode, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep) -> Response:
    """The next one for them, accepted at once; `assignment` is null where nobody waits whom they could take now."""
    _own(actor, code)
    row = await pull(session, code, actor=actor, now=now)
    return await once.keep(answers.written(Next, {"assignment": row.model_dump() if row is not None else None}))


@router.get("/{id}/assignments", response_model=Page[AssignmentView], summary="What they hold or held")
async def assignments(
    code: PathCode,
    session: ReadingDep,
    actor: ActorDep,
    live: Annotated[bool | None, Query(description="true: offered or held now; false: over.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """Newest first."""
    await representatives.one(session, code, reader=actor.representative)
    items, following = await representatives.assignments(session, code, live=live, after=after, limit=limit)
    return {"items": items, "next": following}


def _own(actor: Actor, code: str) -> None:
    """A representative's key speaks for that representative. Others may act for them; it is recorded who did."""
    if actor.representative not in (None, code):
        raise Forbidden("You can only speak for yourself.", code="not_yours")
