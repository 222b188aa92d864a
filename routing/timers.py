"""When whose place changes by time alone: one turn for each who waits, the next first.

Decides nothing. Only the turns of the nearest minutes are kept in order; those further off lie unsorted, minute by minute,
until theirs is the next: so a turn costs the same however many wait. A turn is alive while its key is the very object
the floor still holds; the dead are dropped where they are met.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from routing.groups import SPARE
from routing.model import FOREVER, Instant
from routing.pools import Filed, Key, lives

SPAN_SECONDS = 60.0

Turn = tuple[Instant, int, Key]
"""When, who, and the key they stood with when it was set."""


class Timers:
    """All turns to come."""

    def __init__(self, filed: Mapping[int, Filed]) -> None:
        self._filed = filed
        self._near: list[Turn] = []
        self._reach: float = 0.0
        """The first span that is not put in order yet, and all after it."""
        self._far: dict[float, list[Turn]] = {}
        self._spans: list[float] = []
        self._size = 0
        self._limit = SPARE
        self.first: Instant = FOREVER
        """Nobody turns before this."""

    def __len__(self) -> int:
        """How many are kept, the dead ones included."""
        return self._size

    def set(self, turn: Instant, key: Key) -> None:
        """Something changes for them at this instant, before the end of time."""
        entry = turn, key[1], key
        if turn < self.first:
            self.first = turn
        span = turn // SPAN_SECONDS
        if span < self._reach:
            heappush(self._near, entry)
        elif span in self._far:
            self._far[span].append(entry)
        else:
            self._far[span] = [entry]
            heappush(self._spans, span)
        self._size += 1
        if self._size > self._limit:
            self._sweep()

    def due(self, now: Instant) -> int | None:
        """Take out the next of those who turn by `now`; None: nobody else does."""
        turn = self.next()
        if turn is None or turn > now:
            return None
        self._size -= 1
        return heappop(self._near)[1]

    def next(self) -> Instant | None:
        """When the next turn is; None: there is none."""
        near, filed = self._near, self._filed
        while near or self._spans:
            while near:
                turn, number, key = near[0]
                record = filed.get(number)
                if record is not None and record[0] is key:
                    self.first = turn
                    return turn
                heappop(near)
                self._size -= 1
            if self._spans:
                self._put_in_order(heappop(self._spans))
        self.first = FOREVER
        return None

    def _put_in_order(self, span: float) -> None:
        entries = self._far.pop(span)
        self._reach = span + 1
        self._near += [entry for entry in entries if lives(entry[2], self._filed)]
        self._size -= len(entries) - len(self._near)
        heapify(self._near)

    def _sweep(self) -> None:
        """Drop the dead; worth it once they are more than half."""
        for entries in (self._near, *self._far.values()):
            entries[:] = [entry for entry in entries if lives(entry[2], self._filed)]
        heapify(self._near)
        self._size = len(self._near) + sum(map(len, self._far.values()))
        self._limit = 2 * self._size + SPARE
