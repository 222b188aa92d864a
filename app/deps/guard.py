"""The door of every route: who asks, may they, how often, how large, and is it readable.

Decides the order: rate, key, role, size, content type, letters that cannot be stored, forgery across sites. What each
role may do stands in one table (`app/api/access.py`); a route without a row cannot be served. Never looks at what a
body means.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Coroutine, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from typing_extensions import override

from app.deps.keyring import csrf_token
from app.deps.service import Access, Service
from app.errors import Forbidden, Invalid, TooLarge, TooMany, Unauthenticated, Unreadable, UnsupportedMedia
from app.security import Actor

COOKIE: Final = "raabta_session"
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


class Guarded(APIRoute):
    """A route behind the door. After it, `request.scope["actor"]` is who asks (None where no key is needed)."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        reads_json = self.body_field is not None
        known = frozenset(
            field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)
        )

        async def handle(request: Request) -> Response:
            service: Service = request.scope["app"].state.service
            row = service.access[request.scope["method"], self.path]
            await admit(request, service, row, reads_json=reads_json)
            if row.media_type is None and self.path.startswith("/v1/"):
                _refuse_unknown(request, known)
            return await inner(request)

        return handle


async def admit(request: Request, service: Service, row: Access, *, reads_json: bool) -> None:
    """Let the request in, or raise. Leaves the actor in the scope and the body, read and checked, in the request."""
    scope = request.scope
    headers: dict[bytes, bytes] = dict(scope["headers"])
    by_cookie: str | None = None
    if row.roles is None:
        scope["actor"] = None
    else:
        key, by_cookie = _key(headers)
        scope["actor"] = await _permitted(service, row, key, address(scope))
        scope["key"] = key
    if b"%00" in scope["query_string"] or "\0" in scope["path"]:
        raise Invalid("The address holds a NUL character.", code="unstorable_text")
    if scope["method"] not in _CHANGES:
        return
    limit = row.max_bytes or service.settings.max_body_bytes
    body = await _read(request, headers, limit=limit)
    media_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower().decode("latin-1")
    if by_cookie is not None:
        _same_site(by_cookie, headers, body if media_type == _FORM else b"")
    if row.media_type is not None:
        if body and media_type != row.media_type:
            raise UnsupportedMedia(f"This door takes {row.media_type}.")
    elif reads_json and body:
        _read_json(request, body, media_type)


async def _permitted(service: Service, row: Access, key: str | None, asked_from: str) -> Actor:
    if key is None:
        raise Unauthenticated("Send your key: Authorization: Bearer KEY.")
    actor = await service.keyring.actor(key, address=asked_from)
    wait = service.rates.take(actor.key_id)
    if wait > 0:
        raise TooMany("This key asks too often.", retry_after_seconds=wait)
    if row.roles is not None and actor.role not in row.roles:
        raise Forbidden("This key may not do that.")
    return actor


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    """A filter that is misspelt must not quietly show everything."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        faults = [{"where": f"query.{name[:60]}", "detail": "There is no such parameter."} for name in unknown[:20]]
        raise Invalid("There is no such parameter.", code="unknown_parameter", errors=faults)


def _key(headers: Mapping[bytes, bytes]) -> tuple[str | None, str | None]:
    """The key, and once more where it came by cookie: then a change needs a token against forgery."""
    given = headers.get(b"authorization")
    if given is not None:
        scheme, _, key = given.decode("latin-1").partition(" ")
        return (key.strip() if scheme.lower() == "bearer" else None), None
    cookie = cookie_key(headers.get(b"cookie", b"").decode("latin-1"))
    return cookie, cookie


def cookie_key(header: str) -> str | None:
    """The key in a Cookie header, or None."""
    if COOKIE not in header:
        return None
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def address(scope: Mapping[str, Any]) -> str:
    """Where the request came from; empty where nobody can tell."""
    client = scope.get("client")
    return client[0] if client else ""


async def _read(request: Request, headers: Mapping[bytes, bytes], *, limit: int) -> bytes:
    """The whole body, at most `limit` bytes; what says that it is larger is not read at all."""
    told = headers.get(b"content-length", b"")
    if told.isdigit() and int(told[:20]) > limit:
        raise TooLarge(f"The body may have at most {limit} bytes.")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"The body may have at most {limit} bytes.")
        parts.append(part)
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    request._body = body  # where the framework looks for a body that was read already
    return body


def _same_site(key: str, headers: Mapping[bytes, bytes], form: bytes) -> None:
    """A cookie comes along by itself, so a change must also show what only our own page can know."""
    given = headers.get(b"x-csrf-token", b"").decode("latin-1") or _token_of(form)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token(key).encode("ascii")):
        raise Forbidden("The page is too old or not ours: load it again.", code="csrf")


def _token_of(form: bytes) -> str:
    try:
        return parse_qs(form.decode("utf-8", "replace"), max_num_fields=200).get("csrf_token", [""])[0]
    except ValueError:  # no page of ours has that many fields
        return ""


def _read_json(request: Request, body: bytes, media_type: str) -> None:
    if media_type != _JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise UnsupportedMedia("Send JSON, as Content-Type: application/json.")
    request._json = parsed(body)  # where the framework looks for JSON that was parsed already


def parsed(body: bytes) -> Any:
    """The JSON value. Raises `Unreadable`, or `Invalid` where it holds what PostgreSQL cannot store."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _why(body) from None
    if b"\\u0000" in body and _holds_nul(value):
        raise Invalid("A string holds a NUL character.", code="unstorable_text")
    return value


def _why(body: bytes) -> Unreadable | Invalid:
    """Half a character (a lone surrogate) or a number beyond all bounds is a wrong value, not broken JSON."""
    try:
        json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return Unreadable("The body is not JSON.")
    return Invalid("A string holds half a character, or a number is out of range.", code="unstorable_text")


def _holds_nul(value: Any) -> bool:
    """Without recursion: strangers decide how deep it goes."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict):
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return False
