"""What the floor is made of: pools of waiting, groups of representatives, and one seat for each of these.

Holds things in order and drops what is dead; decides nothing. All heaps delete lazily: a key in a heap is alive only
while it is the very object its owner still holds, so leaving a heap costs nothing, and a heap that is more than half
dead is swept. Only the first of a pool's heap is known to be alive.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from heapq import heapify, heappop, heappush

from routing.model import Needs, Staff, Waiting
from routing.rank import Mark

Key = tuple[float, int]
"""A place in line: due, id."""

SPARE = 64
"""Dead keys a heap may always carry: sweeping tiny heaps is not worth it."""


class Group:
    """Representatives who may serve exactly the same: same skills, languages, queues and office."""

    __slots__ = ("counted", "like", "pools", "scarcity", "seats", "serves", "weighed")

    def __init__(self, like: Staff, *, counted: set[str], weighed: set[str]) -> None:
        self.like = like
        """Any member, as good as every other to tell whom they may serve."""
        self.counted = counted
        """Everything a member has, each skill at every level up to theirs: what holders are counted by."""
        self.weighed = weighed
        """The same with each skill at the member's own level only: what scarcity is the sum of."""
        self.scarcity = 0
        self.seats: dict[str, Seat] = {}
        self.pools: dict[tuple[bool, int], dict[Pool, None]] = {}
        """The pools members may serve, by what one piece of work costs: fit is asked once per cost, not per pool."""
        self.serves: set[Pool] = set()
        """The same pools, only to ask whether one is among them."""


class Seat:
    """One representative on the floor, with the load the floor's own plans have added."""

    __slots__ = ("group", "holds", "live", "mark", "staff", "units")

    def __init__(self, staff: Staff, group: Group) -> None:
        self.staff = staff
        self.group = group
        self.live = staff.live
        self.units = staff.units
        self.mark: Mark | None = None
        """Their present place among the free; None while away, or while nothing known would fit."""
        self.holds: dict[Needs, Pool] = {}
        """Those who wait for this representative alone."""


class Pool:
    """All who wait with the same needs, in due order, and all who could take one of them now, best first.

    With a holder it is the line of those held for one representative; then `ready` stays empty.
    """

    __slots__ = ("cost", "heap", "holder", "needs", "ready", "ready_limit", "size")

    def __init__(self, needs: Needs, holder: Seat | None = None) -> None:
        self.needs = needs
        self.holder = holder
        self.cost = (needs.live, needs.units)
        self.heap: list[Key] = []
        self.size = 0
        """Who belongs here, those in back-off included."""
        self.ready: list[Mark] = []
        self.ready_limit = SPARE

    def pop(self, filed: Mapping[int, Filed]) -> Key:
        """Take the earliest due out."""
        key = heappop(self.heap)
        self.prune(filed)
        return key

    def prune(self, filed: Mapping[int, Filed]) -> None:
        """Drop dead keys from the front: the first of a heap is always alive."""
        heap = self.heap
        while heap:
            key = heap[0]
            record = filed.get(key[1])
            if record is not None and record[0] is key:
                return
            heappop(heap)

    def sweep(self, filed: Mapping[int, Filed]) -> None:
        """Drop the dead keys; worth it once they are more than half."""
        self.heap = [key for key in self.heap if (record := filed.get(key[1])) is not None and record[0] is key]
        heapify(self.heap)

    def offer_to(self, mark: Mark, seats: Mapping[str, Seat]) -> None:
        """Somebody could take work from here now."""
        heappush(self.ready, mark)
        if len(self.ready) > self.ready_limit:
            self.ready = [each for each in self.ready if (seat := seats.get(each[3])) is not None and seat.mark is each]
            heapify(self.ready)
            self.ready_limit = 2 * len(self.ready) + SPARE

    def best(self, seats: Mapping[str, Seat], excluded: Container[str]) -> Mark | None:
        """The first of those who could take work from here and are not excluded, or None."""
        ready = self.ready
        passed: list[Mark] = []
        found = None
        while ready and found is None:
            mark = ready[0]
            seat = seats.get(mark[3])
            if seat is None or seat.mark is not mark:
                heappop(ready)
            elif mark[3] in excluded:
                passed.append(heappop(ready))
            else:
                found = mark
        for mark in passed:
            heappush(ready, mark)
        return found


Filed = tuple[Key, Waiting, Pool]
"""What the floor knows of one who waits: the living key, the row, and the pool they belong to."""
