"""What keeps the desk alive: a stream that says that something changed, a sign of life, and both without JavaScript.

Decides nothing. The stream tells no content: the page reads again, and what it may see is decided there. No connection to
the database is held while a stream is quiet.
"""

import time
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.deps import ActorDep, ReadingDep, Service, ServiceDep
from app.errors import RaabtaError, TooMany, Unavailable
from app.queries.desk import frame as desk
from app.queries.feed import Place
from app.web.fields import myself
from app.web.page import Page, render

BEAT_SECONDS: Final = 10.0
"""How often the stream asks the page for its sign of life. A browser slows a hidden page's own timers down to one a minute,
which would be too seldom; it does not slow down what arrives."""
PULSE_SECONDS: Final = 15
_FRAMED: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'self'; form-action 'none'",
    "X-Frame-Options": "SAMEORIGIN",
}

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@router.get("/stream")
async def stream(request: Request, service: ServiceDep, actor: ActorDep) -> Response:
    """Server-sent events: `changed` when anything happened to this representative or their work, `beat` now and then."""
    if service.feed.followers >= service.settings.max_streams:
        raise TooMany("Too many streams are open.", code="too_many_streams", retry_after_seconds=5)
    place = await service.feed.end()
    return StreamingResponse(
        _news(service, place, myself(actor), key=request.scope["key"]),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


@router.post("/heartbeat")
async def heartbeat(service: ServiceDep, actor: ActorDep) -> Response:
    """Still here."""
    service.heartbeats.note(myself(actor))
    return Response(status_code=204)


@router.get("/pulse")
async def pulse(request: Request, service: ServiceDep, session: ReadingDep, actor: ActorDep) -> Response:
    """One line in a frame that loads itself again: sign of life and news for pages without JavaScript."""
    code = myself(actor)
    service.heartbeats.note(code)
    found = await desk.representative(session, code)
    held = await desk.held(session, code)
    offers = sum(1 for each in held if each.assignment.state == "offered")
    response = render(request, "pulse.html", presence=found.presence, offers=offers, work=len(held) - offers)
    response.headers.update(_FRAMED)
    response.headers["Refresh"] = str(PULSE_SECONDS)
    return response


async def _news(service: Service, place: Place, representative: str, *, key: str) -> AsyncIterator[bytes]:
    with service.metrics.streams.track_inprogress():
        # What happened while the page had no stream is read now.
        yield b"retry: 1000\nevent: changed\ndata: \n\n"
        beat_at = time.monotonic() + BEAT_SECONDS
        async for told in service.feed.follow(place):
            if told is not None and told.concerns(representative):
                yield b"event: changed\ndata: \n\n"
            if told is None or time.monotonic() >= beat_at:
                beat_at = time.monotonic() + BEAT_SECONDS
                yield b"event: beat\ndata: \n\n"
                if not await _still_good(service, key):
                    return


async def _still_good(service: Service, key: str) -> bool:
    """Whether the key of a stream still works; while the database is away, nobody can say that it does not."""
    try:
        await service.keyring.actor(key, address="")
    except Unavailable:
        return True
    except RaabtaError:
        return False
    return True
