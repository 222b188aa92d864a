"""Whether more of the same come than chance explains: what proposes an incident by itself.

Decides by the counts of windows of the same length: the one that is running against those before it. Ordinary days are wilder
than chance alone (a busy Monday is busy all day), so what is usual is told by the same time of earlier weeks and by the hour just
before, whichever is more, and the spread that earlier windows really had, taken cautiously, counts. Reads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import fmean, variance
from typing import Final

LEAST_HISTORY: Final = 3
"""With fewer earlier windows than this nobody knows what is usual."""
LEAST_MEAN: Final = 0.25
"""Where nearly nothing ever came, this much is still taken as usual: two in one window are no surge."""

THREE_OF_FOUR: Final = 0.6745


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How unusual a window is. `chance`: how seldom an ordinary window holds as many; `usual`: what was expected."""

    surge: bool
    contacts: int
    usual: float
    chance: float


def judge(contacts: int, *, same: Sequence[int], recent: Sequence[int], at_least: int, chance: float) -> Verdict:
    """`same`: this window on earlier days or weeks; `recent`: the windows of the hour before, not
    the very last ones, in which the surge may have begun. Counts, any order."""
    usual, spread = _usual(same, recent)
    seldom = tail(contacts, mean=usual, variance=spread)
    known = len(same) + len(recent) >= LEAST_HISTORY
    return Verdict(
        surge=known and contacts >= at_least and seldom < chance, contacts=contacts, usual=usual, chance=seldom
    )


def _usual(same: Sequence[int], recent: Sequence[int]) -> tuple[float, float]:
    """Mean and variance of what an ordinary window holds: never less spread than chance alone has."""
    groups = [each for each in (same, recent) if each]
    most = max(groups, key=fmean, default=())
    mean = max(fmean(most) if most else 0.0, LEAST_MEAN)
    spread = mean * _wildness(groups)
    return mean, spread + spread / max(1, len(most))  # of few windows the mean itself is uncertain


def _wildness(groups: Sequence[Sequence[int]]) -> float:
    """How many times as wide as chance alone, with caution: of few windows nobody knows how wild it can be."""
    free = sum(len(each) - 1 for each in groups)
    if free < 1:
        return 1.0
    seen = sum(variance(each) / max(fmean(each), LEAST_MEAN) * (len(each) - 1) for each in groups if len(each) > 1)
    return max(1.0, seen / _least_sum(free))


def _least_sum(free: int) -> float:
    """What a sum of `free` squares of standard normal chance exceeds in three of four cases (Wilson and Hilferty)."""
    part = 2 / (9 * free)
    return float(free * max(0.05, 1 - part - THREE_OF_FOUR * math.sqrt(part)) ** 3)


def tail(contacts: int, *, mean: float, variance: float) -> float:
    """The chance of so many or more: Poisson, or negative binomial where the variance is larger than the mean."""
    if contacts <= 0:
        return 1.0
    if variance <= mean * 1.000001:
        return _tail(contacts, mean, _poisson(mean), lambda number: mean / (number + 1))
    size = mean * mean / (variance - mean)
    share = size / (size + mean)
    return _tail(contacts, mean, _binomial(size, share), lambda number: (number + size) / (number + 1) * (1 - share))


def _tail(contacts: int, mean: float, chance: Callable[[int], float], times: Callable[[int], float]) -> float:
    """Summed away from the middle, so that neither end is lost: what is above, or all but what is below.

    `chance`: of exactly so many; `times`: how many times as likely one more is.
    """
    if contacts > mean:
        return min(1.0, _sum(chance(contacts), (times(number) for number in count(contacts))))
    return max(0.0, 1.0 - _sum(chance(contacts - 1), (1 / times(number - 1) for number in range(contacts - 1, 0, -1))))


def _sum(term: float, times: Iterable[float]) -> float:
    total = term
    for each in times:
        term *= each
        total += term
        if term <= total * 1e-12:
            break
    return total


def _poisson(mean: float) -> Callable[[int], float]:
    return lambda number: math.exp(number * math.log(mean) - mean - math.lgamma(number + 1))


def _binomial(size: float, share: float) -> Callable[[int], float]:
    def chance(number: int) -> float:
        ways = math.lgamma(number + size) - math.lgamma(size) - math.lgamma(number + 1)
        return math.exp(ways + size * math.log(share) + number * math.log1p(-share))

    return chance
