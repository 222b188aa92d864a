"""`raabta serve`: the service, in one process.

Decides the order of starting (port, database, schema, first run, service) and of stopping (streams, requests, loops, database).
Everything that can be refused is refused with one line before the service answers its first request.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from app.cli.terminal import say
from app.errors import CannotStart, Unavailable
from app.settings import Settings, environment_name, load

if TYPE_CHECKING:
    from app.cli.first_run import FirstKeys
    from app.cli.server import Server

Result = TypeVar("Result")
PATIENCE_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 0.2
BACKLOG: Final = 2048  # connections the kernel keeps for us while we start


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on, instead of RAABTA_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on, instead of RAABTA_PORT; 0 = any free")] = None,
    loops: Annotated[bool, typer.Option("--loops/--no-loops", help="also dispatch, expire and send")] = True,
) -> None:
    """Run the service. Ctrl-C or SIGTERM lets requests finish and stops."""
    gc.disable()  # what is loaded now stays: looking for garbage in it takes a tenth of the start
    for field, value in (("host", host), ("port", port)):
        if value is not None:
            os.environ[environment_name(field)] = str(value)
    settings = load()
    listening = _listen(settings)
    if settings.port == 0:
        os.environ[environment_name("port")] = str(listening.getsockname()[1])
        settings = load()
    _log_to_stderr(settings)
    with listening, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listening, loops=loops))


async def _serve(settings: Settings, listening: socket.socket, *, loops: bool) -> None:
    stop = _Stop()
    stop.listen()
    # Loading the program takes longer than starting PostgreSQL; both at once, the next start is ready in two seconds.
    asyncio.get_running_loop().run_in_executor(None, _load)
    async with _database(settings) as dsn:
        if stop.asked:
            return
        first = await _ready(dsn, settings)
        if not stop.asked:
            await _answer(settings, dsn, listening, first, stop, loops=loops)


def _load() -> None:
    """Whoever loads it at the same time begins with the same: two that meet inside of it find half of it."""
    importlib.import_module("sqlalchemy")
    importlib.import_module("app.main")


async def _ready(dsn: str, settings: Settings) -> FirstKeys:
    """The schema, the epoch of the feed, and what a first start needs."""
    from app.cli.first_run import prepare
    from app.cli.place import bring_up

    await _patiently(lambda: bring_up(dsn))
    return await _patiently(lambda: prepare(dsn, settings))


async def _patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it again while the database is restarting. Raises CannotStart when it does not come back."""
    from app.db import is_away

    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await work()
        except Exception as error:
            if not (isinstance(error, Unavailable) or is_away(error)):
                raise
            if asyncio.get_running_loop().time() > end:
                raise CannotStart("the database went away while we started", code="database_unreachable") from None
        await asyncio.sleep(AGAIN_SECONDS)


async def _answer(
    settings: Settings, dsn: str, listening: socket.socket, first: FirstKeys, stop: _Stop, *, loops: bool
) -> None:
    from app.cli.server import Server
    from app.main import create_app

    app = create_app(settings, dsn=dsn, loops=loops)
    server = Server(app, settings, ready=lambda: _begin(settings, first))
    stop.then(server, app)
    await server.serve(sockets=[listening])
    if not server.started and not stop.asked:
        raise CannotStart("the service could not start; the lines above say why")


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """The address of the database: the one that is given, or our own, held up for as long as we serve."""
    from app.cli.place import DATABASE, check_reachable, make_database
    from app.postgres import LocalPostgres, data_dir, serving

    if settings.dsn is not None:
        await check_reachable(settings.dsn)
        yield settings.dsn
        return
    async with serving(LocalPostgres(data_dir(settings))) as server:
        await _patiently(lambda: make_database(server.dsn()))
        yield server.dsn(DATABASE)


class _Stop:
    """The wish to stop: noted at any time, carried out as soon as there is something to stop. The second is impatient."""

    def __init__(self) -> None:
        self.asked = False
        self._server: Server | None = None
        self._app: object = None

    def listen(self) -> None:
        for wish in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(wish, self._ask)

    def then(self, server: Server, app: object) -> None:
        """From now on the wish stops this server, and the streams of this app first."""
        self._server, self._app = server, app
        if self.asked:
            self._carry_out()

    def _ask(self) -> None:
        again, self.asked = self.asked, True
        if self._server is not None:
            self._carry_out()
            self._server.force_exit = again

    def _carry_out(self) -> None:
        assert self._server is not None, "only asked for once there is a server"
        service = getattr(getattr(self._app, "state", None), "service", None)
        if service is not None:
            service.stop()  # streams end now: the server waits for every open answer
        self._server.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is started: it is the most likely thing to be wrong."""
    host = settings.host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # Listen at once: two of us could bind one free port, but only one can listen.
        listening.listen(BACKLOG)
    except OSError as error:
        raise CannotStart(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; set RAABTA_PORT (0 = any free)",
            code="port_taken",
        ) from None
    listening.setblocking(False)
    return listening


def _begin(settings: Settings, first: FirstKeys) -> None:
    gc.collect()
    gc.freeze()  # never looked at again: later collections are short
    gc.enable()
    _tell(settings, first)


def _tell(settings: Settings, first: FirstKeys) -> None:
    from app.cli.first_run import keys_file

    lines = [
        f"raabta is ready: {settings.base_url}",
        f"  desk  {settings.base_url}/desk",
        f"  API   {settings.base_url}/docs",
    ]
    if first.first:
        shown = ("ADMIN_KEY", "INTEGRATION_KEY", "KIOSK_KEY", "ASMA_KEY", "IMRAN_KEY")
        lines += ["  keys of this first start (Asma and Imran are representatives of the sample office):"]
        lines += [f"    {name:16}{first.keys[name]}" for name in shown if name in first.keys]
    if keys_file(settings).exists():
        lines += [f"  all first keys are in {keys_file(settings)}"]
    say("\n".join([*lines, "Ctrl-C stops it."]))


def _log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    if settings.log_level != "debug":
        for chatty in ("uvicorn.error", "httpx2", "httpcore2", "asyncio", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quick event loop, where there is one for this system."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
