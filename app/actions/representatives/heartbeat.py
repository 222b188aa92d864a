"""Signs of life: one coalesced UPDATE a second per process, no events.

Decides nothing: the timers decide what a lost heartbeat means.
"""

from __future__ import annotations

from app.db import Connection

_TOUCH = """
UPDATE representative SET heartbeat_at = wall_clock()
WHERE code IN (SELECT code FROM representative WHERE code = ANY($1::text[]) AND presence <> 'offline'
               ORDER BY code FOR UPDATE SKIP LOCKED)
"""


class Heartbeats:
    """Those who were heard of since the last flush."""

    def __init__(self) -> None:
        self._heard: set[str] = set()

    def note(self, code: str) -> None:
        """Remember that `code` is alive."""
        self._heard.add(code)

    async def flush(self, connection: Connection) -> int:
        """Write them all; returns how many. What fails to be written is heard again with the next beat."""
        heard, self._heard = sorted(self._heard), set()
        if heard:
            await connection.execute(_TOUCH, heard)
        return len(heard)
