"""The floor: all who wait and all who work, indexed, in memory; `plan` says who gets whom.

Decides which interaction is offered to which representative, and when to look again. It never reads a clock, never
writes a row, and knows no channel: only needs, loads and due times. What it holds is a copy of rows; placing a row
again puts right whatever the copy had wrong, and a floor built anew from the rows plans the same.

One event costs O(pools this representative can serve + log n), whoever else waits: people wait in one heap per pool
(same needs), representatives work in groups (same skills), and a plan looks only at what changed since the last.
Equal due times go by id; the order in which rows were placed never matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heappush
from uuid import UUID

from routing.capacity import could_ever_fit
from routing.model import FOREVER, Instant, Needs, Offer, Plan, Staff, Waiting
from routing.plan import decide
from routing.pools import Filed, Key, Pool
from routing.roster import Roster
from routing.timers import Timers
from routing.tracing import scarcity


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The rows a floor stands for, each sorted by id: two floors with equal snapshots plan the same."""

    waiting: tuple[Waiting, ...]
    staff: tuple[Staff, ...]
    kinds: frozenset[Needs] = frozenset()
    """What `Floor.expect` was told."""


class Floor:
    """All who wait and all who work. See the module's own words."""

    def __init__(self, *, now: Instant = 0.0) -> None:
        """An empty floor; with the instant given, rows whose times have passed find their place without a timer."""
        self._now = now
        self._roster = Roster()
        self._roster.wake(now)
        self._filed: dict[int, Filed] = {}
        self._preferring: dict[str, set[int]] = {}
        """Who would rather have this representative, by the number of their id."""
        self._changed: set[Pool] = set()
        """Lines where somebody new came to stand since the last plan, and somebody could be free for them."""
        self._timers = Timers(self._filed)
        self._nothing = Plan((), None)
        """The last plan that held no offer; most are the same again."""

    def expect(self, kinds: Iterable[Needs]) -> None:
        """The kinds of work the rules know, without language and office: for them representatives are kept free.

        Replaces what was told before. Where nothing is told, every queue and every skill counts as asked for, and the
        rare skill nobody asks for is kept free as well.
        """
        self._roster.expect(frozenset(kinds))

    def place(self, waiting: Waiting) -> None:
        """Put this interaction on the floor; whatever was known of its id is replaced."""
        known = self._filed.get(waiting.id.int)
        if known is not None:
            if known[1] == waiting:
                return
            self._forget(known)
        elif not self._filed:
            # Nobody waited: whoever became free meanwhile is simply free.
            self._roster.fresh.clear()
        if waiting.preferred is not None:
            self._preferring.setdefault(waiting.preferred, set()).add(waiting.id.int)
        self._file(waiting)

    def staff(self, staff: Staff) -> None:
        """Put this representative on the floor; whatever was known of their id is replaced, load included."""
        if self._roster.join(staff) and staff.id in self._preferring:
            self._file_preferring(staff.id)

    def remove(self, interaction: UUID) -> None:
        """Take this interaction off the floor; nothing happens if it is not on it."""
        known = self._filed.get(interaction.int)
        if known is not None:
            self._forget(known)

    def dismiss(self, representative: str) -> None:
        """Take this representative off the floor; nothing happens if they are not on it."""
        seat = self._roster.seats.get(representative)
        if seat is not None:
            self._roster.leave(seat)
            self._file_preferring(representative)

    def plan(self, now: Instant, *, limit: int | None = None, traced: bool = False) -> Plan:
        """Who gets whom at `now`: at most `limit` offers (1 or more), in due order; None = all there are.

        The floor takes its own offers for made: the interactions leave, the loads rise. An instant earlier than the
        last plan's counts as that one: a clock that steps back must not undo what it has already let happen.
        With `traced` each offer says why it fell as it did.
        """
        roster = self._roster
        if now > self._now:
            self._now = now
        else:
            now = self._now
        roster.now = now
        if roster.rests and roster.rests[0][0] <= now:
            for representative in roster.wake(now):
                self._file_preferring(representative)
        if self._timers.first <= now:
            self._turn()
        if not self._filed:
            # Nobody waits: there is nothing to decide, and whoever became free is simply free.
            self._changed.clear()
            roster.fresh.clear()
        if not self._changed and not roster.fresh:
            return self._no_offers()
        changed = self._changed
        given, left = decide(changed, self._filed, roster=roster, limit=limit, traced=traced)
        offers = []
        for record, seat, trace in given:
            self._forget(record)
            offers.append(Offer._make((record[1].id, seat.staff.id, trace)))
        roster.fresh.clear()
        if changed or left:
            self._changed = set(left)
        return Plan._make((tuple(offers), now if left else self._next_turn())) if offers else self._no_offers()

    def waiting(self) -> Mapping[str, int]:
        """How many wait in each queue, those in back-off and those held included; queues where nobody waits are left out."""
        counts: dict[str, int] = {}
        for pool in self._all_pools():
            if pool.size:
                counts[pool.needs.queue] = counts.get(pool.needs.queue, 0) + pool.size
        return dict(sorted(counts.items()))

    def scarcity(self, representative: str) -> float:
        """How much this representative is needed elsewhere now, 0 if they are not here: `Ranked.scarcity`."""
        seat = self._roster.seats.get(representative)
        return 0.0 if seat is None else scarcity(self._roster.demand.weigh(seat.group))

    def snapshot(self) -> Snapshot:
        """The rows this floor stands for, the offers of its own plans included. O(n log n): for tests and audits."""
        seats = sorted(self._roster.seats.items())
        return Snapshot(
            waiting=tuple(_as_of(self._filed[number][1], self._now) for number in sorted(self._filed)),
            staff=tuple(replace(seat.staff, live=seat.live, units=seat.units) for _, seat in seats),
            kinds=self._roster.demand.kinds,
        )

    def __len__(self) -> int:
        """How many wait."""
        return len(self._filed)

    def __contains__(self, interaction: UUID) -> bool:
        """Whether this interaction waits here."""
        return interaction.int in self._filed

    def _file(self, waiting: Waiting) -> None:
        """Into the line it belongs to at this instant, with a timer for when that changes by time alone."""
        now, number, needs, passed = self._now, waiting.id.int, waiting.needs, 0
        turn = FOREVER
        if waiting.excluded:
            waiting = _as_of(waiting, now)
        for step in waiting.steps:
            if step.deadline > now:
                turn = step.deadline
                break
            needs = step.needs
            passed += 1
        pool = self._roster.pool(needs)
        if now < waiting.preferred_until and waiting.preferred is not None:
            held = self._line_of_preferred(waiting, pool)
            if held is not None:
                pool = held
                turn = min(turn, waiting.preferred_until)
        if waiting.excluded:
            turn = min(turn, waiting.excluded_until)
        key = (waiting.due, number)
        self._filed[number] = (key, waiting, pool, passed)
        pool.size += 1
        if waiting.not_before > now:
            turn = waiting.not_before
        else:
            heappush(pool.heap, key)
            # Where nobody is free, whoever becomes free is fresh and looks here by themselves.
            if pool.free:
                self._changed.add(pool)
        if turn != FOREVER:
            self._timers.set(turn, key)

    def _line_of_preferred(self, waiting: Waiting, pool: Pool) -> Pool | None:
        """The preferred representative's own line for these needs, if they are to have the first word at all."""
        seat = self._roster.seats.get(waiting.preferred or "")
        if (
            seat is None
            or not seat.staff.available
            or seat.staff.resting_until > self._now
            or seat.staff.id in waiting.excluded
            or seat.staff.id in waiting.barred
            or not self._roster.serves(seat, pool)
            or not could_ever_fit(seat.staff.capacity, pool.needs)
        ):
            return None
        line = seat.holds.get(pool)
        if line is None:
            line = seat.holds[pool] = Pool(pool.needs, free=pool.free, base=pool, holder=seat)
            pool.lines += 1
        return line

    def _forget(self, known: Filed) -> None:
        """Off the floor; the key dies where it lies."""
        key, waiting, pool, _ = known
        del self._filed[key[1]]
        if pool.holder is None:
            pool.leave(key, self._filed)
        else:
            self._leave(pool, key)
        if waiting.preferred is not None:
            preferring = self._preferring[waiting.preferred]
            preferring.discard(key[1])
            if not preferring:
                del self._preferring[waiting.preferred]

    def _leave(self, pool: Pool, key: Key) -> None:
        """Out of this line, where they no longer are with this key."""
        pool.leave(key, self._filed)
        if pool.holder is not None and not pool.size:
            del pool.holder.holds[pool.base]
            pool.base.lines -= 1
            self._changed.discard(pool)

    def _file_again(self, known: Filed) -> None:
        key, waiting, pool, _ = known
        self._file(waiting)
        self._leave(pool, key)

    def _file_preferring(self, representative: str) -> None:
        """This representative came, left or changed: whoever waits for them alone may do so no longer, or again."""
        for number in tuple(self._preferring.get(representative, ())):
            self._file_again(self._filed[number])

    def _turn(self) -> None:
        """Everything that time alone has changed by now: steps, ends of back-off, of holds and of exclusions."""
        while (number := self._timers.due(self._now)) is not None:
            self._file_again(self._filed[number])

    def _no_offers(self) -> Plan:
        turn = self._next_turn()
        if turn != self._nothing.wake_at:
            self._nothing = Plan((), turn)
        return self._nothing

    def _next_turn(self) -> Instant | None:
        turn = None if self._timers.first == FOREVER else self._timers.next()
        if not self._roster.rests:
            return turn
        rested = self._roster.next_rest_ends()
        return turn if rested is None else rested if turn is None else min(turn, rested)

    def _all_pools(self) -> list[Pool]:
        return [
            *self._roster.pools.values(),
            *(pool for seat in self._roster.seats.values() for pool in seat.holds.values()),
        ]


def _as_of(waiting: Waiting, now: Instant) -> Waiting:
    """The row without exclusions that are over."""
    if waiting.excluded and waiting.excluded_until <= now:
        return replace(waiting, excluded=frozenset())
    return waiting
