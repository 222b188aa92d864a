"""`/v1/assignments`: what a representative says to an offer. Decides nothing: the database's clock does."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from app.actions.offers.accept import accept
from app.actions.offers.reject import reject
from app.api.shapes import AssignmentView, Given, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.queries import representatives

router = APIRouter(prefix="/v1/assignments", tags=["assignments"], route_class=Guarded)


class Rejection(Given):
    """Why not: a code, kept in the event log."""

    reason: Annotated[Reason, Field(examples=["busy"])]


@router.get("/{id}", response_model=AssignmentView, summary="Read one assignment")
async def read(assignment_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """Until when it is offered, and how it ended."""
    return await representatives.assignment(session, assignment_id, reader=actor.representative)


@router.put("/{id}/acceptance", response_model=AssignmentView, summary="Take it")
async def acceptance(assignment_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """409 `offer_gone` where it has expired, was withdrawn, or the customer has left."""
    return (await accept(session, assignment_id, actor=actor, now=now)).model_dump()


@router.put("/{id}/rejection", response_model=AssignmentView, summary="Decline it")
async def rejection(
    assignment_id: PathId, body: Rejection, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """It goes back to its place in line and is offered to others first."""
    return (await reject(session, assignment_id, reason=body.reason, actor=actor, now=now)).model_dump()
