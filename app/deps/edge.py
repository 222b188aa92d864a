"""The outermost layer: a request id, security headers, the count of answers, and the net under everything.

Decides what every answer carries. Never reads a body and never knows who asks. Pure ASGI, since it stands on the hot path.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
import traceback
from collections.abc import Mapping
from typing import Final

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.deps.metrics import Metrics
from app.deps.problems import answered, unexpected

log = logging.getLogger(__name__)
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Where a response says one of these itself, its word stands."""
_ENCRYPTED: Final = ((b"strict-transport-security", b"max-age=31536000"),)


class Edge:
    """ASGI middleware. `encrypted`: the outside reaches us by https.

    `direct`: the routes of the hot path, by method and path; they are found at once instead of by walking through layers.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, *, encrypted: bool, direct: Mapping[tuple[str, str], Route]
    ) -> None:
        self._app = app
        self._direct = direct
        self._metrics = metrics
        self._headers = (*_HEADERS, *(_ENCRYPTED if encrypted else ()))
        self._names = frozenset(name for name, _ in self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        started = time.perf_counter()
        status = 0
        streamed = False

        async def watched(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = message["status"]
                streamed = self._dress(message, request_id)
            await send(message)

        try:
            route = self._direct.get((scope["method"], scope["path"]))
            if route is None:
                await self._app(scope, receive, watched)
            else:
                scope["route"] = route
                await route.app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the net: whatever it is, the caller gets an answer without detail
            await self._catch(error, scope, receive, watched, started=status != 0)
        finally:
            path = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._metrics.answered(method, path, status, None if streamed else time.perf_counter() - started)

    def _dress(self, message: Message, request_id: bytes) -> bool:
        """Add what every answer carries; returns whether it is a stream."""
        given = message["headers"]
        own = {name for name, _ in given}
        if own.isdisjoint(self._names):
            given = [*given, *self._headers]
        else:
            given = [*given, *(pair for pair in self._headers if pair[0] not in own)]
        message["headers"] = [*given, (b"x-request-id", request_id)]
        return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in given)

    async def _catch(self, error: Exception, scope: Scope, receive: Receive, send: Send, *, started: bool) -> None:
        if started and isinstance(error, ConnectionError | OSError):
            return  # the caller went away in the middle of the answer
        answer = answered(error)
        if answer is not None and not started:
            await answer(scope, receive, send)
            return
        # Messages of database errors quote rows, so only the kind and the place are logged.
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error(
            "unexpected %s, request %s\n%s", type(error).__qualname__, scope["request_id"].decode("ascii"), frames
        )
        if not started:
            await unexpected()(scope, receive, send)


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            return bytes(value)
    return secrets.token_hex(8).encode("ascii")
