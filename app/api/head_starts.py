"""`/v1/interactions/{id}/head_starts`: who waits is moved ahead, with a reason on record.

Decides nothing: the action does, under the row's lock and within the day's share.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.actions.line.head_starts import give
from app.api import answers
from app.api.shapes import Given, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, SessionDep

router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Guarded)


class NewHeadStart(Given):
    """Why this one goes earlier: a reason the rules put a number on."""

    reason: Annotated[Reason, Field(examples=["discretion"])]


class HeadStartView(BaseModel):
    """The answer, which is on record either way."""

    reason: str
    granted: bool = Field(description="False: the share of this reason in today's arrivals is used up.")
    head_start_seconds: int = Field(description="All reasons together, within the queue's limit.")
    due_at: datetime | None


@router.post("/{id}/head_starts", response_model=HeadStartView, summary="Move one who waits ahead")
async def head_starts(
    interaction_id: PathId, body: NewHeadStart, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """For a reason that is seen only now: age, illness, your own judgement. The same reason counts once."""
    row, granted = await give(session, interaction_id, reason=body.reason, actor=actor, now=now)
    told = {
        "reason": body.reason,
        "granted": granted,
        "head_start_seconds": row.head_start_seconds,
        "due_at": row.due_at,
    }
    return await once.keep(answers.written(HeadStartView, told, status=200))
