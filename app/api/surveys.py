"""What customers were asked after a resolution and what they said, as people of the house read it. Decides nothing.

Customers answer on a page of their own, which is none of these routes.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.shapes import Page, PathId
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries.cases import surveys

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)


class SurveyView(BaseModel):
    """Asked once for each resolution. Of the representative it speaks to those who lead alone."""

    id: UUID
    case_id: UUID
    round: int = Field(description="Counted from 1: it was asked again after each time it was not solved.")
    state: Literal["asked", "answered", "lapsed", "dropped"]
    channel: str = Field(description="How they were asked: `email`, or `page` for their own page alone.")
    representative: str | None = Field(description="Who is asked about: fixed when it was resolved.")
    asked_at: datetime
    closes_at: datetime
    solved: Literal["yes", "no", "partly"] | None
    mark: int | None = Field(description="1 to 5; null for a representative's key, and where nothing was said.")
    words: str | None = Field(description="About the representative; null for a representative's key.")
    ended_at: datetime | None


@router.get("/{id}/surveys", response_model=Page[SurveyView], summary="What the customer said of it")
async def of_case(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """At most 200, the oldest first; those of cases that were taken into it are among them."""
    return {"items": await surveys.of_case(session, case_id, reader=actor.representative), "next": None}
