"""`/v1/cases`: the customer's matter, across every contact about it. Decides nothing."""

from typing import Any

from fastapi import APIRouter, Response

from app.api import answers
from app.api.shapes import CaseView, PathId
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries import cases

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)


@router.get("/{id}", response_model=CaseView, summary="Read a case with its whole history")
async def read(case_id: PathId, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """All contacts and all words, oldest first."""
    found = await cases.one(session, case_id, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found
