"""How sure a figure is: means of independent days with their confidence intervals, by Student's t, exactly.

Decides nothing; the days must be independent, and paired where two are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean, and where the true one lies with the confidence asked for; of one day alone nobody can say (None)."""

    mean: float
    half: float | None = None

    @property
    def low(self) -> float | None:
        """The lower end."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end."""
        return None if self.half is None else self.mean + self.half


def of_mean(values: Sequence[float], confidence: float) -> Interval | None:
    """The interval of the mean of these days; None of no days."""
    count = len(values)
    if not count:
        return None
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean=mean)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Interval(mean=mean, half=student(0.5 + confidence / 2, count - 1) * math.sqrt(variance / count))


def of_ratio(pairs: Sequence[tuple[float, float]], confidence: float) -> Interval | None:
    """The interval of sum / sum of (above, below) over the days, by the delta method; None where there is nothing below."""
    count = len(pairs)
    below = math.fsum(pair[1] for pair in pairs)
    if not count or below <= 0:
        return None
    ratio = math.fsum(pair[0] for pair in pairs) / below
    if count == 1:
        return Interval(mean=ratio)
    variance = math.fsum((above - ratio * under) ** 2 for above, under in pairs) / (count - 1)
    half = student(0.5 + confidence / 2, count - 1) * math.sqrt(variance / count) / (below / count)
    return Interval(mean=ratio, half=half)


def student(probability: float, freedom: int) -> float:
    """The value below which Student's t with so many degrees of freedom lies with this probability (0.5 to below 1)."""
    low, high = 0.0, 1.0
    while _student_below(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if _student_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_below(value: float, freedom: int) -> float:
    """The distribution function for a value of 0 or more, by its finite series."""
    angle = math.atan(value / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    term = total = 1.0 if freedom % 2 == 0 else math.cos(angle)
    if freedom == 1:
        total = 0.0
    for number in range(2 if freedom % 2 == 0 else 3, freedom - 1, 2):
        term *= square * (number - 1) / number
        total += term
    if freedom % 2 == 0:
        return 0.5 + math.sin(angle) * total / 2
    return 0.5 + (angle + math.sin(angle) * total) / math.pi
