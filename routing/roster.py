"""The representatives' side of the floor: who is on it, which pools they may serve, and who is asked first.

Decides which representative takes a given piece of work; never which work goes first. Those whose state changed since
they were last shown to their pools are *fresh*: they are few, so each choice looks at them directly, and most are busy
again before showing them to every pool they serve would have paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify

from routing.capacity import fits_load
from routing.model import Needs, Staff, Waiting
from routing.needs import meets
from routing.pools import Group, Pool, Seat
from routing.rank import Mark, mark, scarcity

FRESH_LIMIT = 8
"""With more fresh ones than this, a choice would be dear: they are shown to their pools."""
IDLE_POOLS_LIMIT = 1_000

GroupKey = tuple[frozenset[tuple[str, int]], frozenset[str], frozenset[str], str | None]


class Roster:
    """All representatives on the floor, and the pools they serve."""

    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self.pools: dict[Needs, Pool] = {}
        self.fresh: dict[str, Seat] = {}
        self.fresh_limit = FRESH_LIMIT
        self.shown = 0
        """How often fresh ones were shown to their pools."""
        self._pools_limit = IDLE_POOLS_LIMIT
        self._groups: dict[GroupKey, Group] = {}
        self._holders: dict[str, int] = {}
        self._weighing: dict[str, dict[Group, None]] = {}
        """For each thing one can have: the groups whose scarcity it enters."""
        self.stale: dict[Group, None] = {}
        """Groups whose scarcity may have changed since it was last computed."""

    def join(self, staff: Staff) -> bool:
        """Give this representative a seat in the group their skills belong to, with this state.

        True if whom they could ever take may have changed, not only how busy they are.
        """
        seat = self.seats.get(staff.id)
        if seat is None:
            seat = self.seats[staff.id] = Seat(staff, self._group(staff))
            self._count(seat, 1)
            changed = True
        else:
            known = seat.staff
            moved = _group_key(known) != _group_key(staff)
            if moved:
                self._count(seat, -1)
                seat.group = self._group(staff)
                self._count(seat, 1)
            changed = moved or known.available != staff.available or known.capacity != staff.capacity
        seat.staff, seat.live, seat.units = staff, staff.live, staff.units
        self.freshen(seat)
        return changed

    def leave(self, seat: Seat) -> None:
        """Off the floor."""
        self._count(seat, -1)
        del self.seats[seat.staff.id]
        self.fresh.pop(seat.staff.id, None)

    def freshen(self, seat: Seat) -> None:
        """Their load, presence or scarcity changed: a new place among the free, or none."""
        staff = seat.staff
        if staff.available and self._has_room(seat):
            seat.mark = self._mark(seat)
            self.fresh[staff.id] = seat
        else:
            seat.mark = None
            self.fresh.pop(staff.id, None)

    def take(self, seat: Seat, needs: Needs) -> None:
        """They were offered this: their load rises at once."""
        seat.live += needs.live
        seat.units += needs.units
        self.freshen(seat)
        if len(self.fresh) > self.fresh_limit:
            self.settle()

    def choose(self, pool: Pool, waiting: Waiting) -> Seat | None:
        """Who takes this piece of work now: the preferred if free, else the first by mark; None if nobody can."""
        if (holder := pool.holder) is not None:
            return holder if self.can_take(holder, pool) else None
        excluded = waiting.excluded
        if (preferred := waiting.preferred) is not None and preferred not in excluded:
            seat = self.seats.get(preferred)
            if seat is not None and pool in seat.group.serves and self.can_take(seat, pool):
                return seat
        best = pool.best(self.seats, excluded) if pool.ready else None
        for seat in self.fresh.values():
            if (
                (found := seat.mark) is not None
                and (best is None or found < best)
                and pool in seat.group.serves
                and self.can_take(seat, pool)
                and found[3] not in excluded
            ):
                best = found
        return None if best is None else self.seats[best[3]]

    def anybody(self, pool: Pool) -> bool:
        """Whether somebody could take work from this pool, exclusions aside."""
        return pool.best(self.seats, ()) is not None or any(pool in self.open_to(seat) for seat in self.fresh.values())

    def can_take(self, seat: Seat, pool: Pool) -> bool:
        """Whether one of this pool's fits them now; that they serve the pool is known."""
        staff = seat.staff
        return staff.available and fits_load(seat.live, seat.units, staff.capacity, pool.cost)

    def open_to(self, seat: Seat) -> list[Pool]:
        """Every pool they could take one from now, their own lines included."""
        live, units, capacity = seat.live, seat.units, seat.staff.capacity
        found: list[Pool] = []
        for cost, pools in seat.group.pools.items():
            if fits_load(live, units, capacity, cost):
                found += pools
        if seat.holds:
            found += (pool for pool in seat.holds.values() if fits_load(live, units, capacity, pool.cost))
        return found

    def settle(self) -> None:
        """Show the fresh ones to every pool they could take from."""
        for seat in self.fresh.values():
            assert seat.mark is not None
            for pool in self.open_to(seat):
                if pool.holder is None:
                    pool.offer_to(seat.mark, self.seats)
        self.fresh.clear()
        self.shown += 1

    def weigh(self) -> None:
        """Compute scarcity anew where who holds what has changed; whoever's changed is fresh."""
        for group in self.stale:
            weight = sum(scarcity(self._holders[name]) for name in group.weighed)
            if weight != group.scarcity:
                group.scarcity = weight
                for seat in group.seats.values():
                    self.freshen(seat)
        self.stale.clear()

    def pool(self, needs: Needs) -> Pool:
        """The pool of these needs, wired to everybody who may serve it."""
        pool = self.pools.get(needs)
        if pool is None:
            if len(self.pools) >= self._pools_limit:
                self._drop_idle_pools()
            pool = self.pools[needs] = Pool(needs)
            for group in self._groups.values():
                if self._wire(pool, group):
                    pool.ready += self._ready(group, pool)
            heapify(pool.ready)
        return pool

    def _ready(self, group: Group, pool: Pool) -> Iterator[Mark]:
        """The places of those who could take one from this new pool; the fresh will be shown to it anyway."""
        for seat in group.seats.values():
            if seat.staff.id not in self.fresh and self.can_take(seat, pool):
                seat.mark = seat.mark or self._mark(seat)
                yield seat.mark

    def _mark(self, seat: Seat) -> Mark:
        staff = seat.staff
        return mark(seat.group.scarcity, seat.units, staff.capacity, staff.idle_since, staff.id)

    def _has_room(self, seat: Seat) -> bool:
        live, units, capacity = seat.live, seat.units, seat.staff.capacity
        for cost in seat.group.pools:  # a loop, not any(): this runs twice per event
            if fits_load(live, units, capacity, cost):
                return True
        return bool(seat.holds)

    def _drop_idle_pools(self) -> None:
        """Rules change, and with them the needs: pools nobody waits in are forgotten when there are too many."""
        for needs, pool in list(self.pools.items()):
            if not pool.size:
                del self.pools[needs]
                for group in self._groups.values():
                    if pool in group.serves:
                        group.serves.remove(pool)
                        del group.pools[pool.cost][pool]
        self._pools_limit = max(IDLE_POOLS_LIMIT, 2 * len(self.pools))

    def _group(self, staff: Staff) -> Group:
        key = _group_key(staff)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(staff, counted=_counted(staff), weighed=_weighed(staff))
            for name in group.weighed:
                self._weighing.setdefault(name, {})[group] = None
            for pool in self.pools.values():
                self._wire(pool, group)
            self.stale[group] = None
        return group

    def _wire(self, pool: Pool, group: Group) -> bool:
        serves = meets(group.like, pool.needs)
        if serves:
            group.serves.add(pool)
            group.pools.setdefault(pool.cost, {})[pool] = None
        return serves

    def _count(self, seat: Seat, change: int) -> None:
        """Into the group (+1) or out of it (-1), and all that hangs on who holds what."""
        group = seat.group
        for name in group.counted:
            before = self._holders.get(name, 0)
            self._holders[name] = before + change
            if scarcity(before) != scarcity(before + change):
                self.stale.update(self._weighing.get(name, {}))
            if not self._holders[name]:
                del self._holders[name]
        if change > 0:
            group.seats[seat.staff.id] = seat
            return
        del group.seats[seat.staff.id]
        if not group.seats:
            del self._groups[_group_key(group.like)]
            self.stale.pop(group, None)
            for name in group.weighed:
                del self._weighing[name][group]
                if not self._weighing[name]:
                    del self._weighing[name]


def _group_key(staff: Staff) -> GroupKey:
    return staff.skills, staff.languages, staff.queues, staff.office


def _counted(staff: Staff) -> set[str]:
    lower = {f"skill {skill} {each}" for skill, level in staff.skills for each in range(1, level)}
    return lower | _weighed(staff)


def _weighed(staff: Staff) -> set[str]:
    """Everything they have that a need can ask for."""
    return {
        *(f"skill {skill} {level}" for skill, level in staff.skills),
        *(f"language {language}" for language in staff.languages),
        *(f"queue {queue}" for queue in staff.queues),
        *((f"office {staff.office}",) if staff.office is not None else ()),
    }
