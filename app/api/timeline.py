"""`/v1/cases/{id}/timeline`: the whole story of one matter, in order, with who and when. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.shapes import After, Limit, PathId
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries.cases.timeline import Wish, timeline

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)

Kind = Literal[
    "contact", "offer", "message", "note", "routing", "promise", "notice", "check", "survey", "clock", "touch", "alarm",
    "incident", "playbook", "document", "merge", "case",
]  # fmt: skip


class TimelineItem(BaseModel):
    """One thing that happened. `id` is its place: the cursor of the page before or after it."""

    id: str
    at: datetime
    kind: Kind
    type: str = Field(description="The event, as the feed names it.", examples=["case.promised"])
    case_id: UUID = Field(description="Of a merged case: the one it happened to.")
    interaction_id: UUID | None
    channel: str | None = Field(description="Of a contact: a call, a letter, a visit.")
    actor: str
    representative: str | None = Field(description="Whom it is about, else who did it.")
    name: str | None = Field(description="What that representative is called.")
    subject: str | None
    words: str | None = Field(description="What was written, promised, commented or said.")
    direction: str | None = Field(None, description="Of words: `in`, `out`, `note`.")
    due_at: datetime | None = Field(None, description="Of a promise: by when, as it stands.")
    state: str | None = Field(None, description="Of a promise: how it stands.")
    solved: str | None = Field(None, description="Of a survey: `yes`, `no`, `partly`.")
    mark: int | None = Field(None, description="Of a survey, 1 to 5; not shown to representatives.")
    data: dict[str, Any]


class Timeline(BaseModel):
    """One page. `next` is the `after` of the following page, `previous` the `before` of the one before it."""

    items: list[TimelineItem]
    next: str | None
    previous: str | None


@router.get("/{id}/timeline", response_model=Timeline, summary="Read the whole story of a case")
async def read(
    case_id: PathId,
    session: ReadingDep,
    actor: ActorDep,
    order: Annotated[Literal["newest", "oldest"], Query(description="Which comes first.")] = "newest",
    kind: Annotated[
        list[Kind],
        Query(max_length=20, description="Only these; left out: all but routing, clocks, touches and ticks."),
    ] = [],  # noqa: B006  # pydantic copies it
    limit: Limit = 50,
    after: After = None,
    before: Annotated[
        str | None, Query(max_length=200, description="`previous` of a page, or the `id` of an item.")
    ] = None,
) -> Any:
    """Calls, letters, visits, notes, offers, promises, notices, checks and surveys, of it and of those taken into it."""
    wish = Wish(newest_first=order == "newest", kinds=kind, after=after, before=before, limit=limit)
    found = await timeline(session, case_id, wish, reader=actor.representative)
    return {"items": found.items, "next": found.next, "previous": found.previous}
