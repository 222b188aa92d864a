"""`/v1/cases`: the customer's matter, across every contact about it. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.actions.cases.awaiting import await_customer, stop_awaiting
from app.actions.cases.describe import describe_case
from app.actions.contacts.cases import alone
from app.actions.record import locked
from app.api import answers
from app.api.case_facts import CaseFacts
from app.api.shapes import (
    After,
    CaseState,
    CaseView,
    Code,
    CustomerView,
    Given,
    IfMatch,
    Limit,
    Line,
    Page,
    PathId,
    Reason,
)
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.queries.cases import cases
from app.queries.cases.cases import Filters
from app.queries.readers import may_change_case, may_see_case
from app.tables import Case

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)


class CaseLine(CaseFacts):
    """A case in a list: without its contacts and words."""

    id: UUID
    state: CaseState
    request_type: str | None
    subject: str | None
    customer: CustomerView | None
    opened_at: datetime
    resolved_at: datetime | None
    outcome: str | None
    version: int


class CaseChange(Given):
    """What is said of it. A field left out stays; null takes away what was said."""

    owner: Annotated[Code | None, Field(description="The representative whose matter it is.", examples=["ayesha"])] = (
        None
    )
    amount: Annotated[
        float | None,
        Field(ge=0, le=1e12, allow_inf_nan=False, description="In the money of the house.", examples=[1250]),
    ] = None
    area: Annotated[Reason | None, Field(description="Where: a code of your own.", examples=["gulberg"])] = None
    product: Annotated[Reason | None, Field(description="About what: a code of your own.", examples=["tv-32"])] = None
    subject: Line | None = None
    request_type: Annotated[Code | None, Field(examples=["claim"])] = None


class Awaiting(Given):
    """What the customer is asked for."""

    cause: Annotated[Reason, Field(description="A code of your own.", examples=["missing_document"])]


@router.get("", response_model=Page[CaseLine], summary="List cases, newest first")
async def listed(
    session: ReadingDep,
    actor: ActorDep,
    owner: Annotated[Code | None, Query(description="Whose matter it is.")] = None,
    state: Annotated[CaseState | None, Query()] = None,
    customer_id: UUID | None = None,
    supervised: Annotated[bool | None, Query(description="true: those the supervisors own.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """A representative lists their own, or those of a customer they have served: what they may propose to join.

    Those that were taken into another are left out: that one speaks for them.
    """
    filters = Filters(owner=owner, state=state, customer_id=customer_id, supervised=supervised)
    items, following = await cases.page(session, filters, reader=actor.representative, after=after, limit=limit)
    return {"items": items, "next": following}


@router.get("/{id}", response_model=CaseView, summary="Read a case with its whole history")
async def read(case_id: PathId, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """All contacts and all words of it and of those taken into it, oldest first."""
    found = await cases.one(session, case_id, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.patch("/{id}", response_model=CaseView, summary="Say more of a case")
async def describe(
    case_id: PathId,
    body: CaseChange,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Whose it is, what it is about. 409 `already_merged` where another case speaks for it."""
    await may_see_case(session, case_id, reader=actor.representative)
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Case, case_id)).version)
    row = await describe_case(session, case_id, body.model_dump(exclude_unset=True), actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)


@router.put("/{id}/awaiting", response_model=CaseView, summary="It is the customer's turn")
async def awaiting(
    case_id: PathId, body: Awaiting, session: SessionDep, actor: ActorDep, now: NowDep, response: Response
) -> dict[str, Any]:
    """Its clocks pause until the customer says something. What waits already stays as it is."""
    await may_change_case(session, case_id, reader=actor.representative)
    row = await await_customer(session, await alone(session, case_id), cause=body.cause, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)


@router.delete("/{id}/awaiting", response_model=CaseView, summary="It is our turn again")
async def awaited(
    case_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep, response: Response
) -> dict[str, Any]:
    """The customer answered on another way. What does not wait stays as it is."""
    await may_change_case(session, case_id, reader=actor.representative)
    row = await stop_awaiting(session, await alone(session, case_id), actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)
