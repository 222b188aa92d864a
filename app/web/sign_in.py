"""The entrance: a key becomes a cookie, and a cookie is thrown away.

Decides that only keys of those who serve and of those who lead open the desk, and that the cookie is out of reach of scripts and of other
sites. The key is checked like any other, with the same limits on guessing.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response

from app.actions.representatives.presence import set_presence
from app.deps import COOKIE, ActorDep, NowDep, ServiceDep, SessionDep
from app.deps.guard import address
from app.errors import Forbidden, RaabtaError, Unauthenticated, Unavailable
from app.web.access import SERVING
from app.web.page import LANGUAGE_COOKIE, Page, render, see, sentence, spoken_here
from app.web.words import languages

LANGUAGE_KEPT_SECONDS = 31_536_000
_OUR_PAGE = re.compile(r"/(?:desk(?:/[a-z0-9-]+)*)?")

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@router.get("/sign-in")
async def entrance(request: Request) -> Response:
    """Ask for the key."""
    return _entrance(request, said=request.query_params.get("said"), sorry=request.query_params.get("sorry"))


@router.post("/sign-in")
async def come_in(request: Request, service: ServiceDep, key: Annotated[str, Form(max_length=256)] = "") -> Response:
    """Exchange the key for a cookie."""
    _from_here(request, service.settings.base_url)
    given = key.strip()
    try:
        actor = await service.keyring.actor(given, address=address(request.scope))
    except Unavailable:
        raise
    except Unauthenticated as error:
        return _entrance(request, sorry="key", status=error.status)
    except RaabtaError as error:
        return _entrance(request, sorry=sentence(spoken_here(request), error), status=error.status)
    if actor.role not in SERVING:
        return _entrance(request, sorry="role", status=Forbidden.status)
    response = see("/desk" if actor.representative else "/desk/alarms", said="signed_in")
    encrypted = service.settings.base_url.startswith("https://")
    response.set_cookie(COOKIE, given, httponly=True, samesite="strict", secure=encrypted, path="/")
    return response


@router.post("/sign-out")
async def go_out(session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Who signs out is not there any more: their shift ends with it."""
    if actor.representative is not None:
        await set_presence(session, actor.representative, status="offline", reason="signed_out", actor=actor, now=now)
    response = see("/desk/sign-in", said="signed_out")
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.post("/language")
async def language(
    request: Request,
    service: ServiceDep,
    language: Annotated[str, Form(max_length=35)] = "",
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Which language the pages speak; kept by this browser. `back`: the page it was chosen on, one of ours."""
    _from_here(request, service.settings.base_url)
    response = see(back if _OUR_PAGE.fullmatch(back) else "/desk")
    if language in languages():
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=LANGUAGE_KEPT_SECONDS, httponly=True, samesite="strict", path="/"
        )
    return response


def _entrance(request: Request, *, said: str | None = None, sorry: str | None = None, status: int = 200) -> Response:
    return render(request, "sign_in.html", status=status, said=said, sorry=sorry, written="")


def _from_here(request: Request, base_url: str) -> None:
    """No cookie shows here yet that our own page sent the form, so the browser's word must. Raises `Forbidden`."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = {request.headers.get("host"), urlsplit(base_url).netloc}
    foreign_site = site is not None and site not in {"same-origin", "none"}
    if foreign_site or (site is None and origin is not None and urlsplit(origin).netloc not in ours):
        raise Forbidden("The form was not ours.", code="csrf")
