"""What customers added to their cases, for whoever serves them. Decides that a browser only ever saves it, and shows none."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from app.api.shapes import Page, PathId
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries.cases import documents

router = APIRouter(prefix="/v1", tags=["cases"], route_class=Guarded)


class DocumentView(BaseModel):
    """A file of a case, without its content."""

    id: UUID
    case_id: UUID
    name: str = Field(description="As the customer called it, made safe to save.", examples=["bill.jpg"])
    media_type: Literal["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"] = Field(
        description="What its first bytes say that it is."
    )
    bytes: int
    digest: str = Field(description="SHA-256 of the content, in hexadecimal.")
    author: str = Field(description="`customer`, or who added it.")
    at: datetime


@router.get("/cases/{id}/documents", response_model=Page[DocumentView], summary="What was added to a case")
async def of_case(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """The oldest first; those of cases that were taken into it are among them."""
    return {"items": await documents.of_case(session, case_id, reader=actor.representative), "next": None}


@router.get(
    "/documents/{id}",
    summary="Save a document",
    response_class=Response,
    responses={200: {"description": "The file itself.", "content": {"application/octet-stream": {}}}},
)
async def save(document_id: Annotated[UUID, Path(alias="id")], session: ReadingDep, actor: ActorDep) -> Response:
    """As it came. Strangers sent it: it is handed over for saving, and no browser opens it as a page of ours."""
    found = await documents.one(session, document_id, reader=actor.representative)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return Response(found.content, media_type=found.media_type, headers=headers)
