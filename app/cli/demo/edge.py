"""HTTP with patience: what could not be delivered is sent again, byte by byte the same.

Decides what is worth trying again and writes down every answer a service in trouble must not give: any 5xx but a 503 that says
when to try again. Never invents a new name for an old contact: that is what makes trying again harmless.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import orjson

REST_SECONDS: Final = 0.1
LONGEST_REST_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 10.0
QUIET_SECONDS: Final = 30.0  # a stream says something every ten seconds
TOO_MANY: Final = 429
AWAY: Final = 503


class GaveUp(Exception):
    """Nobody answered within the patience."""


@dataclass(kw_only=True, slots=True)
class Counts:
    """What happened on the wire."""

    requests: int = 0
    unreachable: int = 0
    away: int = 0
    improper: Counter[str] = field(default_factory=Counter)
    """Answers that should not be, by method, path and status."""


class Edge:
    """One service's address. `patience_seconds`: how long one request is tried for."""

    def __init__(self, url: str, *, patience_seconds: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.counts = Counts()
        self._patience_seconds = patience_seconds
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=100)
        self._client = httpx2.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """The answer, whatever it says, as long as it is one; raises GaveUp. A 4xx is an answer."""
        given = dict(headers or {}) | ({"authorization": f"Bearer {key}"} if key else {})
        if json is not None:
            content, given["content-type"] = orjson.dumps(json), "application/json"
        end, rest = time.monotonic() + self._patience_seconds, REST_SECONDS
        while True:
            answer = await self._try(method, path, content, given)
            if answer is not None and answer.status_code < 500 and answer.status_code != TOO_MANY:
                return answer
            if time.monotonic() > end:
                raise GaveUp(f"{method} {path}: {'no answer' if answer is None else answer.status_code}")
            await asyncio.sleep(rest)
            rest = min(rest * 2, LONGEST_REST_SECONDS)

    async def stream(self, path: str, *, key: str, after: str | None) -> AsyncIterator[str]:
        """The lines of a stream, until it ends or breaks."""
        headers = {"authorization": f"Bearer {key}"} | ({"last-event-id": after} if after else {})
        timeout = httpx2.Timeout(TIMEOUT_SECONDS, read=QUIET_SECONDS)
        try:
            async with self._client.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code == 200:
                    async for line in answer.aiter_lines():
                        yield line
                else:
                    self._note("GET", path, answer)
        except httpx2.HTTPError:
            self.counts.unreachable += 1

    async def _try(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx2.Response | None:
        self.counts.requests += 1
        try:
            answer = await self._client.request(method, path, content=content, headers=headers)
        except httpx2.HTTPError:
            self.counts.unreachable += 1
            return None
        self._note(method, path, answer)
        return answer

    def _note(self, method: str, path: str, answer: httpx2.Response) -> None:
        if answer.status_code == AWAY and "retry-after" in answer.headers:
            self.counts.away += 1
        elif answer.status_code >= 500:
            self.counts.improper[f"{method} {path.partition('?')[0]} {answer.status_code}"] += 1
