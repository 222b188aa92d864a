"""`/v1/cases/{id}/clocks`: by when something is due on a case, in the working hours of its queue. Decides nothing."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.shapes import Page, PathId
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries.cases import clocks

router = APIRouter(prefix="/v1/cases/{id}/clocks", tags=["cases"], route_class=Guarded)


class ClockView(BaseModel):
    """One target in working time. Paused: the customer is awaited."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01980000-0000-7000-8000-000000000004",
                    "case_id": "01980000-0000-7000-8000-000000000002",
                    "kind": "first_response",
                    "state": "running",
                    "target_seconds": 3600,
                    "spent_seconds": 0,
                    "started_at": "2027-01-31T09:00:00Z",
                    "since": "2027-01-31T09:00:00Z",
                    "due_at": "2027-01-31T10:00:00Z",
                    "warned_at": None,
                    "ended_at": None,
                    "late_at": None,
                    "queue": "claims",
                }
            ]
        }
    )

    id: UUID
    case_id: UUID
    kind: Literal["first_response", "next_response", "resolution"]
    state: Literal["running", "paused", "met", "breached", "stopped"]
    target_seconds: float
    spent_seconds: float = Field(description="Working time used up until `since`.")
    started_at: datetime
    since: datetime = Field(description="The last start, pause or resumption.")
    due_at: datetime | None = Field(description="Only while it runs.")
    warned_at: datetime | None
    ended_at: datetime | None = Field(description="Met or stopped then; breached: when it was due.")
    late_at: datetime | None = Field(description="Breached, and done all the same then.")
    queue: str | None = Field(description="Whose calendar it goes by.")


@router.get("", response_model=Page[ClockView], summary="By when something is due")
async def listed(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """All clocks the case has or had, the oldest first."""
    return {"items": await clocks.clocks_of(session, case_id, reader=actor.representative), "next": None}
