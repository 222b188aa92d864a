"""How many people a load needs: the formulas of Erlang and Palm, exactly, for thousands of representatives.

Poisson arrivals, exponential service, equal servers, first come first served; patience exponential or endless (Erlang A
or C), waiting places limited or not (none at all: Erlang B). Everything is one birth-death chain: the states with a free
server are the inverse of Erlang B, those above are summed until nothing is left to the last digit. All terms are
positive, so nothing cancels, and they are scaled down while they grow, so nothing overflows. Simulates nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from routing.errors import RoutingError

GROWN = 1e200
"""Sums beyond this are scaled down together."""
NOTHING = 1e-18
"""A rest this small beside its sum changes no digit of it."""


class NoSteadyState(RoutingError):
    """More comes than can ever be served and nobody gives up: the line grows without end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """Who serves whom. Rates are per second or per minute or per whatever, but all the same."""

    servers: int
    """1 or more."""
    arrival_rate: float
    """0 or more."""
    service_rate: float
    """Of one server; above 0."""
    patience_rate: float = 0.0
    """One over the mean patience of those who wait; 0 = everybody waits for ever."""
    places: int | None = None
    """How many may wait; who comes when all are taken is turned away. None = without limit."""

    @property
    def load(self) -> float:
        """What comes, in servers kept busy (Erlang)."""
        return self.arrival_rate / self.service_rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Steady:
    """The long run. Shares are of all who come; times in the unit of the rates; `T` is what was asked for."""

    blocked: float
    """Turned away: every place was taken."""
    wait_probability: float
    """Find all servers busy, and wait."""
    served: float
    abandoned: float
    """Leave the line unserved; blocked + served + abandoned = 1."""
    served_within: float
    """Served after a wait of at most T. The service level, where nothing else is said: whoever left had none."""
    abandoned_within: float
    """Left after a wait of at most T."""
    mean_wait: float
    """Of all who were let in: until served or gone."""
    mean_wait_served: float
    """Of those who were served."""
    occupancy: float
    """Share of the servers' time that is spent serving."""

    @property
    def answered_level(self) -> float:
        """The service level answered-based: served within T, of the served."""
        return self.served_within / self.served if self.served else 1.0

    @property
    def forgiving_level(self) -> float:
        """The service level that forgives short patience: served within T, of all let in but those who left within T."""
        counted = 1.0 - self.blocked - self.abandoned_within
        return self.served_within / counted if counted > 0 else 1.0


def erlang_b(servers: int, load: float) -> float:
    """The share turned away by `servers` (0 or more) without any waiting place, at `load` Erlang (0 or more)."""
    if load == 0:
        return float(servers == 0)
    return 1.0 / (1.0 + _free(servers, load))


def erlang_c(servers: int, load: float) -> float:
    """The share who must wait, if everybody does. Raises `NoSteadyState` where the load is not below `servers`."""
    if load >= servers:
        raise NoSteadyState(f"{servers} cannot serve a load of {load:.6g}: the line grows without end")
    blocked = erlang_b(servers, load)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def steady(crew: Crew, *, within: float) -> Steady:
    """The long run of this crew, with `within` (0 or more) as the T of the service levels.

    Raises `NoSteadyState` where nothing bounds the line, `RoutingError` where the numbers are no crew's.
    """
    _check(crew, within)
    if crew.arrival_rate == 0:
        return Steady(
            blocked=0.0, wait_probability=0.0, served=1.0, abandoned=0.0, served_within=1.0, abandoned_within=0.0,
            mean_wait=0.0, mean_wait_served=0.0, occupancy=0.0,
        )  # fmt: skip
    if crew.patience_rate == 0 and crew.places is None:
        return _patient(crew, within)
    return _told(crew, _summed(crew, within))


def servers_for(target: float, crew: Crew, *, within: float, at_most: int) -> int | None:
    """The fewest servers who serve the share `target` of all who come within `within`; `crew.servers` is not looked at.

    None if `at_most` are not enough. One server more never serves fewer in time, so the number is found by halving.
    """

    def enough(servers: int) -> bool:
        try:
            return steady(replace(crew, servers=servers), within=within).served_within >= target
        except NoSteadyState:
            return False

    load = min(crew.load, float(at_most))
    # Nobody serves more than the load of so many; and most answers lie within a few square roots above the load.
    too_few, found = max(0, math.ceil(min(target, 1.0) * load) - 1), max(1, math.ceil(load))
    step = math.isqrt(found)
    while not enough(found):
        if found >= at_most:
            return None
        too_few, found, step = found, min(at_most, found + step), 2 * step
    while found - too_few > 1:
        middle = (too_few + found) // 2
        if enough(middle):
            found = middle
        else:
            too_few = middle
    return found


def _check(crew: Crew, within: float) -> None:
    rates = (crew.arrival_rate, crew.patience_rate, within)
    if not all(math.isfinite(number) and number >= 0 for number in rates):
        raise RoutingError("arrivals, patience and the time to answer in are numbers from 0 on")
    if not math.isfinite(crew.service_rate) or crew.service_rate <= 0:
        raise RoutingError("the rate of service is a number above 0")
    if crew.servers < 1 or (crew.places is not None and crew.places < 0):
        raise RoutingError("there is at least one server, and not less than no place to wait")


