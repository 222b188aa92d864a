"""Whether more of the same come than chance explains: what proposes an incident by itself.

Decides by the counts of windows of the same length: the one that is running against those before it. Ordinary days are wilder
than chance alone (a busy Monday is busy all day), so what is usual is told by the same hour of earlier weeks and by the hour
just before, whichever is more, and the spread that earlier windows really had is taken into account. Reads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

LEAST_HISTORY = 3
"""With fewer earlier windows than this nobody knows what is usual."""
LEAST_MEAN = 0.25
"""Where nearly nothing ever came, this much is still taken as usual: two in one window are no surge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How unusual a window is. `chance`: how seldom an ordinary window holds as many; `usual`: what was expected."""

    surge: bool
    contacts: int
    usual: float
    chance: float


def judge(contacts: int, *, same: Sequence[int], recent: Sequence[int], at_least: int, chance: float) -> Verdict:
    """`same`: this window on earlier days or weeks; `recent`: the windows just before. Counts, any order."""
    usual, spread = _usual(same, recent)
    seldom = tail(contacts, mean=usual, variance=spread)
    known = len(same) + len(recent) >= LEAST_HISTORY
    return Verdict(
        surge=known and contacts >= at_least and seldom < chance, contacts=contacts, usual=usual, chance=seldom
    )


def _usual(same: Sequence[int], recent: Sequence[int]) -> tuple[float, float]:
    """Mean and variance of what an ordinary window holds: never less spread than chance alone has."""
    mean = max((fmean(each) for each in (same, recent) if each), default=0.0)
    mean = max(mean, LEAST_MEAN)
    seen = max((pvariance(each) for each in (same, recent) if len(each) >= LEAST_HISTORY), default=mean)
    # Of few windows the mean itself is uncertain: by its own spread over their number.
    windows = max(1, len(same), len(recent))
    return mean, max(mean, seen) + max(mean, seen) / windows


def tail(contacts: int, *, mean: float, variance: float) -> float:
    """The chance of so many or more: Poisson, or negative binomial where the variance is larger than the mean."""
    if contacts <= 0:
        return 1.0
    if variance <= mean * 1.000001:
        return _poisson_tail(contacts, mean)
    size = mean * mean / (variance - mean)
    return _binomial_tail(contacts, size=size, share=size / (size + mean))


def _poisson_tail(contacts: int, mean: float) -> float:
    """Summed from `contacts` upwards, so that a tiny chance is not lost in 1 - nearly 1."""
    term = math.exp(contacts * math.log(mean) - mean - math.lgamma(contacts + 1))
    total, number = 0.0, contacts
    while term > total * 1e-12 or number < mean:
        total += term
        number += 1
        term *= mean / number
        if term == 0.0:
            break
    return min(1.0, total)


def _binomial_tail(contacts: int, *, size: float, share: float) -> float:
    first = (
        math.lgamma(contacts + size)
        - math.lgamma(size)
        - math.lgamma(contacts + 1)
        + size * math.log(share)
        + contacts * math.log1p(-share)
    )
    term, total, number = math.exp(first), 0.0, contacts
    mean = size * (1 - share) / share
    while term > total * 1e-12 or number < mean:
        total += term
        term *= (number + size) / (number + 1) * (1 - share)
        number += 1
        if term == 0.0:
            break
    return min(1.0, total)
