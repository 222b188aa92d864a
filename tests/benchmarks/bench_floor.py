"""What one event costs on the floor, and what one who waits weighs. Pure: no database, no clock but the stopwatch.

The office is at its worst honest moment: everybody busy, a backlog in every pool, and each completion hands out the
next piece of work. Rows are built before the stopwatch starts, for that is the caller's work; the floor reads three rows
and plans twice in each cycle. Both sides of each ratio are measured in the same run.

With all rules on, everybody who waits has two steps, for every fifth one comes due while they wait (among a million, for
all); every fifth is held for somebody for a while, every fifth must not meet somebody, some
ask for one skill of two, every queue has an order of its own, and every offer carries its trace.
"""

from __future__ import annotations

import gc
import heapq
import itertools
import json
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

from routing.floor import Floor
from routing.model import FOREVER, Needs, Staff, Step, Waiting
from routing.rank import ORDERS

ROUNDS = 5
CYCLES = 4_000
FEW, MANY = 1_000, 1_000_000
WEIGHED = 100_000
START = 1_760_000_000.0

SKILLS = tuple(f"skill-{number:02}" for number in range(25))
PAIRS = tuple((SKILLS[number], SKILLS[(number + step) % 25]) for step in (1, 7) for number in range(25))
"""The skills of 50 groups; each skill is in four of them."""
LANGUAGES = ("en", "te", "ur")
QUEUES = ("claims", "inquiries", "orders", "technical", "visits")
NOBODY: frozenset[str] = frozenset()
ALL_LANGUAGES, ALL_QUEUES = frozenset(LANGUAGES), frozenset(QUEUES)
RARE = Needs(queue="claims", skills=(("notary", 1),))

Row = dict[str, str | float | bool]
Cycle = tuple[Waiting, Staff, Staff, Staff, float]
"""One arrives, one completes, the same one has accepted the next, a call or a letter; and when."""


def figures() -> Iterator[Row]:
    """The rows of the design's limits that concern the floor: figure, value, against, ratio, target, holds."""
    few = _cycle_us(Office(waiting=FEW))
    yield _row("floor_cycle_us_at_1000", few, against=10.0, target=1.0)
    yield _row("floor_growth_1k_to_1m", _cycle_us(Office(waiting=MANY)), against=few, target=3.0)
    yield _row("floor_growth_scarce_skill", _cycle_us(Office(waiting=FEW, behind=MANY)), against=few, target=1.25)
    hundred = _cycle_us(Office(waiting=FEW, representatives=100))
    yield _row(
        "floor_growth_100_to_10k_representatives",
        _cycle_us(Office(waiting=FEW, representatives=10_000)),
        against=hundred,
        target=3.0,
    )
    full = _cycle_us(Office(waiting=FEW, rules=True))
    yield _row("floor_rules_cycle_us_at_1000", full, against=15.0, target=1.0)
    yield _row("floor_rules_growth_1k_to_1m", _cycle_us(Office(waiting=MANY, rules=True)), against=full, target=3.0)
    scarce = _cycle_us(Office(waiting=FEW, behind=MANY, rules=True))
    yield _row("floor_rules_growth_scarce_skill", scarce, against=full, target=3.0)
    yield _row(
        "floor_rules_growth_100_to_10k_representatives",
        _cycle_us(Office(waiting=FEW, representatives=10_000, rules=True)),
        against=_cycle_us(Office(waiting=FEW, representatives=100, rules=True)),
        target=3.0,
    )
    heap = _bytes_each(_heap_of_tuples)
    yield _row("floor_memory_per_waiting", _bytes_each(_floor_of_waiting), against=heap, target=3.0)
    yield _row("floor_memory_with_step", _bytes_each(_floor_with_steps), against=heap, target=5.0)


class Office:
    """A floor at work, everybody busy; `behind` more wait for one notary who stays busy for ever."""

    def __init__(self, *, waiting: int, representatives: int = 200, behind: int = 0, rules: bool = False) -> None:
        self.floor = Floor()
        self.rules = rules
        self.calls: set[int] = set()
        self.now = START
        self._chance = random.Random(7)
        self._ids = map(_id, itertools.count())
        self._needs = [_needs(self._chance, skill) for skill in SKILLS for _ in range(4)]
        if rules:
            self._needs = [_ruled(self._chance, each) for each in self._needs]
            self.floor.expect({replace(each, language=None) for each in self._needs})
        self._relaxed = {each: _relaxed(each) for each in self._needs}
        people = [_person(number) for number in range(representatives)]
        self._names = [person.id for person in people]
        self._turns = itertools.cycle(people)
        for person in people:
            self.floor.staff(person)
            if rules and person.id.endswith("7"):  # these have had their fill of the hour
                self.floor.staff(replace(person, id=f"{person.id}-resting", units=0, resting_until=FOREVER))
        self.floor.staff(
            Staff(id="notary", capacity=1, units=1, skills=frozenset({("notary", 1)}), queues=frozenset(QUEUES))
        )
        for _ in range(behind):
            self.floor.place(Waiting(id=next(self._ids), needs=RARE, due=self.now - 86_400))
        for _ in range(waiting):
            self.now += 0.01 if rules else 0.001
            self.floor.place(self._arrival())
        self.floor.plan(self.now)

    def cycles(self, count: int) -> list[Cycle]:
        """The rows of the next so many cycles."""
        return [self._cycle(next(self._turns)) for _ in range(count)]

    def _cycle(self, person: Staff) -> Cycle:
        self.now += 0.01
        free, busy = _loaded(person, 0, self.now), _loaded(person, 1, self.now)
        return self._arrival(), free, replace(busy, live=1), busy, self.now

    def _arrival(self) -> Waiting:
        needs, now = self._chance.choice(self._needs), self.now
        plain = Waiting(id=next(self._ids), needs=needs, due=now)
        if needs.live:
            self.calls.add(plain.id.int)
        return self._with_rules(plain) if self.rules else plain

    def _with_rules(self, plain: Waiting) -> Waiting:
        """A thousand who wait are served after ten seconds: by then a fifth has passed a step, a fifth a hold."""
        chance, needs, now = self._chance, plain.needs, self.now
        soon, late = self._relaxed[needs]
        known = chance.random() < 0.2
        return replace(
            plain,
            steps=(
                Step(deadline=now + (5.0 if chance.random() < 0.2 else 60.0), needs=soon),
                Step(deadline=now + 600.0, needs=late),
            ),
            preferred=chance.choice(self._names) if known else None,
            preferred_until=now + 2.0 if known else 0.0,
            barred=frozenset({chance.choice(self._names)}) if chance.random() < 0.2 else NOBODY,
            excluded=frozenset({chance.choice(self._names)}) if chance.random() < 0.05 else NOBODY,
            excluded_until=now + 60.0,
        )


