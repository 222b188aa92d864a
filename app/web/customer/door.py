"""The door of a customer's page: which case a link opens, before anything else is looked at, and how an error is told.

Decides that a wrong link, one of an erased customer and one that is too old look the same; that a true link works whatever
others try from the same address (telephones share them), since nobody guesses 128 bits; and that the link leaks to nobody: not
by a referrer, not into a search engine, not into a cache.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from typing_extensions import override

from app.deps import Guarded, Service
from app.deps.guard import address
from app.deps.limits import Buckets
from app.errors import Conflict, Invalid, NotFound, RaabtaError, TooLarge, TooMany, Unavailable, UnsupportedMedia
from app.queries.customers.page import Opened, opened
from app.web.customer.draw import Sent, plain_page, see
from app.web.page import told

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PUNCTUATION: Final = ".,;:!?)>]}'\"\u06d4\u060c"
"""What a letter or a message puts behind a link, and some programs take for a part of it."""
_WRITES: Final = Buckets(per_second=0.2, burst=40)
"""How often one page may be written on, in this process."""
_DRAINED_BYTES: Final = 67_108_864
"""So much of a file that is too large is read and thrown away: a browser that still sends hears no answer."""
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "no-store",
}
_TOLD_ON_THE_PAGE: Final = (Conflict, Invalid, TooLarge, UnsupportedMedia)


class Door(Guarded):
    """A route of a customer's page. Behind it `opened_case` tells what the link opens."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                await _open(request)
                response = await inner(request)
            except (RaabtaError, RequestValidationError, DBAPIError, HTTPException) as error:
                response = await _sorry(request, _ours(error))
            finally:
                await request.close()  # what was sent along is thrown away
            response.headers.update(_HEADERS)
            return response

        return handle


def opened_case(request: Request) -> Opened:
    """What the link of this request opens."""
    found = request.scope["opened"]
    assert isinstance(found, Opened)
    return found


def token_of(request: Request) -> str:
    """The token of the link, without what clung to it; empty where it cannot be one."""
    given = str(request.path_params.get("token", "")).rstrip(_PUNCTUATION)
    return given if _TOKEN.fullmatch(given) else ""


async def _open(request: Request) -> None:
    """Find the case; raises `NotFound`, `TooMany`. What cannot be a token is looked for like any other."""
    service: Service = request.scope["app"].state.service
    async with service.database.connection() as connection:
        found = await opened(connection, token_of(request))
    if found is None:
        asked_from = address(request.scope)
        service.keyring.check(asked_from)
        service.keyring.failed(asked_from)
        raise NotFound("This link opens nothing.")
    request.scope["opened"] = found
    wait = _WRITES.take(found.case_id) if request.method == "POST" else 0.0
    if wait > 0:
        raise TooMany("This page is written on too often.", retry_after_seconds=wait)


def _ours(error: Exception) -> RaabtaError:
    if isinstance(error, HTTPException):
        return Invalid("The form is not filled in.")
    return told(error)


async def _sorry(request: Request, error: RaabtaError) -> Response:
    if request.method == "POST" and "opened" in request.scope and isinstance(error, _TOLD_ON_THE_PAGE):
        if isinstance(error, TooLarge):
            await _drain(request)
        return see(request, token_of(request), sorry=_sentence(request, error))
    name = "often" if isinstance(error, TooMany) else "away" if isinstance(error, Unavailable) else "gone"
    again = await _sent(request) if request.method == "POST" and "opened" in request.scope else None
    response = plain_page(name, status=error.status, again=again)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    return response


def _sentence(request: Request, error: RaabtaError) -> str:
    """Which sentence tells it, by its code; one that is too large is a file or a text."""
    if isinstance(error, TooLarge):
        return "large" if request.url.path.endswith("/document") else "long"
    known = {
        "empty_document": "no_file",
        "unknown_kind": "kind",
        "too_many_documents": "many",
        "survey_over": "over",
        "no_answer": "nothing",
        "unknown_answer": "nothing",
        "unknown_mark": "nothing",
    }
    return known.get(error.code, "failed")


async def _drain(request: Request) -> None:
    """Read on what the door did not: only then does the browser listen."""
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > _DRAINED_BYTES:
                return
    except RuntimeError:  # it was read already
        return


async def _sent(request: Request) -> Sent | None:
    """What was written and could not be kept, to be sent again as it is; None: there are no words in it."""
    try:
        form = await request.form(max_files=1, max_fields=20)
    except (HTTPException, RuntimeError):
        return None
    fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    words = next((name for name in ("words", "remains") if fields.get(name)), None)
    if words is None:
        return None
    target = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return Sent(target=target, words=words, fields=fields)
