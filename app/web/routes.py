"""All routes of the pages, and the files they need.

Decides where files are served from and how long a browser may keep them: as long as their address stays the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Scope
from typing_extensions import override

from app.deps import Service
from app.web import (
    alarms,
    case,
    case_joins,
    case_promises,
    case_verbs,
    cases,
    check,
    check_verbs,
    checks,
    customer,
    desk,
    home,
    incident,
    incident_verbs,
    incidents,
    live,
    person,
    person_verbs,
    sign_in,
    surveys,
    verbs,
    writing,
)

STATIC: Final = Path(__file__).parent / "static"
KEPT_SECONDS: Final = 31_536_000


_ABOUT_CASES: Final = (
    cases,
    case,
    case_verbs,
    case_promises,
    case_joins,
    alarms,
    checks,
    check,
    check_verbs,
    incidents,
    incident,
    incident_verbs,
    person,
    person_verbs,
    surveys,
)


class Files(StaticFiles):
    """Our own style and script, and what was taken from npm. Pages name them with the hash of their content."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable" if hashed else "no-cache"
        return response


def routes(service: Service) -> list[BaseRoute]:
    """Every page of this service."""
    found: list[BaseRoute] = [Mount("/static", Files(directory=STATIC), name="static")]
    for module in (home, sign_in, desk, live, verbs, writing, *_ABOUT_CASES):
        found.extend(module.router.routes)
    for router in customer.ROUTERS:
        found.extend(router.routes)
    return found
