"""`/v1/queues`: how the lines stand now. Decides nothing."""

from typing import Any

from fastapi import APIRouter

from app.api.shapes import After, Limit, Page, QueueView
from app.deps import Guarded, ReadingDep
from app.queries import queues

router = APIRouter(prefix="/v1/queues", tags=["queues"], route_class=Guarded)


@router.get("", response_model=Page[QueueView], summary="List the queues")
async def listed(session: ReadingDep, limit: Limit = 50, after: After = None) -> dict[str, Any]:
    """How many wait, how long the first has waited, and who serves them."""
    items, following = await queues.page(session, after=after, limit=limit)
    return {"items": items, "next": following}