def play(floor: Floor, cycles: list[Cycle], *, calls: set[int], traced: bool) -> int:
    """Run them; returns how many offers were made."""
    count = 0
    for arrival, free, calling, writing, now in cycles:
        floor.place(arrival)
        count += len(floor.plan(now, traced=traced).offers)
        floor.staff(free)
        offers = floor.plan(now, traced=traced).offers
        count += len(offers)
        floor.staff(calling if offers and offers[0].interaction.int in calls else writing)
    return count


def _cycle_us(office: Office) -> float:
    """Microseconds per cycle, the median of the rounds after a warm-up. Every cycle must have made its offer.

    (With rules, all but those few whose freed representative must meet nobody who waits for them.)
    """
    rounds = []
    for _ in range(ROUNDS + 1):
        cycles = office.cycles(CYCLES)
        gc.collect()
        started = time.perf_counter()
        offers = play(office.floor, cycles, calls=office.calls, traced=office.rules)
        rounds.append((time.perf_counter() - started) / CYCLES * 1e6)
        assert offers >= CYCLES * (0.97 if office.rules else 1), f"{offers} offers in {CYCLES} cycles"
    return statistics.median(rounds[1:])


def _needs(chance: random.Random, skill: str) -> Needs:
    return Needs(queue=chance.choice(QUEUES), skills=((skill, 1),), language=chance.choice((None, *LANGUAGES)))


def _ruled(chance: random.Random, needs: Needs) -> Needs:
    """The same with an order of its queue's, a cost of its channel's, and for some one skill of two."""
    skill = needs.skills[0]
    either = tuple(sorted((skill, (chance.choice(SKILLS), 2))))
    order = sorted(ORDERS)[QUEUES.index(needs.queue) % len(ORDERS)]
    live = chance.random() < 0.5
    if chance.random() < 0.3:
        needs = replace(needs, skills=(), any_of=(either,))
    return replace(needs, order=order, live=live, beside_live=live or chance.random() < 0.5)


def _relaxed(needs: Needs) -> tuple[Needs, Needs]:
    soon = replace(needs, language=None)
    return soon, replace(soon, also_groups=("floaters",))


def _person(number: int) -> Staff:
    first, second = PAIRS[number % len(PAIRS)]
    return Staff(
        id=f"rep-{number:05}",
        capacity=1,
        units=1,
        skills=frozenset({(first, 3), (second, 2)}),
        languages=ALL_LANGUAGES,
        queues=ALL_QUEUES,
    )


def _loaded(person: Staff, units: int, idle_since: float) -> Staff:
    return Staff(
        id=person.id,
        capacity=person.capacity,
        units=units,
        skills=person.skills,
        languages=person.languages,
        queues=person.queues,
        idle_since=idle_since,
    )


def _id(number: int) -> UUID:
    """Like a version 7 key: time first, so later ones are greater."""
    return UUID(int=(1_760_000_000_000 << 80) + (number << 40) + number)


def _bytes_each(build: Callable[[int], object]) -> float:
    """Bytes per item of what `build` makes, rows included, the median of three."""
    weights = []
    for _ in range(3):
        gc.collect()
        tracemalloc.start()
        built = build(WEIGHED)
        weights.append(tracemalloc.get_traced_memory()[0] / WEIGHED)
        tracemalloc.stop()
        del built
    return statistics.median(weights)


def _heap_of_tuples(count: int) -> object:
    heap: list[tuple[int, int, int]] = []
    for number in range(count):
        heapq.heappush(heap, (1_760_000_000_000_000 + number, 1_000_000 + number, 5_000_000_000 + number))
    return heap


def _floor_of_waiting(count: int) -> object:
    floor = Floor()
    for number in range(count):
        floor.place(Waiting(id=_id(number), needs=RARE, due=START + number))
    return floor


def _floor_with_steps(count: int) -> object:
    floor, relaxed = Floor(), Needs(queue="claims")
    for number in range(count):
        step = Step(deadline=START + number + 60.0, needs=relaxed)
        floor.place(Waiting(id=_id(number), needs=RARE, due=START + number, steps=(step,)))
    return floor


def _row(figure: str, value: float, *, against: float, target: float) -> Row:
    """All these are ceilings: smaller is better."""
    ratio = value / against
    return {
        "figure": figure,
        "value": round(value, 3),
        "against": round(against, 3),
        "ratio": round(ratio, 3),
        "target": target,
        "holds": ratio <= target,
    }


if __name__ == "__main__":
    for row in figures():
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
