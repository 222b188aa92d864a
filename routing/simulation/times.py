"""How long things take: service, patience, a visitor's way back. Decides which law a time follows, never when it is drawn."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Literal

Kind = Literal["fixed", "exponential", "lognormal", "gamma", "empirical"]
Draw = Callable[[int], float]
"""The next time in seconds, for one who comes in this period of the day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """The law of one time, in seconds."""

    kind: Kind
    means: tuple[float, ...] = ()
    """By the period of arrival; the last counts for all later ones. Empty for `empirical`."""
    spread: float = 1.0
    """Standard deviation over mean, of `lognormal` and `gamma`."""
    values: tuple[float, ...] = ()
    """What was measured, each as likely as its weight, for `empirical`."""
    weights: tuple[float, ...] = ()
    """As many as values; empty: all the same."""

    def mean(self, period: int = 0) -> float:
        """The mean for those who come in this period."""
        if self.kind != "empirical":
            return self.means[min(period, len(self.means) - 1)]
        weights = self.weights or (1.0,) * len(self.values)
        return math.fsum(map(float.__mul__, self.values, weights)) / math.fsum(weights)


def drawing(law: Law, chance: Random) -> Draw:
    """Draws of this law from this stream; each takes the same numbers from it whatever the period."""
    if law.kind == "empirical":
        return _empirical(law, chance)
    if len(law.means) == 1:
        return _alike(law, law.means[0], chance)
    one = _UNIT[law.kind](chance, law.spread)
    means, last = law.means, len(law.means) - 1
    return lambda period: means[min(last, period)] * one()


def _alike(law: Law, mean: float, chance: Random) -> Draw:
    """The same mean in all periods."""
    if law.kind == "exponential":
        # Nearly every scenario draws these: in one call instead of two.
        uniform, log = chance.random, math.log
        return lambda period: mean * -log(1.0 - uniform())
    one = _UNIT[law.kind](chance, law.spread)
    return lambda period: mean * one()


def _fixed(chance: Random, spread: float) -> Callable[[], float]:
    return lambda: 1.0


def _exponential(chance: Random, spread: float) -> Callable[[], float]:
    uniform, log = chance.random, math.log
    return lambda: -log(1.0 - uniform())


def _lognormal(chance: Random, spread: float) -> Callable[[], float]:
    variance = math.log1p(spread * spread)
    return lambda: chance.lognormvariate(-variance / 2, math.sqrt(variance))


def _gamma(chance: Random, spread: float) -> Callable[[], float]:
    shape = 1 / (spread * spread)
    return lambda: chance.gammavariate(shape, 1 / shape)


def _empirical(law: Law, chance: Random) -> Draw:
    values = law.values
    if not law.weights:
        return lambda period: values[int(chance.random() * len(values))]
    bounds = tuple(accumulate(law.weights))
    last = len(values) - 1
    return lambda period: values[min(last, bisect_right(bounds, chance.random() * bounds[-1]))]


_UNIT: dict[Kind, Callable[[Random, float], Callable[[], float]]] = {
    "fixed": _fixed,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "gamma": _gamma,
}
"""Each with mean 1."""
