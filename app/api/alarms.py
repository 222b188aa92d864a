"""`/v1/alarms`: what named people, or the supervisors, must look at. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.actions.alarms import end_alarm
from app.api.shapes import After, Code, Limit, Page, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.queries import alarms

router = APIRouter(prefix="/v1/alarms", tags=["alarms"], route_class=Guarded)


class AlarmView(BaseModel):
    """Something somebody must look at. Raised once for its reason, done when they say so, or when it is over by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01980000-0000-7000-8000-000000000001",
                    "kind": "touch_budget",
                    "case_id": "01980000-0000-7000-8000-000000000002",
                    "representative": "ayesha",
                    "raised_at": "2027-01-31T09:00:00Z",
                    "done_at": None,
                    "done_by": None,
                    "data": {"touches": 4, "budget": 4},
                }
            ]
        }
    )

    id: UUID
    kind: str = Field(description="touch_budget, clock_near, clock_breached, promise_near, rescue, …")
    case_id: UUID | None
    representative: str | None = Field(description="Who must look; null: the supervisors.")
    raised_at: datetime
    done_at: datetime | None
    done_by: str | None
    data: dict[str, Any] = Field(description="Codes and numbers, by kind.")


@router.get("", response_model=Page[AlarmView], summary="What must be looked at")
async def listed(
    session: ReadingDep,
    actor: ActorDep,
    representative: Annotated[Code | None, Query(description="Only those of this representative.")] = None,
    supervisors: Annotated[bool, Query(description="Only those that are the supervisors'.")] = False,
    case_id: Annotated[UUID | None, Query(description="Of this case, and then also those that are done.")] = None,
    kind: Annotated[Reason | None, Query(description="Only of this kind.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """Those that are open, the oldest first; a representative's key shows their own."""
    wanted = alarms.Wanted(representative=representative, supervisors=supervisors, case_id=case_id, kind=kind)
    items, following = await alarms.page(session, wanted, reader=actor.representative, after=after, limit=limit)
    return {"items": items, "next": following}


@router.put("/{id}/done", response_model=AlarmView, summary="Somebody has looked")
async def done(alarm_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Again: the same answer. A representative ends their own alarms, others every one."""
    return (await end_alarm(session, alarm_id, actor=actor, now=now)).model_dump(exclude={"key"})
