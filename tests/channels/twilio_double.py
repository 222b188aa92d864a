"""Twilio's REST API on this machine: takes one kind of request, looks at it closely, answers as it is told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass(kw_only=True)
class TwilioDouble:
    """`status` None: break the line after reading; `silent`: never answer."""

    status: int | None = 200
    answer: bytes = b"{}"
    silent: bool = False
    url: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # (path, form)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[TwilioDouble]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if self.silent:
                await reader.read()  # until the other side gives up
            elif self.status is not None:
                status = self._look(request, headers, body) or self.status
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(self.answer), self.answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side went away: some tests are about just that
        finally:
            writer.close()

    def _look(self, request: str, headers: dict[str, str], body: bytes) -> int | None:
        """The status Twilio gives to a request it does not like; None for a good one."""
        method, path, _ = request.split(" ")
        if headers.get("authorization") != "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode():
            return 401
        if (
            method != "POST"
            or not path.startswith(f"/2010-04-01/Accounts/{ACCOUNT}/Calls/")
            or not path.endswith(".json")
        ):
            return 404
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            return 415
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        self.requests.append((path, form))
        return None
