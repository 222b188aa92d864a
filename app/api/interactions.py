"""`/v1/interactions`: reading them.

Decides nothing: what a representative may see, the queries decide.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api import answers
from app.api.events import shown
from app.api.shapes import (
    After,
    Code,
    EventView,
    InteractionState,
    InteractionView,
    Limit,
    MessageView,
    Page,
    PathId,
)
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries import cursors, feed, interactions
from app.queries.interactions import Filters

router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Guarded)


@router.get("", response_model=Page[InteractionView], summary="List interactions, newest first")
async def listed(
    session: ReadingDep,
    actor: ActorDep,
    state: Annotated[list[InteractionState], Query(max_length=10)] = [],  # noqa: B006  # pydantic copies it
    queue: Annotated[Code | None, Query()] = None,
    channel: Annotated[Code | None, Query()] = None,
    request_type: Annotated[Code | None, Query()] = None,
    case_id: UUID | None = None,
    customer_id: UUID | None = None,
    representative: Annotated[Code | None, Query(description="Who holds it now.")] = None,
    escalated: Annotated[bool, Query(description="true: those in line whom a supervisor was told of.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """A representative sees what they hold or held, and the whole history of those customers and cases."""
    filters = Filters(
        states=state,
        queue=queue,
        channel=channel,
        request_type=request_type,
        case_id=case_id,
        customer_id=customer_id,
        representative=representative,
        escalated=escalated,
    )
    items, following = await interactions.page(session, filters, reader=actor.representative, after=after, limit=limit)
    return {"items": items, "next": following}


@router.get("/{id}", response_model=InteractionView, summary="Read one interaction")
async def read(interaction_id: PathId, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """With its customer, who holds it, and its place in line."""
    found = await interactions.one(session, interaction_id, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.get("/{id}/events", response_model=Page[EventView], summary="What happened to an interaction")
async def events(
    interaction_id: PathId, session: ReadingDep, actor: ActorDep, limit: Limit = 50, after: After = None
) -> dict[str, Any]:
    """Every event, in order of `version`."""
    await interactions.may_read(session, interaction_id, reader=actor.representative)
    last = cursors.decode(after, (int,))[0] if after is not None else 0
    found = await feed.of_subject(
        await interactions.raw(session),
        "interaction",
        interaction_id,
        after_version=min(last, 2**31 - 1),
        limit=limit + 1,
    )
    following = cursors.encode(found[limit - 1].version) if len(found) > limit else None
    return {"items": [shown(told) for told in found[:limit]], "next": following}


@router.get("/{id}/messages", response_model=Page[MessageView], summary="The words on an interaction")
async def messages(
    interaction_id: PathId, session: ReadingDep, actor: ActorDep, limit: Limit = 50, after: After = None
) -> dict[str, Any]:
    """What the customer wrote, what we answered, and colleagues' notes; oldest first."""
    await interactions.may_read(session, interaction_id, reader=actor.representative)
    rows, following = await interactions.messages(session, interaction_id, after=after, limit=limit)
    return {"items": [row.model_dump() for row in rows], "next": following}
