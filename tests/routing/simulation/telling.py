"""A simulated day on which everybody who has to wait is told how long, with nothing known but what the service knows."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from routing.estimate import Wait, wait
from routing.lines import Crew, Known, Line, by_queue, crews, handle_seconds, lines, told
from routing.model import Needs
from routing.needs import standing
from routing.simulation.crew import Person
from routing.simulation.customers import Customer
from routing.simulation.engine import Day
from routing.simulation.line import Line as Waiting
from routing.simulation.scenario import Scenario

ENOUGH = 10
"""As the service: fewer measured contacts than this say less than the configuration does."""
MEASURE_SECONDS = 10.0
LATEST_DONE = 200
"""As the service: the mean is that of so many."""
HOUR_SECONDS = 3_600.0
RECENT_SECONDS = 4 * 3_600.0


@dataclass(kw_only=True, slots=True)
class Told:
    """What one customer was told on entry, and what came."""

    queue: str
    at: float
    wait: Wait
    plain: Wait
    """Gamma(position, total rate) and nothing else."""
    waited: float | None = None


class Telling(Waiting):
    """The line, with somebody at its end who tells."""

    def __init__(self, day: Day) -> None:
        super().__init__(day)
        self.told: dict[int, Told] = {}
        self._handled: dict[str, dict[int, tuple[float, float, float]]] = defaultdict(dict)
        self._came: dict[Needs, list[tuple[float, float]]] = defaultdict(list)
        self._left: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
        self._measured_at = -MEASURE_SECONDS
        self._seen: dict[str, Known] = {}

    def enter(self, customer: Customer) -> None:
        super().enter(customer)
        row, now = customer.row, self._agenda.now
        if row is None:
            return
        self._came[row.needs].append((now, row.due - now))
        if customer.state == "waiting" and customer.number not in self.told:
            self._tell(customer)

    def answered(self, customer: Customer) -> None:
        super().answered(customer)
        now = self._agenda.now
        if (entry := self.told.get(customer.number)) is not None and entry.waited is None:
            entry.waited = now - entry.at
        self._left[customer.queue].append((now, now - customer.came, False))
        assert customer.person is not None
        # Whoever holds three letters at once gives each a third of their time.
        share = 1.0 if customer.profile.live else customer.profile.units / customer.person.team.capacity
        self._handled[customer.queue][customer.number] = (now, math.inf, share)

    def leave(self, customer: Customer) -> None:
        now = self._agenda.now
        if customer.state == "served":
            if (piece := self._handled[customer.queue].get(customer.number)) is not None:
                self._handled[customer.queue][customer.number] = (piece[0], now, piece[2])
        elif customer.row is not None:
            self._left[customer.queue].append((now, now - customer.came, True))
        super().leave(customer)

    def _tell(self, customer: Customer) -> None:
        assert customer.row is not None
        now, mine = self._agenda.now, (customer.row.due, customer.number)
        known, kinds, made = self._lines()
        line = made[_name(customer.row.needs)]
        share = by_queue(line, known, {name: needs.queue for name, needs in kinds.items()})
        position = 1.0 + sum(
            share.get(each.queue, 0.0)
            for each in self._day.here.values()
            if each.state == "waiting" and each.row is not None and (each.row.due, each.number) < mine
        )
        said = told(line, position, lead_seconds=customer.row.due - now)
        plain = wait(
            position,
            representatives=line.representatives,
            busy=line.representatives - line.free,
            handle_seconds=line.handle_seconds,
        )
        # As the service keeps it: who finds somebody free is told no wait.
        if said is not None and plain is not None and said.high_seconds > 0:
            self.told[customer.number] = Told(queue=customer.queue, at=now, wait=said, plain=plain)

    def _lines(self) -> tuple[dict[str, Known], dict[str, Needs], dict[str, Line]]:
        """As the service has it: the measures some seconds old, the floor as it is."""
        now = self._agenda.now
        if now - self._measured_at >= MEASURE_SECONDS:
            self._seen = {}
            self._measured_at = now
        waiting = Counter(
            standing(each.row.needs, each.row.steps, now)[0]
            for each in self._day.here.values()
            if each.state == "waiting" and each.row is not None
        )
        kinds = {_name(needs): needs for needs in (*self._came, *waiting)}
        for name, needs in kinds.items():
            if name not in self._seen:
                self._seen[name] = self._measure(needs)
        known = {name: replace(self._seen[name], waiting=waiting[needs]) for name, needs in kinds.items()}
        people = [person for person in self._day.crew.people.values() if person.on and not person.leaving]
        shift = [(person.row, Crew(on_shift=1, free=int(_is_free(person)))) for person in people]
        return known, kinds, lines(known, crews(shift, kinds))

    def _measure(self, needs: Needs) -> Known:
        now, queue = self._agenda.now, needs.queue
        recent = [piece for piece in self._handled[queue].values() if piece[0] > now - RECENT_SECONDS]
        handled = [(ended - begun) * share for begun, ended, share in recent if ended <= now]
        mean, variation, measured = self._day.rules.queues[queue].mean_handle_seconds, 1.0, math.inf
        if len(handled) >= ENOUGH:
            variation = statistics.pvariance(handled) / statistics.fmean(handled) ** 2
            latest = _latest(recent, now)
            done = sum(ended <= now for _, ended, _ in latest)
            spent = sum((min(ended, now) - begun) * share for begun, ended, share in latest)
            mean = handle_seconds(spent, done=done, in_hand=len(latest) - done, variation=variation)
            measured = float(done)
        left = [(waited, gone) for at, waited, gone in self._left[queue] if at - waited > now - HOUR_SECONDS]
        waited = sum(seconds for seconds, _ in left)
        over = max(600.0, min(HOUR_SECONDS, now - self._day.scenario.calendar.opens))
        counts = Counter(round(lead) for at, lead in self._came.get(needs, ()) if at > now - HOUR_SECONDS)
        return Known(
            waiting=0,
            handle_seconds=max(1.0, mean),
            variation=variation,
            measured=measured,
            arrival_rate=counts.total() / over,
            leaving_rate=sum(gone for _, gone in left) / waited if len(left) >= ENOUGH and waited > 0 else 0.0,
            leads=tuple(sorted((float(lead), count / over) for lead, count in counts.items())),
        )


def _latest(pieces: Iterable[tuple[float, float, float]], now: float) -> list[tuple[float, float, float]]:
    """The latest begun, until enough of them are done."""
    found: list[tuple[float, float, float]] = []
    done = 0
    for piece in sorted(pieces, reverse=True):
        done += piece[1] <= now
        if done > LATEST_DONE:
            break
        found.append(piece)
    return found


@lru_cache(maxsize=10_000)
def _name(needs: Needs) -> str:
    return repr(replace(needs, live=False, units=1))


def _is_free(person: Person) -> bool:
    return not person.live and person.units < person.team.capacity and not (person.breaks or person.away)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How well the told was kept, among those who had to wait and were served."""

    told: int
    within_low: float
    within_high: float
    widest: float
    """The range over that of Gamma(position, total rate), at most; a second of rounding apart."""


def telling_day(scenario: Scenario, number: int = 0) -> list[Told]:
    """Everybody who was told something on this day and was served."""
    day = Day(scenario, number=number)
    day.line = line = Telling(day)
    day.run()
    return [each for each in line.told.values() if each.waited is not None]


def kept(told_ones: Iterable[Told]) -> Kept:
    """The figures of these."""
    found = [(each, each.waited) for each in told_ones if each.waited is not None]
    return Kept(
        told=len(found),
        within_low=sum(waited <= each.wait.low_seconds for each, waited in found) / len(found),
        within_high=sum(waited <= each.wait.high_seconds for each, waited in found) / len(found),
        widest=max(
            (each.wait.high_seconds - each.wait.low_seconds - 2)
            / max(1, each.plain.high_seconds - each.plain.low_seconds)
            for each, _ in found
        ),
    )
