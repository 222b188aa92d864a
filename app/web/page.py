"""What every page shares: its door, its headers, how it is drawn, and how an error is told to a person.

Decides that an error is a sentence with what to do, never a number; and that after a change the browser is sent to read
(POST, then GET), so that loading a page again repeats nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from app.deps import COOKIE, Guarded, csrf_token
from app.deps.problems import BUSY
from app.errors import Conflict, Forbidden, Invalid, NotFound, RaabtaError, TooLarge, Unauthenticated, Unavailable
from app.security import Actor
from app.web.show import direction, own_name, written_in
from app.web.typed import words_of
from app.web.words import Words, languages, words

if TYPE_CHECKING:
    from jinja2 import Environment

HERE: Final = Path(__file__).parent
LANGUAGE_COOKIE: Final = "raabta_language"
ENTRANCE: Final = "/desk/sign-in"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
_HAVE_PAGES: Final = frozenset({"work", "cases", "customers", "checks", "incidents"})
_LISTS: Final = frozenset({"cases", "alarms", "checks", "incidents", "surveys"})
_FOR_WHO_LEADS: Final = frozenset({"incidents", "surveys"})
_TOLD_AFTER_READING_AGAIN: Final = (Conflict, NotFound, Invalid, TooLarge)
"""Errors of a change that the page itself explains best: it shows how things stand now."""


@cache
def _pages() -> Environment:
    """The templates; loaded with the first page, not with the service."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Page(Guarded):
    """A route whose every answer is for a person."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except (RaabtaError, RequestValidationError, DBAPIError) as error:
                response = await _sorry(request, told(error))
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle


def render(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    """The page, in the language the browser's cookie names. Everything put in is escaped."""
    spoken = spoken_here(request)
    key = request.scope.get("key")
    text = (
        _pages()
        .get_template(template)
        .render(
            words=spoken,
            say=spoken.say,
            plain=spoken.plain,
            known=spoken.known,
            languages=languages(),
            asset=asset,
            direction=direction,
            own_name=own_name,
            written_in=written_in,
            csrf=csrf_token(key) if key else "",
            path=back(request) if request.method == "POST" else request.url.path,
            **context,
        )
    )
    return HTMLResponse(text, status_code=status)


def spoken_here(request: Request) -> Words:
    """The words of the language this browser chose."""
    return words(request.cookies.get(LANGUAGE_COOKIE))


def see(path: str, said: str | None = None, *, sorry: str | None = None, anchor: str = "") -> Response:
    """Go and read: after a change, with a word on what was done or why not."""
    query = urlencode({name: value for name, value in (("said", said), ("sorry", sorry)) if value})
    return RedirectResponse(f"{path}{'?' if query else ''}{query}{anchor}", status_code=303)


def leafed(request: Request, path: str, *names: str) -> str:
    """Where this very leaf of a list is read again: its path, with what of these names the browser asked for."""
    asked = {name: value for name in names if (value := request.query_params.get(name))}
    return f"{path}{'?' if asked else ''}{urlencode(asked)}"


def told(error: Exception) -> RaabtaError:
    """The error as one of ours."""
    if isinstance(error, RaabtaError):
        return error
    if isinstance(error, RequestValidationError):
        if any(fault["loc"][:1] == ("path",) for fault in error.errors()):
            return NotFound("There is no such thing: the id in the path is malformed.")
        return Invalid("The form is not filled in.")
    if isinstance(error, DBAPIError) and error.orig and isinstance(error.orig.__cause__, BUSY):
        return Unavailable("Somebody else is changing the same thing.", code="busy", retry_after_seconds=1)
    raise error


def sentence(spoken: Words, error: RaabtaError) -> str:
    """The name of the sentence that tells this error."""
    if isinstance(error, Unauthenticated):
        return "signed_out"
    for name in (error.code, error.default_code):
        if f"sorry.{name}" in spoken.texts:
            return name
    return "often" if error.status == 429 else "unexpected"


@cache
def asset(name: str) -> str | None:
    """The address of a file, which changes with its content; None where set-up could not get it."""
    file = HERE / "static" / name
    if not file.is_file():
        return None
    return f"/static/{name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


async def _sorry(request: Request, error: RaabtaError) -> Response:
    name = sentence(spoken_here(request), error)
    by_script = "hx-request" in request.headers
    written = "" if by_script or request.url.path == ENTRANCE else await words_of(request)
    if isinstance(error, Unauthenticated):
        return _to_the_entrance(request, name if COOKIE in request.cookies else None, written, by_script=by_script)
    if by_script:
        return Response(status_code=error.status)
    if request.method == "POST" and not written and _is_told_after_reading_again(error):
        return see(back(request), sorry=name)
    response = render(request, "sorry.html", status=error.status, sorry=name, back=back(request), written=written)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    return response


def _is_told_after_reading_again(error: RaabtaError) -> bool:
    told_there = isinstance(error, _TOLD_AFTER_READING_AGAIN)
    return told_there or (isinstance(error, Forbidden) and error.code == "not_yours")


def _to_the_entrance(request: Request, name: str | None, written: str, *, by_script: bool) -> Response:
    """`name` None: no key came along. That may be a link from another site, so the browser keeps the one it has."""
    entrance = see(ENTRANCE, sorry=name)
    if written:
        entrance = render(request, "sign_in.html", status=401, said=None, sorry="signed_out", written=written)
    if by_script:
        entrance = Response(status_code=401, headers={"HX-Redirect": entrance.headers["location"]})
    if name is not None:
        entrance.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return entrance


def back(request: Request) -> str:
    """Where a person goes on after an error: to the same piece of work, case, customer or list, else to where they are at home."""
    parts = request.url.path.split("/")
    place, deep = parts[2] if parts[1:2] == ["desk"] and len(parts) > 2 else "", len(parts) > 4
    if place in _FOR_WHO_LEADS and home_of(request) == "/desk":
        return "/desk"
    if place == "cases" and deep and (work := work_of(request)) is not None:
        return f"/desk/work/{work}"
    if place in _HAVE_PAGES and deep:  # /desk/work/{id}/verb
        return "/".join(parts[:4])
    return f"/desk/{place}" if place in _LISTS else home_of(request)


def work_of(request: Request) -> UUID | None:
    """The piece of work at which a form of its case was filled in; None: it was on the page of the case."""
    try:
        return UUID(request.query_params.get("work", ""))
    except ValueError:
        return None


def home_of(request: Request) -> str:
    """The first page of whoever asks."""
    actor = request.scope.get("actor")
    leads = isinstance(actor, Actor) and actor.representative is None
    return "/desk/alarms" if leads else "/desk"
