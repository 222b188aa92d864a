"""`/v1/events` and `/v1/stream`: every fact once, by page or as it happens.

Decides who sees what: a representative sees what concerns them. No connection is held while a stream is quiet, and a key
that is revoked ends its streams.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.api.shapes import After, EventView, Limit, Page
from app.deps import ActorDep, ConnectionDep, Guarded, Service, ServiceDep
from app.deps.guard import address
from app.errors import RaabtaError, TooMany, Unavailable
from app.queries import feed
from app.queries.feed import Place, Told
from app.security import Actor

SCANNED: Final = 2_000
"""Most events one request looks at for a representative's few: a page may be short though more follow."""
RECHECK_SECONDS: Final = 2.0
JUDGING: Final = frozenset({"mark"})
"""What customers said of a person: for those who lead, on no representative's screen."""

router = APIRouter(prefix="/v1", tags=["events"], route_class=Guarded)


@router.get("/events", response_model=Page[EventView], summary="Read the event feed")
async def listed(connection: ConnectionDep, actor: ActorDep, limit: Limit = 50, after: After = None) -> dict[str, Any]:
    """Each event once, oldest first. `next` is where to go on, also when there is nothing yet: keep asking with it.

    The order is that of transactions, not of causes: a subject's own story goes by `version`.
    """
    place = feed.place(after) if after is not None else feed.START
    if actor.representative is None:
        found = await feed.page(connection, place, limit=limit)
    else:
        seen = await feed.page(connection, place, limit=SCANNED)
        concerning = [told for told in seen if told.concerns(actor.representative)]
        found = concerning[:limit]
        if len(concerning) <= limit and seen:
            place = seen[-1].place
            return {"items": [shown(told, reader=actor.representative) for told in found], "next": place.cursor}
    return {
        "items": [shown(told, reader=actor.representative) for told in found],
        "next": (found[-1].place if found else place).cursor,
    }


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events, for ever."}
    },
    summary="Follow the event feed",
)
async def stream(
    request: Request,
    service: ServiceDep,
    actor: ActorDep,
    after: After = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)] = None,
) -> Response:
    """Server-sent events from now on, or after `Last-Event-ID` (or `after`). `data` is the event as in the list."""
    if service.feed.followers >= service.settings.max_streams:
        raise TooMany("Too many streams are open.", code="too_many_streams", retry_after_seconds=5)
    cursor = last_event_id or after
    place = feed.place(cursor) if cursor else await service.feed.end()
    still = _believed(service, actor, key=request.scope["key"], asked_from=address(request.scope))
    return StreamingResponse(
        _told_as_it_happens(service, place, actor, still),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def shown(told: Told, *, reader: str | None = None) -> dict[str, Any]:
    """The event as it is shown. What mark a customer gave, no representative reads: not of a colleague, nor of themselves."""
    unread = JUDGING if reader is not None else frozenset()
    return {
        "id": told.place.cursor,
        "type": f"{told.subject}.{told.kind}",
        "subject": told.subject,
        "subject_id": told.subject_id,
        "version": told.version,
        "at": told.at,
        "actor": told.actor,
        "data": {name: value for name, value in told.data.items() if name not in unread},
    }


async def _told_as_it_happens(
    service: Service, place: Place, actor: Actor, still: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    with service.metrics.streams.track_inprogress():
        yield b"retry: 1000\n: following\n\n"
        async with aclosing(service.feed.follow(place)) as events:
            async for told in events:
                if not await still():
                    return
                if told is None:
                    yield b": quiet\n\n"
                elif actor.representative is None or told.concerns(actor.representative):
                    yield _frame(told, reader=actor.representative)


def _believed(service: Service, actor: Actor, *, key: str, asked_from: str) -> Callable[[], Awaitable[bool]]:
    """Whether the key of a stream still works, asked at most every two seconds."""
    checked = time.monotonic()

    async def still() -> bool:
        nonlocal checked
        if time.monotonic() - checked < RECHECK_SECONDS:
            return True
        checked = time.monotonic()
        try:
            return (await service.keyring.actor(key, address=asked_from)) == actor
        except Unavailable:
            return True  # the database is away: nobody can be asked, and nothing is told either
        except RaabtaError:
            return False  # also where its address guesses too often: nobody shall guess so as to be believed longer

    return still


def _frame(told: Told, *, reader: str | None) -> bytes:
    event = shown(told, reader=reader)
    head = f"id: {event['id']}\nevent: {event['type']}\ndata: ".encode()
    return head + orjson.dumps(event, option=orjson.OPT_UTC_Z) + b"\n\n"
