"""The representatives' side of the floor: who is on it, which pools they may serve, and who is asked first.

Decides which representative takes a given piece of work; never which work goes first. Those for whom something fits
that did not fit when a plan last looked are *fresh*: the pools they may serve are the only ones worth a look beside
those in which somebody new came to stand.
"""

from __future__ import annotations

from collections.abc import Container
from heapq import heappop, heappush

from routing.capacity import Cost, cost_of, fits_load
from routing.demand import Demand
from routing.groups import Crowd, Fitting, Group, GroupKey, Presence, Seat, key_of
from routing.model import FOREVER, Instant, Needs, Staff, Waiting
from routing.needs import meets
from routing.pools import Pool
from routing.rank import Place, place

IDLE_POOLS_LIMIT = 1_000
NOTHING: Fitting = ((), 0)
"""What fits beside whoever takes nothing new."""


class Roster:
    """All representatives on the floor, and the pools they serve."""

    def __init__(self) -> None:
        self.now: Instant = 0.0
        """The floor's instant: whose rest is over by then may take something new."""
        self.seats: dict[str, Seat] = {}
        self.pools: dict[Needs, Pool] = {}
        self.groups: dict[GroupKey, Group] = {}
        self.demand = Demand()
        self.fresh: dict[Seat, None] = {}
        """Who became free for something since a plan last looked, and still is for anything."""
        self.version = 0
        """Counts the changes of who is here, away or resting, not of how busy they are."""
        self.aside: dict[Pool, None] = {}
        """Pools where somebody was put aside, and some where that is over."""
        self._pool_of: dict[int, tuple[Needs, Pool]] = {}
        """The same by the very object: rows share their needs, and telling two objects apart is quicker than to compare
        all they say. Holding the object keeps its number its own."""
        self._free: dict[Cost, dict[Crowd, None]] = {}
        """For each cost: the crowds in which anybody is. Whoever asks often holds the very dictionary."""
        self.rests: list[tuple[Instant, str]] = []
        """When whose rest ends, the first first; those that were called off stay until then."""
        self._pools_limit = IDLE_POOLS_LIMIT

    def join(self, staff: Staff) -> bool:
        """Give this representative a seat in the group their skills belong to, with this state.

        True if whom they could ever take may have changed, not only how busy they are.
        """
        seat = self.seats.get(staff.id)
        if seat is None:
            seat = self.seats[staff.id] = Seat(staff)
            self._enter_group(seat)
            changed = True
        elif seat.group.key == key_of(staff):
            known = seat.staff
            changed = (
                known.available != staff.available
                or known.capacity != staff.capacity
                or known.resting_until != staff.resting_until
                or known.pulls != staff.pulls
            )
            if (
                not changed
                and seat.units == staff.units
                and seat.live == staff.live
                and known.idle_since == staff.idle_since
            ):
                # The row tells what the floor's own plan had taken for done.
                seat.staff = staff
                return False
        else:
            self._leave_group(seat)
            seat.staff = staff
            self._enter_group(seat)
            changed = True
        seat.staff, seat.live, seat.units = staff, staff.live, staff.units
        if changed:
            self._stand(seat)
        self._renew(seat)
        return changed

    def leave(self, seat: Seat) -> None:
        """Off the floor."""
        self._leave_group(seat)
        del self.seats[seat.staff.id]

    def wake(self, now: Instant) -> list[str]:
        """It is `now`: whose rest is over may take something new. Returns them."""
        self.now = now
        woken: list[str] = []
        while self.rests and self.rests[0][0] <= now:
            until, representative = heappop(self.rests)
            seat = self.seats.get(representative)
            if seat is not None and seat.staff.resting_until == until:
                self._stand(seat)
                self._renew(seat)
                woken.append(representative)
        return woken

    def next_rest_ends(self) -> Instant | None:
        """When the next rest of somebody who is available ends; None: nobody rests."""
        while self.rests:
            until, representative = self.rests[0]
            seat = self.seats.get(representative)
            if seat is not None and seat.staff.resting_until == until and seat.staff.available:
                return until
            heappop(self.rests)
        return None

    def take(self, seat: Seat, pool: Pool) -> None:
        """They were offered one of this pool's: their load rises at once."""
        seat.live += pool.needs.live
        seat.units += pool.cost[1]
        self._renew(seat)

    def choose(self, pool: Pool, waiting: Waiting, skip: Container[str], *, crowds: list[Crowd]) -> Seat | None:
        """Who takes this piece of work now: the preferred if free, else the first by the pool's order; None: nobody.

        `crowds` are those from which somebody could, as `free_for` says.
        """
        if (holder := pool.holder) is not None:
            return holder if self.can_take(holder, pool) else None
        if not crowds:
            return None
        if waiting.preferred is not None and (seat := self.preferred(waiting, pool, skip)) is not None:
            return seat
        sorting = pool.sorting
        if len(crowds) == 1:
            found = crowds[0].first(sorting, skip)
            return None if found is None else self.seats[found[2]]
        full, weigh = sorting.full, self.demand.weigh
        best: Place | None = None
        best_key: tuple[object, ...] = ()
        for crowd in crowds:
            found = crowd.first(sorting, skip)
            if found is not None:
                key = full((weigh(crowd.group), *found))
                if best is None or key < best_key:
                    best, best_key = found, key
        return None if best is None else self.seats[best[2]]

    def preferred(self, waiting: Waiting, pool: Pool, skip: Container[str]) -> Seat | None:
        """Whoever knows the matter, if they are free for it."""
        seat = self.seats.get(waiting.preferred or "")
        if seat is None or seat.staff.id in skip:
            return None
        crowd = seat.group.crowds.get(pool.cost)
        return seat if crowd in pool.crowds and crowd in seat.open else None

    def free_for(self, pool: Pool) -> list[Crowd]:
        """The crowds from which somebody could take work from this pool now."""
        free, served = pool.free, pool.crowds
        if len(free) == 1:
            (crowd,) = free
            return [crowd] if crowd in served else []
        if len(free) < len(served):
            return [crowd for crowd in free if crowd in served]
        return [crowd for crowd in served if crowd.size]

    def any_aside(self) -> bool:
        """Whether anybody could be aside in any pool. At each asking one pool where that is over is forgotten."""
        for pool in self.aside:
            if not pool.aside:
                del self.aside[pool]
            return True
        return False

    def can_take(self, seat: Seat, pool: Pool) -> bool:
        """Whether one of this pool's fits them now; that they may serve the pool is known."""
        return seat.on and fits_load(seat.live, seat.units, seat.staff.capacity, pool.cost)

    def serves(self, seat: Seat, pool: Pool) -> bool:
        """Whether they may serve this pool, however busy they are."""
        return seat.group.crowds.get(pool.cost) in pool.crowds

    def worth_a_look(self) -> set[Pool]:
        """Every pool from which the fresh could take one now, the lines of those held for them included."""
        found: set[Pool] = set()
        crowds: set[Crowd] = set()
        for seat in self.fresh:
            crowds.update(seat.open)
            found.update(seat.holds.values())
        for crowd in crowds:
            found.update(crowd.pools)
        return found

    def expect(self, kinds: frozenset[Needs]) -> None:
        """These are the kinds of work for which representatives are kept free."""
        if kinds != self.demand.kinds:
            self.demand.expect(kinds, self.groups.values())

    def pool(self, needs: Needs) -> Pool:
        """The pool of these needs, wired to everybody who may serve it."""
        known = self._pool_of.get(id(needs))
        if known is not None:
            return known[1]
        if len(self._pool_of) >= IDLE_POOLS_LIMIT:
            self._pool_of.clear()
        pool = self._pool(needs)
        self._pool_of[id(needs)] = needs, pool
        return pool

    def _pool(self, needs: Needs) -> Pool:
        pool = self.pools.get(needs)
        if pool is None:
            if len(self.pools) >= self._pools_limit:
                self._drop_idle_pools()
            pool = self.pools[needs] = Pool(needs, free=self._free.setdefault(cost_of(needs), {}))
            for group in self.groups.values():
                self._wire(pool, group)
        return pool

    def _wire(self, pool: Pool, group: Group) -> None:
        if not meets(group.like, pool.needs):
            return
        crowd = group.crowds.get(pool.cost)
        if crowd is None:
            crowd = group.crowd(pool.cost, pool.free)
            for seat in group.seats.values():
                if self.can_take(seat, pool):
                    self._renew(seat)
        crowd.pools[pool] = pool.heap
        pool.crowds[crowd] = None

    def _drop_idle_pools(self) -> None:
        """Rules change, and with them the needs: pools nobody waits in are forgotten when there are too many."""
        self._pool_of.clear()
        for needs, pool in tuple(self.pools.items()):
            if not pool.size and not pool.lines:
                del self.pools[needs]
                for crowd in pool.crowds:
                    del crowd.pools[pool]
        self._pools_limit = max(IDLE_POOLS_LIMIT, 2 * len(self.pools))

    def _renew(self, seat: Seat) -> None:
        """Their load changed, or their presence: a new place among the free, or none."""
        staff, group, known = seat.staff, seat.group, seat.open
        if seat.on:
            spare = staff.capacity - seat.units
            fitting, free = group.fits.get((seat.live, spare)) or group.fitting(seat.live, spare)
        else:
            fitting, free = NOTHING
        if free != seat.room:
            self.demand.shift(group, free - seat.room)
            seat.room = free
        if fitting is not known:
            self._move(seat, known, fitting)
        if fitting:
            seat.place = found = place(staff, seat.units)
            for crowd in fitting:
                crowd.enter(found)
        else:
            seat.place = None

    def _move(self, seat: Seat, known: tuple[Crowd, ...], fitting: tuple[Crowd, ...]) -> None:
        """From the crowds they were in to those they are in now."""
        seat.open = fitting
        for crowd in known:
            if crowd not in fitting:
                crowd.size -= 1
                if not crowd.size:
                    del crowd.free[crowd]
        if not fitting:
            self.fresh.pop(seat, None)
            return
        for crowd in fitting:
            if crowd not in known:
                crowd.size += 1
                crowd.free[crowd] = None
                self.fresh[seat] = None

    def _stand(self, seat: Seat) -> None:
        """They came, or went away, or came back, or may hold more or less than before."""
        staff = seat.staff
        resting = staff.resting_until > self.now
        if resting and staff.resting_until != FOREVER:
            heappush(self.rests, (staff.resting_until, staff.id))
        seat.on = staff.available and not resting and not staff.pulls
        presence: Presence = "on" if seat.on else "resting" if staff.available else "away"
        # Who asks for the next one themselves is here for those who are held for them, and told of by no trace.
        self._count(seat, None if staff.pulls else (presence, staff.capacity))

    def _count(self, seat: Seat, standing: tuple[Presence, int] | None) -> None:
        counts = seat.group.standing
        if seat.stood is not None:
            counts[seat.stood] -= 1
            if not counts[seat.stood]:
                del counts[seat.stood]
        if standing is not None:
            counts[standing] = counts.get(standing, 0) + 1
        seat.stood = standing
        self.version += 1

    def _enter_group(self, seat: Seat) -> None:
        staff = seat.staff
        group = self.groups.get(key := key_of(staff))
        if group is None:
            group = self.groups[key] = Group(staff)
            self.demand.join(group)
            for pool in self.pools.values():
                self._wire(pool, group)
        seat.group = group
        group.seats[staff.id] = seat

    def _leave_group(self, seat: Seat) -> None:
        """They take nothing any more, and count for nothing."""
        seat.on = False
        self._renew(seat)
        self._count(seat, None)
        group = seat.group
        del group.seats[seat.staff.id]
        if not group.seats:
            del self.groups[group.key]
            self.demand.leave(group)
            for crowd in group.crowds.values():
                for pool in crowd.pools:
                    del pool.crowds[crowd]
