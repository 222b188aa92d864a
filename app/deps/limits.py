"""How often somebody may ask: token buckets in memory, one per key and one per address that fails.

Decides nothing but yes or no; never writes, never waits. Each process counts for itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_BUCKETS = 50_000
"""An attacker with many addresses makes us forget old buckets, not run out of memory (about 5 MB)."""


class Buckets:
    """One bucket per name, of `burst` tokens, refilled at `per_second`."""

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic, most: int = MOST_BUCKETS
    ) -> None:
        self._rate = per_second
        self._burst = burst
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, name: Hashable) -> float:
        """Take one token. Returns 0.0, or the seconds until there is one again (then nothing was taken)."""
        now = self._clock()
        left = self._left(name, now)
        if left < 1.0:
            return (1.0 - left) / self._rate
        self._buckets[name] = (left - 1.0, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return 0.0

    def empty(self, name: Hashable) -> float:
        """As `take`, but takes nothing: the seconds until there is a token, 0.0 where there is one."""
        left = self._left(name, self._clock())
        return 0.0 if left >= 1.0 else (1.0 - left) / self._rate

    def _left(self, name: Hashable, now: float) -> float:
        known = self._buckets.get(name)
        if known is None:
            return self._burst
        left, at = known
        return min(self._burst, left + (now - at) * self._rate)
