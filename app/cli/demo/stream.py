"""Following the event stream for as long as it takes. Decides when to connect again; each event is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson

from app.cli.demo.edge import Edge

AGAIN_SECONDS: Final = 0.2


async def follow(edge: Edge, *, key: str, after: str | None = None) -> AsyncIterator[dict[str, Any] | None]:
    """Every event from `after` (or now) on; None at each new connection: whoever follows looks around then."""
    while True:
        yield None
        async for line in edge.stream("/v1/stream", key=key, after=after):
            if line.startswith("id:"):
                after = line[3:].strip()
            elif line.startswith("data:"):
                yield orjson.loads(line[5:])
        await asyncio.sleep(AGAIN_SECONDS)
