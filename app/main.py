"""The service as one ASGI application: routes, door, errors, and what is opened and closed with it.

Decides what belongs together in one process. Knows no resource: `app.api` and `app.web` bring their routes and the rows of
the access table for them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from app import api, web
from app.api.openapi import TITLE, describe, version
from app.deps import Edge, Service, tell_all
from app.settings import Settings

NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""Where nobody set OpenTelemetry up: else every request would ask whether somebody did."""
NOWHERE: Final = "postgresql:///raabta"
"""For an application that only describes itself; nothing is connected before it is opened."""


def create_app(settings: Settings, *, dsn: str | None = None, loops: bool = True) -> FastAPI:
    """The application, closed; its lifespan opens it. `dsn`: the database, where the settings name none.

    `loops`: also run the background chores, unless another process does. `app.state.service` is the `Service`.
    """
    service = Service(settings, dsn=dsn or settings.dsn or NOWHERE)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(service.running())
            if loops:
                from app.actions.customers.erased_ledger import NAME as LEDGER
                from app.loops import Loops
                from app.postgres import data_dir

                chores = Loops(
                    service.database,
                    channels=service.channels,
                    intake=service.intake,
                    registry=service.metrics.registry,
                    reachable=settings.reachable_networks,
                    ledger=data_dir(settings) / LEDGER,
                )
                await stack.enter_async_context(chores)
            yield

    app = FastAPI(
        title=TITLE,
        version=version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=None if any(name.startswith("OTEL_") for name in os.environ) else NO_TELEMETRY,
    )
    app.state.service = service
    app.router.routes.extend([*api.routes(service.channels), *web.routes(service)])
    service.access = {**api.table(service.channels), **web.ACCESS}
    _refuse_unlisted(app, service)
    app.router.redirect_slashes = False
    tell_all(app)
    encrypted = settings.base_url.startswith("https://")
    app.add_middleware(Edge, metrics=service.metrics, encrypted=encrypted, direct=api.busiest())
    app.openapi = lambda: _described(app, service)  # type: ignore[method-assign]  # the way FastAPI asks for it
    return app


def _refuse_unlisted(app: FastAPI, service: Service) -> None:
    for route in app.routes:
        if isinstance(route, APIRoute):
            missing = [method for method in route.methods or () if (method, route.path) not in service.access]
            if missing:
                raise LookupError(f"{missing} {route.path} has no row in the access table")


def _described(app: FastAPI, service: Service) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app.routes, service.access)
    return app.openapi_schema
