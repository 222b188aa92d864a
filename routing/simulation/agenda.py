"""What happens next: instants with what is to be done then. Decides the order only: by instant, then as it was written down."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from routing.model import Instant

Act = Callable[[Any], None]


class Agenda:
    """The clock of a simulated day, and everything that is still to come."""

    def __init__(self, now: Instant) -> None:
        self.now = now
        self._entries: list[tuple[Instant, int, Act, Any]] = []
        self._order = count()

    def at(self, instant: Instant, act: Act, what: object) -> None:
        """Do `act(what)` at this instant; what is past already, next."""
        heappush(self._entries, (instant, next(self._order), act, what))

    def run(self, until: Instant) -> None:
        """Do everything up to this instant, in order; the clock never goes back."""
        entries = self._entries
        while entries and entries[0][0] <= until:
            instant, _, act, what = heappop(entries)
            if instant > self.now:
                self.now = instant
            act(what)

    def run_while(self, going: Callable[[], bool], until: Instant) -> None:
        """The same, but only while this holds."""
        entries = self._entries
        while going() and entries and entries[0][0] <= until:
            instant, _, act, what = heappop(entries)
            if instant > self.now:
                self.now = instant
            act(what)
