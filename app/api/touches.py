"""`/v1/cases/{id}/touches`: how often a customer had to turn to us about one matter, and why. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.actions.touches.causes import set_cause
from app.api.shapes import Given, Page, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.queries.cases import touches

router = APIRouter(prefix="/v1/cases/{id}/touches", tags=["cases"], route_class=Guarded)

Number = Annotated[int, Path(ge=1, le=1_000_000, description="Which touch of this case, from 1.")]


class TouchView(BaseModel):
    """One time the customer had to turn to us again, or was asked for something."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "case_id": "01980000-0000-7000-8000-000000000002",
                    "number": 1,
                    "kind": "contact",
                    "interaction_id": "01980000-0000-7000-8000-000000000003",
                    "channel": "phone",
                    "cause": "status",
                    "caused_by": "rule",
                    "representative": "ayesha",
                    "at": "2027-01-31T09:00:00Z",
                }
            ]
        }
    )

    case_id: UUID = Field(description="This case, or one that was taken into it: each counts from 1.")
    number: int
    kind: Literal["contact", "message", "asked"] = Field(description="`asked`: we asked them for something.")
    interaction_id: UUID = Field(validation_alias="subject_id")
    channel: str
    cause: str = Field(
        description="promise_broken, wrong_hand_over, not_solved, status, repeat, what was asked for, or a code of the rules."
    )
    caused_by: str = Field(description="`rule`, or who said so.")
    representative: str | None = Field(description="Whose matter it was then, or who asked.")
    at: datetime


class TouchesView(Page[TouchView]):
    """All of them, the oldest first, and how they stand to the budget of the request type."""

    count: int = Field(
        description="Of the whole matter; at the budget the owner is told, at twice the supervisors own it."
    )
    budget: int
    supervised: bool


class Cause(Given):
    """Why they had to turn to us."""

    cause: Annotated[Reason, Field(description="A code.", examples=["missing_document"])]


@router.get("", response_model=TouchesView, summary="How often the customer had to turn to us")
async def listed(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """With those of the cases that were taken into this one."""
    return await touches.touches_of(session, case_id, reader=actor.representative)


@router.put("/{number}/cause", response_model=TouchView, summary="Say why")
async def cause(
    case_id: PathId, number: Number, body: Cause, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """Who knows better than the rule says so; the log keeps both."""
    return (await set_cause(session, case_id, number, cause=body.cause, actor=actor, now=now)).model_dump()
