"""What a stranger's connection may cost: the limits before the first word is understood, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.cli.connection import Bounded
from app.cli.server import Server
from app.settings import Settings
from tests.racing import HANG_SECONDS

PIECE = 65_536
ENOUGH = 64
"""Pieces until a server without limits would have taken four megabytes."""


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that says how long the body was."""
    assert scope["type"] == "http"
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"%08d" % size})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks of a hundred seconds in one: for those who are to be hung up on."""
    monkeypatch.setattr(Bounded, "look_seconds", 0.1)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the server listens."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        ready = asyncio.Event()
        server = Server(echo, Settings(), ready=ready.set)
        server.config.lifespan = "off"
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await ready.wait()
        yield listening.getsockname()[1]
        server.should_exit = True
        await running


async def said(port: int, head: bytes, piece: bytes = b"", *, pieces: int = 0, pause_seconds: float = 0.0) -> bytes:
    """What the server answers to a head and then pieces, until it hangs up or has answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(OSError):
        writer.write(head)
        for _ in range(pieces):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
            if reader.at_eof():
                break
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(HANG_SECONDS):
            answer = await reader.read(1_000)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * (PIECE // 6)),
        (b"GET /?", b"a" * PIECE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * (PIECE // 6)),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * PIECE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", b"a" * PIECE),
    ],
    ids=["a header", "headers", "an address", "trailers", "a trailer", "a chunk's extension"],
)
async def test_what_has_no_end_is_cut_off(port: int, head: bytes, piece: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    cut = False
    for _ in range(ENOUGH):
        try:
            writer.write(piece)
            async with asyncio.timeout(HANG_SECONDS):
                await writer.drain()
        except ConnectionError:
            cut = True
            break
        cut = cut or reader.at_eof() or writer.is_closing()
        await asyncio.sleep(0)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(HANG_SECONDS):
            rest = await reader.read()
        cut = cut or rest == b"" or b" 400 " in rest.splitlines()[0]
    writer.close()
    assert cut


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost",
        b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
    ],
    ids=["nothing", "half a head", "half a body", "half a head after a whole request"],
)
@pytest.mark.usefixtures("impatient")
async def test_who_says_no_more_is_hung_up_on(port: int, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    async with asyncio.timeout(HANG_SECONDS):
        await reader.read()
    writer.close()


@pytest.mark.usefixtures("impatient")
async def test_who_drips_is_hung_up_on(port: int) -> None:
    for head in (b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"):
        assert await said(port, head, b"a", pieces=40, pause_seconds=0.02) == b""


async def test_large_bodies_and_many_small_chunks_are_taken(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nConnection: close\r\n"
    whole = await said(port, head + b"Content-Length: 4194304\r\n\r\n", b"x" * PIECE, pieces=64)
    assert whole.endswith(b"04194304")
    chunks = (b"40\r\n" + b"x" * 64 + b"\r\n") * 1_000
    body = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks * 40 + b"0\r\n\r\n"
    assert (await said(port, body)).endswith(b"%08d" % (64 * 40_000))


async def test_one_connection_serves_many_requests(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(200):
        writer.write(b"POST / HTTP/1.1\r\nX: " + b"a" * 500 + b"\r\nContent-Length: 3\r\n\r\nabc")
        answer = await reader.readuntil(b"00000003")
        assert answer.startswith(b"HTTP/1.1 200"), number
    writer.close()
