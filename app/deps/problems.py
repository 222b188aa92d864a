"""Errors as the outside sees them: RFC 9457 problem+json, always with a stable `code`.

Decides how each error is told. Never tells more than the error itself says: no traceback, no SQL, no value a caller sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.deps.idempotency import Replayed
from app.errors import Invalid, NotFound, RaabtaError, Unauthenticated, Unavailable

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
CODES = {400: "unreadable", 404: "not_found", 405: "method_not_allowed"}
BUSY = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""What a row that somebody else holds for long looks like: nothing was written, trying again helps."""


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, object]] = (),
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response. `errors` lists single faults as `{"where", "detail"}`, `members` is what only this kind tells."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    body.update(members or {})
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def told(error: RaabtaError) -> Response:
    """The response for an error raised on purpose."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(error.status, error.code, error.detail, errors=error.errors, members=error.members, headers=headers)


def unexpected() -> Response:
    """The response for a fault of ours."""
    return problem(500, "internal", "Something went wrong on our side. It is logged under the request id.")


def invalid(errors: Sequence[Mapping[str, Any]]) -> RaabtaError:
    """What pydantic found, without the values it found it in. A malformed id in the path names nothing, so it is 404."""
    if any(error["loc"][:1] == ("path",) for error in errors):
        return NotFound("There is no such thing: the id in the path is malformed.")
    listed = [
        {"where": ".".join(str(part) for part in error["loc"]), "detail": error["msg"].removeprefix("Value error, ")}
        for error in errors[:MOST_ERRORS]
    ]
    first = listed[0] if listed else {"where": "body", "detail": "invalid"}
    return Invalid(f"{first['where']}: {first['detail']}", errors=listed)


def answered(error: Exception) -> Response | None:
    """The answer to an error that is told as it is; None for a fault of ours."""
    if isinstance(error, RaabtaError):
        return told(error)
    if isinstance(error, Replayed):
        return error.response
    if isinstance(error, RequestValidationError):
        return told(invalid(error.errors()))
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    if isinstance(cause, BUSY):
        busy = "Somebody else is changing the same thing. Nothing was written; try again."
        return told(Unavailable(busy, code="busy", retry_after_seconds=1))
    return None


def tell_all(app: FastAPI) -> None:
    """Make every error of this application a problem, and every replay an answer. The edge catches what is left over."""

    async def tell(request: Request, error: Exception) -> Response:
        response = answered(error)
        if response is None:
            raise error
        return response

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _framework(request, error)

    for kind in (RaabtaError, Replayed, RequestValidationError, DBAPIError, *BUSY):
        app.add_exception_handler(kind, tell)
    app.add_exception_handler(HTTPException, framework)


def _framework(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
        return problem(status, CODES[status], "This address does not take that method.", headers=headers)
    if status == HTTPStatus.NOT_FOUND:
        return problem(status, CODES[status], "There is nothing at this address.")
    return problem(status, CODES.get(status, "refused"), HTTPStatus(status).description or "Refused.", headers=headers)


def _allowed(request: Request) -> str:
    """All methods of the address: the framework names only those of its first route."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(methods))
