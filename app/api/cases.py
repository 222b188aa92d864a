"""`/v1/cases`: the customer's matter, across every contact about it. Decides nothing."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from app.actions.record import locked
from app.actions.resolve import resolve
from app.api import answers
from app.api.shapes import CaseView, Given, IfMatch, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.queries import cases
from app.tables import Case

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)


class Resolution(Given):
    """What came of it."""

    outcome: Annotated[Reason | None, Field(description="A code of your own.", examples=["refunded"])] = None


@router.get("/{id}", response_model=CaseView, summary="Read a case with its whole history")
async def read(case_id: PathId, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """All contacts and all words, oldest first."""
    found = await cases.one(session, case_id, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.put("/{id}/resolution", response_model=CaseView, summary="The matter is solved, in the representative's word")
async def resolution(
    case_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Resolution = Resolution(),  # noqa: B008  # read only
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Solved means solved only when the customer says so; a contact that says otherwise opens it again."""
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Case, case_id)).version)
    row = await resolve(session, case_id, outcome=body.outcome, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)
