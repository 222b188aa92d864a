"""The doors of the channels: `POST /v1/channels/{channel}/{hook}`, one route per door that a channel names.

Decides nothing about the bytes: the channel reads them, the intake takes what they say, the channel writes the answer.
A repeated webhook is answered as things stand now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.actions.contacts.contact import Contact
from app.deps import Guarded, Service
from app.deps.guard import address
from app.errors import Forbidden, Invalid
from app.security import Actor
from channels.base import Channel, Hook, Refused, Signal, Webhook

DEAR_BYTES: Final = 32_768
"""A body larger than this is read in a thread: it may take long, and others must not wait for it."""


def router(channels: Mapping[str, Channel]) -> APIRouter:
    """The routes of all doors of these channels."""
    made = APIRouter(prefix="/v1/channels", tags=["channels"], route_class=Guarded)
    for name, channel in channels.items():
        for hook, door in channel.info.hooks.items():
            made.add_api_route(
                f"/{name}/{hook}",
                _endpoint(channel, hook, door),
                methods=["POST"],
                summary=door.summary or f"{channel.info.label}: {hook}",
                name=f"{name}_{hook}",
                operation_id=f"channels_{name}_{hook}",
                status_code=200,
                response_class=Response,
                responses=_ANSWERS,
                openapi_extra={"requestBody": _described(door)},
            )
    return made


_ANYTHING: Final[dict[str, Any]] = {"schema": {}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Taken; or taken before, and how it stands now.", "content": {"application/json": _ANYTHING, "text/xml": _ANYTHING}},
    201: {"description": "Taken.", "content": {"application/json": _ANYTHING}},
    202: {"description": "Taken.", "content": {"application/json": _ANYTHING}},
    204: {"description": "Taken; there is nothing to say."},
}  # fmt: skip


_SHAPES: Final[dict[str, dict[str, Any]]] = {
    "application/json": {"type": "object"},
    "application/x-www-form-urlencoded": {"type": "object", "additionalProperties": {"type": "string"}},
}


def _described(door: Hook) -> dict[str, Any]:
    shape = _SHAPES.get(door.media_type, {"type": "string", "format": "binary"})
    content: dict[str, Any] = {"schema": shape}
    if door.example:
        content["example"] = door.example
    return {"required": True, "content": {door.media_type: content}}


def _endpoint(channel: Channel, hook: str, door: Hook) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        service: Service = request.app.state.service
        webhook = await _webhook(request, service, hook)
        actor: Actor | None = request.scope["actor"]
        signals = await _signals(request, service, channel, webhook)
        contact = Contact(
            source=actor.source if actor else "adapter",
            channel=channel.info.name,
            signals=signals,
            actor=actor.label if actor else f"channel:{channel.info.name}",
        )
        reply = channel.reply(webhook, await service.intake.submit(contact))
        return Response(reply.body, status_code=reply.status, media_type=reply.media_type if reply.body else None)

    endpoint.__doc__ = door.summary
    return endpoint


async def _webhook(request: Request, service: Service, hook: str) -> Webhook:
    scope = request.scope
    return Webhook(
        hook=hook,
        path=scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=await request.body(),
        house=await service.house(),
    )


async def _signals(request: Request, service: Service, channel: Channel, webhook: Webhook) -> list[Signal]:
    async with service.database.connection() as connection:
        now = await connection.fetchval("SELECT wall_clock()")
    try:
        if len(webhook.body) > DEAR_BYTES:
            return list(await asyncio.to_thread(channel.receive, webhook, now=now))
        return list(channel.receive(webhook, now=now))
    except Refused as refused:
        if refused.forbidden:
            # Who signs rightly is never kept out by those who do not.
            service.keyring.check(address(request.scope))
            service.keyring.failed(address(request.scope))
            raise Forbidden(str(refused), code=refused.code) from None
        raise Invalid(str(refused), code=refused.code) from None
