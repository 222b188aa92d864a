"""What the working side of the floor is made of: groups of representatives, crowds of the free among them, seats.

Holds things in order and counts; decides nothing. The heaps delete lazily: an entry lives while its place is the very
object its seat still holds.
"""

from __future__ import annotations

from collections.abc import Container
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Literal

from routing.capacity import Cost
from routing.model import Needs, Staff
from routing.rank import Place, Sorting

if TYPE_CHECKING:
    from routing.pools import Pool

SPARE = 64
"""Dead entries a heap may always carry: sweeping tiny heaps is not worth it."""

NEWCOMERS_AT_MOST = 8
"""So many may wait to be sorted in; more, and looking whether they still are free would be dear."""

Presence = Literal["away", "resting", "on"]
GroupKey = tuple[frozenset[tuple[str, int]], frozenset[str], frozenset[str], frozenset[str], str | None]


class Ask:
    """One thing that can be asked for, and the free room of all who have it."""

    __slots__ = ("holders", "room", "what")

    def __init__(self, what: str | Needs) -> None:
        self.what = what
        self.holders = 0
        """Groups that have it."""
        self.room = 0


class Group:
    """Representatives who may serve exactly the same: same skills, languages, queues, groups and office."""

    __slots__ = ("counted", "counted_room", "crowds", "like", "room", "seats", "standing", "weighed")

    def __init__(self, like: Staff) -> None:
        self.like = like
        """Any member, as good as every other to tell whom they may serve."""
        self.seats: dict[str, Seat] = {}
        self.crowds: dict[Cost, Crowd] = {}
        """For each cost of work they may serve: who is free for it. Fit is asked once per cost, not per pool."""
        self.standing: dict[tuple[Presence, int], int] = {}
        """How many are there with this capacity, and whether they take anything new."""
        self.room = 0
        """The units its members could still be given."""
        self.counted_room = 0
        """The same when it was last counted in."""
        self.counted: tuple[Ask, ...] = ()
        self.weighed: tuple[Ask, ...] = ()


class Seat:
    """One representative on the floor, with the load the floor's own plans have added."""

    __slots__ = ("group", "holds", "live", "on", "open", "place", "room", "staff", "stood", "units")

    group: Group

    def __init__(self, staff: Staff) -> None:
        self.staff = staff
        self.on = False
        """There, and not resting."""
        self.live = staff.live
        self.units = staff.units
        self.room = 0
        self.place: Place | None = None
        """Their present place among the free; None while they take nothing new, whatever it is."""
        self.open: set[Crowd] = set()
        """The crowds of their group they are in now."""
        self.stood: tuple[Presence, int] | None = None
        """As what they are counted in `Group.standing`."""
        self.holds: dict[Pool, Pool] = {}
        """Those who wait for this representative alone, by the pool they would be in."""


class Crowd:
    """Those of one group who are free for work of one cost, sorted by every order asked for so far.

    In a busy office somebody becomes free and is busy again at once: newcomers are sorted in only when they stay.
    """

    __slots__ = ("_heaps", "_limit", "_newcomers", "cost", "group", "pools", "size")

    def __init__(self, group: Group, cost: Cost) -> None:
        self.group = group
        self.cost = cost
        self.pools: dict[Pool, None] = {}
        """The pools of this cost they may serve."""
        self.size = 0
        self._newcomers: list[Place] = []
        self._heaps: dict[str, tuple[Sorting, list[tuple[object, Place]]]] = {}
        self._limit = SPARE

    def enter(self, place: Place) -> None:
        """Somebody is free with this place."""
        self._newcomers.append(place)
        if len(self._newcomers) > NEWCOMERS_AT_MOST:
            self._sort_in()

    def first(self, sorting: Sorting, skip: Container[str]) -> Place | None:
        """The best place by this order, of those whose id is not to be skipped."""
        if self.size == 1 and self._newcomers and self._lives(self._newcomers[-1]):
            only = self._newcomers[-1]
            return None if only[2] in skip else only
        return next(iter(self.best(sorting, skip, count=1)), None)

    def best(self, sorting: Sorting, skip: Container[str], *, count: int) -> list[Place]:
        """The so many best, best first."""
        heap = self._heap(sorting)
        taken: list[tuple[object, Place]] = []
        found: list[Place] = []
        while heap and len(found) < count:
            entry = heap[0]
            if not self._lives(entry[1]):
                heappop(heap)
                continue
            if entry[1][2] not in skip:
                found.append(entry[1])
                if len(found) == count:
                    break
            taken.append(heappop(heap))
        for entry in taken:
            heappush(heap, entry)
        return found

    def _heap(self, sorting: Sorting) -> list[tuple[object, Place]]:
        if self._newcomers:
            self._sort_in()
        known = self._heaps.get(sorting.within)
        if known is None:
            heap = [(sorting.among(place), place) for place in self._places()]
            heapify(heap)
            known = self._heaps[sorting.within] = sorting, heap
        return known[1]

    def _sort_in(self) -> None:
        alive = [place for place in self._newcomers if self._lives(place)]
        self._newcomers.clear()
        for sorting, heap in self._heaps.values():
            for place in alive:
                heappush(heap, (sorting.among(place), place))
            if len(heap) > self._limit:
                self._sweep()

    def _places(self) -> list[Place]:
        return [seat.place for seat in self.group.seats.values() if seat.place is not None and self in seat.open]

    def _lives(self, place: Place) -> bool:
        seat = self.group.seats.get(place[2])
        return seat is not None and seat.place is place

    def _sweep(self) -> None:
        for _, heap in self._heaps.values():
            heap[:] = [entry for entry in heap if self._lives(entry[1])]
            heapify(heap)
        self._limit = 2 * self.size + SPARE
