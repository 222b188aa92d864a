"""`/v1/customers/{id}/erasure` and `/export`: a person's right to be forgotten, and to take along what is kept. Decides nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from app.actions.customers.erase import ask_erasure
from app.api.shapes import PathId
from app.deps import ActorDep, Guarded, NowDep, ServiceDep, SessionDep
from app.queries.customers.export import export

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=Guarded)


class ErasureView(BaseModel):
    """A wish to be forgotten."""

    customer_id: UUID
    asked_at: datetime
    done_at: datetime | None = Field(
        description="When nothing was left. Seconds later, or when a contact that is being served is over."
    )


@router.put("/{id}/erasure", response_model=ErasureView, status_code=202, summary="Forget this person")
async def erasure(customer_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Name, addresses, words and documents go, wherever they are kept; figures and events stay. It cannot be undone.

    Contacts nobody serves yet are cancelled. Asked again: how it stands.
    """
    return (await ask_erasure(session, customer_id, actor=actor, now=now)).model_dump()


@router.get(
    "/{id}/export",
    summary="Everything that is kept about this person",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "One JSON object."}
    },
)
async def everything(customer_id: PathId, service: ServiceDep) -> Response:
    """Who they are, their cases, contacts, words, promises, answers and documents; not what colleagues noted."""
    named = {"content-disposition": f'attachment; filename="customer-{customer_id}.json"'}
    pieces = await export(service.database, customer_id)
    return StreamingResponse(pieces, media_type="application/json", headers=named)
