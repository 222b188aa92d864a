"""What is measured over HTTP, each in a process of its own: the service, and the baseline it is held against."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping

from fastapi import FastAPI

from app.main import create_app
from app.settings import load

READY_SECONDS = 20.0


def service() -> FastAPI:
    """The service without its loops, on the database that `BENCH_DSN` names."""
    return create_app(load(), dsn=os.environ["BENCH_DSN"], loops=False)


@contextlib.asynccontextmanager
async def serving(factory: str, environment: Mapping[str, str]) -> AsyncIterator[int]:
    """uvicorn serving `module:factory` on a free port, which is given; stopped at the end."""
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port)),
        *("--log-level", "warning", "--no-access-log", "--loop", "uvloop", "--http", "httptools"),
        env={**os.environ, **environment},
    )
    try:
        await asyncio.wait_for(_answers(port), READY_SECONDS)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
