"""Follows an event stream of an ASGI application without a socket: what a browser's EventSource does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import FastAPI

from tests.racing import HANG_SECONDS


@dataclass(slots=True)
class Follower:
    """One open stream. `event()` waits for the next event, `line()` for the next line of any kind."""

    lines: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    started: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    headers: dict[str, str] = field(default_factory=dict)
    _rest: str = ""

    async def event(self) -> dict[str, Any]:
        """The next event; its `id` line must be the one inside."""
        name = ""
        while True:
            line = await self.line()
            if line.startswith("id: "):
                name = line.removeprefix("id: ")
            if line.startswith("data: "):
                found: dict[str, Any] = orjson.loads(line.removeprefix("data: "))
                assert found["id"] == name
                return found

    async def line(self) -> str:
        """The next line."""
        async with asyncio.timeout(HANG_SECONDS):
            return await self.lines.get()

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.started.set_result(message["status"])
            return
        *whole, self._rest = (self._rest + message.get("body", b"").decode()).split("\n")
        for line in whole:
            self.lines.put_nowait(line)
        if not message.get("more_body", False):
            self.ended.set()


@asynccontextmanager
async def following(
    app: FastAPI, headers: Mapping[str, str], *, query: str = "", path: str = "/v1/stream"
) -> AsyncIterator[Follower]:
    """An open stream, once its answer has begun; leaving the block is hanging up."""
    follower = Follower()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await follower.gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    task = asyncio.create_task(app(scope, receive, follower.send))
    try:
        async with asyncio.timeout(HANG_SECONDS):
            await asyncio.shield(follower.started)
        yield follower
    finally:
        follower.gone.set()
        async with asyncio.timeout(HANG_SECONDS):
            await task
