"""What the working side of the floor is made of: groups of representatives, crowds of the free among them, seats.

Holds things in order and counts; decides nothing. The lines delete lazily: an entry lives while its place is the very
object its seat still holds.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Container
from typing import TYPE_CHECKING, Literal

from routing.capacity import Cost, fits_load, room
from routing.model import Needs, Staff
from routing.rank import Place, Sorting

if TYPE_CHECKING:
    from routing.pools import Key, Pool

SPARE = 64
"""Dead entries a line or a heap may always carry: sweeping tiny ones is not worth it."""

NEWCOMERS_AT_MOST = 8
"""So many may wait to be sorted in; more, and looking whether they still are free would be dear."""

FITS_KEPT = 256
"""So many loads a group remembers what fits beside them."""

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

    __slots__ = (
        "counted",
        "counted_room",
        "crowds",
        "fits",
        "key",
        "like",
        "room",
        "seats",
        "standing",
        "weighed",
        "weight",
    )

    def __init__(self, like: Staff) -> None:
        self.like = like
        """Any member, as good as every other to tell whom they may serve."""
        self.key = key_of(like)
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
        self.weight: tuple[int, int, int] = (-1, 0, 0)
        """What its members weighed last: which count of the demand that was, the room ahead of it, the weight."""
        self.fits: dict[tuple[int, int], Fitting] = {}
        """What `fitting` said since there is a new crowd; nearly always it was asked for before."""

    def crowd(self, cost: Cost, free: dict[Crowd, None]) -> Crowd:
        """A new crowd for work of this cost; `free` are all of this cost in which anybody is."""
        crowd = self.crowds[cost] = Crowd(self, cost, free)
        self.fits.clear()
        return crowd

    def fitting(self, live: int, spare: int) -> Fitting:
        """What fits a member who holds so many live contacts and has `spare` units left; below 0: held too many."""
        if len(self.fits) >= FITS_KEPT:
            self.fits.clear()
        crowds = [crowd for crowd in self.crowds.values() if fits_load(live, 0, spare, crowd.cost)]
        found = self.fits[live, spare] = tuple(crowds), room(live, 0, spare)
        return found


class Seat:
    """One representative on the floor, with the load the floor's own plans have added."""

    __slots__ = ("group", "holds", "live", "on", "open", "place", "room", "staff", "stood", "units")

    group: Group

    def __init__(self, staff: Staff) -> None:
        self.staff = staff
        """The row they were last seen with."""
        self.on = False
        """There, and not resting."""
        self.live = staff.live
        self.units = staff.units
        self.room = 0
        self.place: Place | None = None
        """Their present place among the free; None while nothing fits them."""
        self.open: tuple[Crowd, ...] = ()
        """The crowds of their group they are in now."""
        self.stood: tuple[Presence, int] | None = None
        """As what they are counted in `Group.standing`."""
        self.holds: dict[Pool, Pool] = {}
        """Those who wait for this representative alone, by the pool they would be in."""


class Crowd:
    """Those of one group who are free for work of one cost, sorted by every order asked for so far.

    In a busy office somebody becomes free and is busy again at once: newcomers are sorted in only when they stay.
    """

    __slots__ = ("_limit", "_lines", "_newcomers", "_seats", "cost", "free", "group", "pools", "size")

    def __init__(self, group: Group, cost: Cost, free: dict[Crowd, None]) -> None:
        self.group = group
        self.cost = cost
        self.free = free
        """Every crowd of this cost in which anybody is."""
        self.pools: dict[Pool, list[Key]] = {}
        """The pools of this cost they may serve, each with its line."""
        self.size = 0
        self._seats = group.seats
        self._newcomers: list[Place] = []
        self._lines: dict[str, tuple[Sorting, list[tuple[object, Place]]]] = {}
        self._limit = SPARE

    def enter(self, place: Place) -> None:
        """Somebody is free with this place."""
        newcomers = self._newcomers
        if self.size == 1:
            # Whatever is kept of others is dead.
            newcomers.clear()
        newcomers.append(place)
        if len(newcomers) > NEWCOMERS_AT_MOST:
            self._sort_in()

    def first(self, sorting: Sorting, skip: Container[str]) -> Place | None:
        """The best place by this order, of those whose id is not to be skipped."""
        if self.size == 1 and self._newcomers:
            only = self._newcomers[-1]
            seat = self._seats.get(only[2])
            if seat is not None and seat.place is only:
                return None if only[2] in skip else only
        line = self._line(sorting)
        while line:
            best = line[0][1]
            if not self._lives(best):
                del line[0]
            elif best[2] not in skip:
                return best
            else:
                return next(iter(self.best(sorting, skip, count=1)), None)
        return None

    def best(self, sorting: Sorting, skip: Container[str], *, count: int) -> list[Place]:
        """The so many best, best first."""
        line, lives = self._line(sorting), self._lives
        alive: list[tuple[object, Place]] = []
        found: list[Place] = []
        looked = 0
        for looked, entry in enumerate(line, 1):  # noqa: B007  (how far it came)
            place = entry[1]
            if lives(place):
                alive.append(entry)
                if place[2] not in skip:
                    found.append(place)
                    if len(found) == count:
                        break
        if len(alive) < looked:
            line[:looked] = alive
        return found

    def _line(self, sorting: Sorting) -> list[tuple[object, Place]]:
        if self._newcomers:
            self._sort_in()
        known = self._lines.get(sorting.within)
        if known is None:
            line = sorted([(sorting.among(place), place) for place in self._places()])
            known = self._lines[sorting.within] = sorting, line
        return known[1]

    def _sort_in(self) -> None:
        alive = [place for place in self._newcomers if self._lives(place)]
        self._newcomers.clear()
        for sorting, line in self._lines.values():
            for place in alive:
                insort(line, (sorting.among(place), place))
            if len(line) > self._limit:
                self._sweep()

    def _places(self) -> list[Place]:
        return [seat.place for seat in self._seats.values() if seat.place is not None and self in seat.open]

    def _lives(self, place: Place) -> bool:
        seat = self._seats.get(place[2])
        return seat is not None and seat.place is place

    def _sweep(self) -> None:
        for _, line in self._lines.values():
            line[:] = [entry for entry in line if self._lives(entry[1])]
        self._limit = 2 * self.size + SPARE


Fitting = tuple[tuple[Crowd, ...], int]
"""The crowds for whose work there is room, and how many units more could be given."""


def key_of(staff: Staff) -> GroupKey:
    """What two representatives have in common who are of one group."""
    # A tuple, for tuples see at once that two parts are the same object: rows share them.
    return staff.skills, staff.languages, staff.queues, staff.groups, staff.office
