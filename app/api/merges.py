"""Cases and customers that are one, and contacts that belong elsewhere. Decides nothing: the actions do.

Who may do it: whoever serves the cases; customers are merged by supervisors and by software, and so are they parted.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.split import move, split
from app.actions.customers.merge import merge_customers, unmerge_customers
from app.api import answers
from app.api.shapes import CaseView, Given, Page, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, ReadingDep, SessionDep
from app.errors import NotFound
from app.queries.cases import cases
from app.queries.customers.customers import merges_of_case, merges_of_customer
from app.tables import Merge

router = APIRouter(prefix="/v1", tags=["merges"], route_class=Guarded)


class CaseMerge(Given):
    """Which case is about the same matter. The one in the address survives."""

    case_id: Annotated[UUID, Field(examples=["0197b6a0-3c3d-7a51-9b1e-2f6f5a0c7d11"])]
    reason: Annotated[Reason | None, Field(examples=["same_matter"])] = None


class CustomerMerge(Given):
    """Who is the same person. The one in the address survives."""

    customer_id: Annotated[UUID, Field(examples=["0197b6a0-3c3d-7a51-9b1e-2f6f5a0c7d11"])]
    reason: Annotated[Reason | None, Field(examples=["same_person"])] = None


class Split(Given):
    """Which contacts are about another matter."""

    interactions: Annotated[
        list[UUID], Field(min_length=1, max_length=100, examples=[["0197b6a0-3c3d-7a51-9b1e-2f6f5a0c7d11"]])
    ]
    reason: Annotated[Reason | None, Field(examples=["two_matters"])] = None


class Moved(Given):
    """Which case a contact is about."""

    case_id: Annotated[UUID, Field(examples=["0197b6a0-3c3d-7a51-9b1e-2f6f5a0c7d11"])]
    reason: Annotated[Reason | None, Field(examples=["customer_said_so"])] = None


class MergeView(BaseModel):
    """Two that are one; or were, until it was undone."""

    id: UUID
    kind: Literal["case", "customer"]
    survivor: UUID
    merged: UUID
    reason: str | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None


@router.post("/cases/{id}/merges", status_code=201, response_model=MergeView, summary="Two cases are one matter")
async def merge_cases(
    case_id: PathId, body: CaseMerge, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """The case in the address survives: contacts of both go to it, and its timeline tells both stories.

    409: `already_merged`, `two_customers`, `survivor_over`, `being_checked`, `erased`, `too_many_merged`.
    """
    row = await merge(session, case_id, body.case_id, reason=body.reason, actor=actor, now=now)
    return await once.keep(answers.written(MergeView, row.model_dump(), status=201))


@router.get("/cases/{id}/merges", response_model=Page[MergeView], summary="What was merged into a case")
async def of_case(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """Standing and undone, the newest first; at most 100."""
    return {"items": await merges_of_case(session, case_id, reader=actor.representative), "next": None}


@router.post(
    "/customers/{id}/merges", status_code=201, response_model=MergeView, summary="Two customers are one person"
)
async def merge_people(
    customer_id: PathId, body: CustomerMerge, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """The customer in the address survives, and is known by all the ways either was. Their cases stay several.

    409: `already_merged`, `erased`, `too_many_merged`.
    """
    row = await merge_customers(session, customer_id, body.customer_id, reason=body.reason, actor=actor, now=now)
    return await once.keep(answers.written(MergeView, row.model_dump(), status=201))


@router.get("/customers/{id}/merges", response_model=Page[MergeView], summary="Who was merged into a customer")
async def of_customer(customer_id: PathId, session: ReadingDep) -> dict[str, Any]:
    """Standing and undone, the newest first; at most 100."""
    return {"items": await merges_of_customer(session, customer_id), "next": None}


@router.delete("/merges/{id}", response_model=MergeView, summary="They are two after all")
async def undo(merge_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Both are as they were. 409 `merged_since` where the survivor was merged since: that is undone first."""
    row = await session.get(Merge, merge_id)
    if row is None or (row.kind == "customer" and actor.representative is not None):
        raise NotFound(f"There is no merge {merge_id}.")
    undoing = unmerge if row.kind == "case" else unmerge_customers
    return (await undoing(session, row, actor=actor, now=now)).model_dump()


@router.post("/cases/{id}/splits", status_code=201, response_model=CaseView, summary="Some contacts are another matter")
async def splits(
    case_id: PathId, body: Split, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """A new case of these contacts, with their words and documents. 409 `nothing_left`: at least one must stay."""
    row = await split(session, case_id, body.interactions, reason=body.reason, actor=actor, now=now)
    return await once.keep(answers.written(CaseView, await cases.view(session, row), status=201))


@router.put("/interactions/{id}/case", response_model=CaseView, summary="This contact is about another case")
async def joins(
    interaction_id: PathId, body: Moved, session: SessionDep, actor: ActorDep, now: NowDep, response: Response
) -> dict[str, Any]:
    """By a person's choice: identity alone only proposes. An open contact opens a resolved case again.

    The only contact of its case takes the case along: a merge, which can be undone. 409: `two_customers`, `stays_closed`.
    """
    row = await move(session, interaction_id, body.case_id, reason=body.reason, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)
