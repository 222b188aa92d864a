"""`/v1/queues/{id}/closing`: a queue is closed by hand, and opened again. Decides nothing: the action does."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from app.actions.line.closing import close, reopen
from app.api.shapes import Given, Line, Moment, PathCode
from app.deps import ActorDep, Guarded, NowDep, SessionDep

router = APIRouter(prefix="/v1/queues", tags=["queues"], route_class=Guarded)


class NewClosing(Given):
    """Until when, and what those who come meanwhile are told."""

    until: Annotated[Moment, Field(examples=["2027-01-31T09:00:00Z"])]
    message: Annotated[
        Line | None,
        StringConstraints(max_length=300),
        Field(description="Said to customers as it stands.", examples=["Our office is closed because of the flood."]),
    ] = None


class ClosingView(BaseModel):
    """A queue that is closed by hand."""

    queue: str
    until: datetime
    message: str | None


@router.put("/{id}/closing", response_model=ClosingView, summary="Close a queue for a while")
async def closing(
    queue: PathCode, body: NewClosing, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """Whoever comes is told within a second; who waits keeps waiting. Letters are always taken."""
    row = await close(session, queue, until=body.until, message=body.message, actor=actor, now=now)
    return {"queue": row.code, "until": row.closed_until, "message": row.closed_message}


@router.delete("/{id}/closing", status_code=204, summary="Open it again")
async def opening(queue: PathCode, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """From now on its hours count again; one that is not closed stays as it is."""
    await reopen(session, queue, actor=actor, now=now)
    return Response(status_code=204)
