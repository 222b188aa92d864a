"""Who asks: a key is looked up by its digest and believed for a moment.

Decides how long a revoked key may still work (`TRUSTED_SECONDS` at most; a key in use is looked up again every half second) and what a failed attempt costs its address. Never keeps
a key, only digests.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable

from app.db import Database
from app.deps.limits import Buckets
from app.errors import TooMany, Unauthenticated
from app.queries.keys import owner
from app.security import Actor, digest

FRESH_SECONDS = 0.5
TRUSTED_SECONDS = 1.0
MOST_KEYS = 20_000
LONGEST_KEY = 256


class Keyring:
    """The keys this process has seen lately."""

    def __init__(
        self, database: Database, *, failures_per_minute: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Actor, float]] = OrderedDict()
        self._lookups: dict[bytes, asyncio.Task[Actor | None]] = {}
        self._failures = Buckets(per_second=failures_per_minute / 60, burst=failures_per_minute)

    async def actor(self, key: str, *, address: str) -> Actor:
        """Who has this key. Raises `Unauthenticated`, `TooMany` after many failures from one address, `Unavailable`."""
        name = digest(key)
        known = self._known.get(name)
        age = self._clock() - known[1] if known is not None else TRUSTED_SECONDS
        if known is not None and age < TRUSTED_SECONDS:
            if age >= FRESH_SECONDS:
                self._look_up(name)  # for the next one who asks; a key in use never makes anybody wait
            return known[0]
        if known is None:
            self.check(address)
        found = await asyncio.shield(self._look_up(name)) if 0 < len(key) <= LONGEST_KEY else None
        if found is None:
            self.failed(address)
            raise Unauthenticated("This key is unknown or revoked.")
        return found

    def check(self, address: str) -> None:
        """Raises `TooMany` where this address has failed too often lately."""
        wait = self._failures.empty(address)
        if wait > 0:
            raise TooMany("Too many failed attempts from this address.", retry_after_seconds=wait)

    def failed(self, address: str) -> None:
        """Count one failure: an unknown key, or a signature that is wrong."""
        self._failures.take(address)

    def _look_up(self, name: bytes) -> asyncio.Task[Actor | None]:
        """The one look-up of this key that is under way: many who ask at once cost one query."""
        task = self._lookups.get(name)
        if task is None:
            task = self._lookups[name] = asyncio.create_task(self._found(name))
            task.add_done_callback(lambda done: self._over(name, done))
        return task

    async def _found(self, name: bytes) -> Actor | None:
        asked = self._clock()
        async with self._database.connection() as connection:
            found = await owner(connection, name)
        if found is None:
            self._known.pop(name, None)
            return None
        self._known[name] = (found, asked)
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return found

    def _over(self, name: bytes, task: asyncio.Task[Actor | None]) -> None:
        del self._lookups[name]
        if not task.cancelled():
            task.exception()  # whoever waits for it is told; a look-up ahead of time may fail unheard


def csrf_token(key: str) -> str:
    """What a page with this key in its cookie must send along with every change."""
    return hmac.new(key.encode("utf-8", "surrogatepass"), b"raabta csrf", hashlib.sha256).hexdigest()
