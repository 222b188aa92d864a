"""Bars: whom a customer, or a case, must never meet again. Decides nothing: the action does, under the rows' locks."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from app.actions.representatives.bar import Whose, bar, bars_of, unbar
from app.api.shapes import BarView, Given, Page, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep

router = APIRouter(prefix="/v1", tags=["bars"], route_class=Guarded)

Barred = Annotated[
    str,
    Path(alias="representative", pattern=r"^[a-z][a-z0-9_-]*$", max_length=60, description="Who is not to serve them."),
]


class NewBar(Given):
    """Why not: a code, kept in the event log."""

    reason: Annotated[Reason, Field(examples=["complaint"])]


@router.get("/customers/{id}/bars", response_model=Page[BarView], summary="Whom this customer must not meet")
async def of_customer(customer_id: PathId, session: ReadingDep) -> dict[str, Any]:
    """At most 16, the oldest first; those of single cases stand with the case."""
    return {"items": [row.model_dump() for row in await bars_of(session, Whose(customer_id=customer_id))], "next": None}


@router.put("/customers/{id}/bars/{representative}", response_model=BarView, summary="Never this representative")
async def bar_from_customer(
    customer_id: PathId, representative: Barred, body: NewBar, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """For all that this customer has waiting and all that comes; an offer to them is taken back."""
    whose = Whose(customer_id=customer_id)
    return (await bar(session, whose, representative, reason=body.reason, actor=actor, now=now)).model_dump()


@router.delete("/customers/{id}/bars/{representative}", status_code=204, summary="They may meet again")
async def unbar_from_customer(
    customer_id: PathId, representative: Barred, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """What another bar still forbids stays forbidden."""
    await unbar(session, Whose(customer_id=customer_id), representative, actor=actor, now=now)
    return Response(status_code=204)


@router.put("/cases/{id}/bars/{representative}", response_model=BarView, summary="Never this representative, here")
async def bar_from_case(
    case_id: PathId, representative: Barred, body: NewBar, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """For this case only; an offer to them is taken back."""
    whose = Whose(case_id=case_id)
    return (await bar(session, whose, representative, reason=body.reason, actor=actor, now=now)).model_dump()


@router.delete("/cases/{id}/bars/{representative}", status_code=204, summary="They may serve this case again")
async def unbar_from_case(
    case_id: PathId, representative: Barred, session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """What a bar of the customer's still forbids stays forbidden."""
    await unbar(session, Whose(case_id=case_id), representative, actor=actor, now=now)
    return Response(status_code=204)
