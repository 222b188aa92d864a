"""A bounded load over HTTP/1.1 on loopback: many connections, each asking again as soon as it was answered.

Written on bare asyncio, so that the asking costs as little as possible of the two cores it shares with what is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What was measured: answered requests a second, and the answers' status codes by count."""

    requests_per_second: float
    statuses: dict[int, int]


async def load(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Load:
    """Send `requests` (whole, with headers) for `seconds` over `connections`; each answer is read to its end."""
    statuses: dict[int, int] = {}
    end = time.monotonic() + seconds

    def count(status: int) -> None:
        statuses[status] = statuses.get(status, 0) + 1

    started = time.monotonic()
    await asyncio.gather(*(_connection(port, requests, count=count, end=end) for _ in range(connections)))
    took = time.monotonic() - started
    return Load(requests_per_second=sum(statuses.values()) / took, statuses=statuses)


async def _connection(port: int, requests: Iterator[bytes], *, count: Callable[[int], None], end: float) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        while time.monotonic() < end:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            count(int(head[9:12]))
    finally:
        writer.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return int(lower[start : lower.index(b"\r", start)])
