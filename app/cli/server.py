"""The HTTP server as we run it: signals are ours, and somebody hears when it is ready.

Decides how the server is set; never what it answers.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from app.cli.connection import Bounded
from app.settings import Settings

BACKLOG: Final = 2048


class Server(uvicorn.Server):
    """`ready` is called once, as soon as requests are answered."""

    def __init__(self, app: ASGIApp, settings: Settings, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Bounded,
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=max(1, int(settings.shutdown_seconds)),
                lifespan="on",
                ws="none",
                proxy_headers=settings.trusted_proxies is not None,
                forwarded_allow_ips=settings.trusted_proxies,
            )
        )
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield  # uvicorn would take them from us, and raise them again when it is done
