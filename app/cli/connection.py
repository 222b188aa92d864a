"""What one connection may cost before anybody knows who is at its other end.

Decides how long the head of a request may be, how much besides its body a request may send (trailers, the marks between
chunks), and how slow it may be. The server's own protocol has no such limits: a hundred megabytes of headers would cost
us two gigabytes. Never reads what a request says.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BESIDE_BYTES: Final = 65_536
"""Of a request that is no body. What arrives in one piece (at most 256 kB) is read before it is counted."""
CHUNK_SHARE: Final = 8
"""A body in chunks may bring a byte of marks for every eight of its own."""
LOOK_SECONDS: Final = 10.0
FEWEST_BYTES: Final = 1_024
"""Of a body, between two looks. A head has until the second look."""


class Bounded(HttpToolsProtocol):
    """One connection, closed when it goes past a limit."""

    look_seconds = LOOK_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._beside = 0
        self._came = 0  # since the last look
        self._seen: object = None  # the request whose head was not there at the last look
        self._watch: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        super().connection_made(transport)
        self._watch = self.loop.call_later(self.look_seconds, self._look)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        self._beside += len(data)
        super().data_received(data)
        self._beside = max(self._beside, 0)
        if self._beside > MOST_BESIDE_BYTES and not self.transport.is_closing():
            if self._head_is_missing():
                self.send_400_response("The head of this request is too long.")
            else:
                self.transport.close()

    @override
    def on_body(self, body: bytes) -> None:
        self._beside -= len(body) + len(body) // CHUNK_SHARE
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._beside = 0
        super().on_message_complete()

    def _look(self) -> None:
        """Close what came to a halt; what is being answered may take its time."""
        if self.transport.is_closing():
            return
        came, self._came = self._came, 0
        scope = cast("object", self.scope)  # None until the first byte
        late = self._head_is_missing() and scope is self._seen
        slow = self._body_is_missing() and came < FEWEST_BYTES
        if late or slow:
            self.transport.close()
            return
        self._seen = scope
        self._watch = self.loop.call_later(self.look_seconds, self._look)

    def _head_is_missing(self) -> bool:
        scope = cast("dict[str, Any] | None", self.scope)
        return scope is None or "method" not in scope

    def _body_is_missing(self) -> bool:
        """And it is not we who do not read it."""
        cycle = cast("Any", self.cycle)
        return cycle is not None and cycle.more_body and not self.flow.read_paused
