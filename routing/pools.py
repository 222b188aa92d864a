"""What the waiting side of the floor is made of: pools of those who need the same, in due order.

Holds things in order and drops what is dead; decides nothing. All heaps delete lazily: a key in a heap is alive only
while it is the very object its owner still holds, so leaving a heap costs nothing, and a heap that is more than half
dead is swept. Only the first of a heap is known to be alive.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from routing.capacity import Cost, cost_of
from routing.groups import SPARE, Crowd, Seat
from routing.model import Needs, Waiting
from routing.rank import Sorting, sorting

Key = tuple[float, int]
"""A place in line: due, id."""


class Census:
    """How many representatives could not take work from a pool, as it was with one version of the roster."""

    __slots__ = ("_absent", "_busy", "_told", "present", "version")

    def __init__(self, version: int, absent: tuple[tuple[str, int], ...], *, present: int) -> None:
        self.version = version
        self.present = present
        """Those whom nothing rules out but perhaps being busy."""
        self._absent = absent
        self._busy = 0
        self._told = absent

    def told(self, busy: int) -> tuple[tuple[str, int], ...]:
        """(reason, how many), when so many of the present are busy; mostly as many as the last time."""
        if busy != self._busy:
            self._busy, self._told = busy, (*self._absent, ("busy", busy)) if busy else self._absent
        return self._told


class Pool:
    """All who wait with the same needs, in due order, and the crowds of those who could serve them.

    With a holder it is the line of those held for one representative, and no crowd serves it.
    """

    __slots__ = (
        "_aside_kept",
        "aside",
        "base",
        "census",
        "cost",
        "crowds",
        "free",
        "heap",
        "holder",
        "lines",
        "needs",
        "size",
        "sorting",
    )

    def __init__(
        self, needs: Needs, *, free: dict[Crowd, None], base: Pool | None = None, holder: Seat | None = None
    ) -> None:
        self.needs = needs
        self.free = free
        """Every crowd of its cost in which anybody is, whether they may serve it or not."""
        self.base = self if base is None else base
        """The pool where those wait whom nobody holds."""
        self.holder = holder
        self.lines = 0
        """How many representatives hold somebody with these needs."""
        self.cost: Cost = cost_of(needs) if base is None else base.cost
        self.sorting: Sorting = sorting(needs.order) if base is None else base.sorting
        self.heap: list[Key] = []
        self.size = 0
        """Who belongs here, those in back-off included."""
        self.crowds: dict[Crowd, None] = {}
        self.census: Census | None = None
        """For the traces; None: not counted yet."""
        self.aside: dict[frozenset[str], list[Key]] = {}
        """Those who were first when nobody was free but whom they must not meet, by whom they must not meet: one look
        is enough for all of them, and each is put aside only once."""
        self._aside_kept = 0

    def heads_aside(self, filed: Mapping[int, Filed]) -> list[Key]:
        """The first of each of those put aside."""
        return [self.aside[skip][0] for skip in tuple(self.aside) if self._prune_aside(skip, filed)]

    def first(self, key: Key) -> bool:
        """Whether this is the first of the line itself, not of those put aside."""
        return bool(self.heap) and self.heap[0] is key

    def pop(self, filed: Mapping[int, Filed]) -> Key | None:
        """Take the first of the line out; the next one, if there is one."""
        heappop(self.heap)
        return self._prune(filed)

    def pop_aside(self, skip: frozenset[str], filed: Mapping[int, Filed]) -> Key | None:
        """Take the first of those put aside with this `skip` out; the next one, if there is one."""
        heappop(self.aside[skip])
        self._aside_kept -= 1
        return self.aside[skip][0] if self._prune_aside(skip, filed) else None

    def set_aside(self, skip: frozenset[str], filed: Mapping[int, Filed]) -> Key | None:
        """The first of the line waits beside it from now on; the next of the line, if there is one."""
        heappush(self.aside.setdefault(skip, []), heappop(self.heap))
        self._aside_kept += 1
        return self._prune(filed)

    def leave(self, key: Key, filed: Mapping[int, Filed]) -> None:
        """This one is filed here no more."""
        self.size -= 1
        heap = self.heap
        if heap and heap[0] is key:
            self._prune(filed)
        if len(heap) + self._aside_kept > 2 * self.size + SPARE:
            self._sweep(filed)

    def keys(self) -> int:
        """How many keys are kept, the dead ones included."""
        return len(self.heap) + self._aside_kept

    def _prune(self, filed: Mapping[int, Filed]) -> Key | None:
        heap = self.heap
        while heap:
            key = heap[0]
            record = filed.get(key[1])
            if record is not None and record[0] is key:
                return key
            heappop(heap)
        return None

    def _prune_aside(self, skip: frozenset[str], filed: Mapping[int, Filed]) -> bool:
        heap = self.aside[skip]
        while heap and not lives(heap[0], filed):
            heappop(heap)
            self._aside_kept -= 1
        if not heap:
            del self.aside[skip]
        return bool(heap)

    def _sweep(self, filed: Mapping[int, Filed]) -> None:
        """Drop the dead keys; worth it once they are more than half."""
        # In place: the crowds that may serve it hold the very list.
        self.heap[:] = [key for key in self.heap if lives(key, filed)]
        heapify(self.heap)
        self._aside_kept = 0
        for skip, heap in tuple(self.aside.items()):
            heap[:] = [key for key in heap if lives(key, filed)]
            heapify(heap)
            self._aside_kept += len(heap)
            if not heap:
                del self.aside[skip]


def lives(key: Key, filed: Mapping[int, Filed]) -> bool:
    """Whether this is the very key somebody is filed with."""
    record = filed.get(key[1])
    return record is not None and record[0] is key


Filed = tuple[Key, Waiting, Pool, int]
"""What the floor knows of one who waits: the living key, the row, the pool they belong to, and how many steps had passed
when they were put there; when one more does, they are put elsewhere."""