def _free(servers: int, load: float) -> float:
    """How probable a free server is, beside all being busy with nobody in line: 1 / Erlang B - 1; inf past 1e308."""
    sum_below = 0.0
    for busy in range(1, servers + 1):
        sum_below = (1.0 + sum_below) * busy / load
    return sum_below


def _patient(crew: Crew, within: float) -> Steady:
    """Erlang C: everybody waits, the line is geometric and the wait of those who wait exponential."""
    waits = erlang_c(crew.servers, crew.load)
    spare = crew.servers * crew.service_rate - crew.arrival_rate
    mean = waits / spare
    return Steady(
        blocked=0.0,
        wait_probability=waits,
        served=1.0,
        abandoned=0.0,
        served_within=1.0 - waits * math.exp(-spare * within),
        abandoned_within=0.0,
        mean_wait=mean,
        mean_wait_served=mean,
        occupancy=crew.load / crew.servers,
    )


@dataclass(kw_only=True, slots=True)
class _Sums:
    """Sums over the states with all servers busy, each weighed by its probability, all on one scale."""

    free: float
    waiting: float = 0.0
    """Arrivals that find it so, and wait."""
    blocked: float = 0.0
    served: float = 0.0
    """Of those who wait; so are the four below."""
    served_within: float = 0.0
    still_waiting: float = 0.0
    """Neither served nor gone at T."""
    in_line: float = 0.0
    wait_served: float = 0.0

    def shrink(self) -> None:
        for name in _Sums.__slots__:
            setattr(self, name, getattr(self, name) / GROWN)


def _summed(crew: Crew, within: float) -> _Sums:
    """State by state until the places end, or the rest is nothing.

    Who finds `line` waiting is served after `line + 1` departures, at rates `all_busy + i x patience`; the chance not to
    have left until then is a product that telescopes, and so is the law of the wait, given that (see `_Late`).
    """
    all_busy, patience = crew.servers * crew.service_rate, crew.patience_rate
    late = _Late(rate=all_busy, patience=patience, within=within)
    late_if_served = _Late(rate=all_busy + patience, patience=patience, within=within)
    sums = _Sums(free=_free(crew.servers, crew.load))
    weight, mean_wait, line = 1.0, 0.0, 0
    while True:
        sums.in_line += weight * line
        if line == crew.places:
            sums.blocked = weight
            return sums
        leaving = all_busy + (line + 1) * patience
        mean_wait += 1.0 / leaving
        served = weight * all_busy / leaving
        sums.waiting += weight
        sums.served += served
        sums.served_within += served * (1.0 - late_if_served.next())
        sums.still_waiting += weight * math.exp(-patience * within) * late.next()
        sums.wait_served += served * mean_wait
        growth = crew.arrival_rate / leaving
        if growth < 1 and weight * growth * (line + 1) / (1 - growth) ** 2 < NOTHING * (sums.free + sums.waiting):
            return sums
        weight, line = weight * growth, line + 1
        if weight > GROWN:
            sums.shrink()
            weight /= GROWN


@dataclass(kw_only=True, slots=True)
class _Late:
    """P(the sum of `k` exponentials of rates `rate + i x patience`, i from 0 to k - 1, exceeds `within`); k = 1, 2, ….

    exp(-patience x sum) is Beta(rate / patience, k) distributed; without patience the sum is Gamma(k). Either way the
    share is a sum of positive terms, each known from the one before; they are kept as logarithms, for the first may be
    smaller than any float.
    """

    rate: float
    patience: float
    within: float
    _count: int = 0
    _share: float = 0.0
    _log_term: float = field(init=False)
    _log_step: float = field(init=False)

    def __post_init__(self) -> None:
        self._log_term = -self.rate * self.within
        gone = self.within if self.patience == 0 else -math.expm1(-self.patience * self.within) / self.patience
        self._log_step = math.log(gone) if gone > 0 else -math.inf

    def next(self) -> float:
        self._share += math.exp(self._log_term)
        self._log_term += self._log_step + math.log((self.rate + self._count * self.patience) / (self._count + 1))
        self._count += 1
        return min(1.0, self._share)


def _told(crew: Crew, sums: _Sums) -> Steady:
    all_states = sums.free + sums.waiting + sums.blocked
    if math.isinf(all_states):  # so many servers that nobody ever waits
        sums, all_states = _Sums(free=1.0), 1.0
    at_once = sums.free
    served = (at_once + sums.served) / all_states
    let_in = (at_once + sums.waiting) / all_states
    served_within = (at_once + sums.served_within) / all_states
    return Steady(
        blocked=sums.blocked / all_states,
        wait_probability=sums.waiting / all_states,
        served=served,
        abandoned=max(0.0, (sums.waiting - sums.served) / all_states),
        served_within=served_within,
        abandoned_within=max(0.0, (sums.waiting - sums.served_within - sums.still_waiting) / all_states),
        mean_wait=sums.in_line / all_states / crew.arrival_rate / let_in,
        mean_wait_served=sums.wait_served / all_states / served,
        occupancy=min(1.0, crew.load * served / crew.servers),
    )
