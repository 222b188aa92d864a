"""Two rule sets held against each other on the same customers, day by day.

Decides what may be said: the difference of each figure with its interval, and whether chance alone could explain it. The two
must have been run with the same seed and the same arrivals; then each day is a pair, and most of its chance cancels out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from routing.simulation.intervals import Interval, of_mean
from routing.simulation.statistics import MEASURES, Day, Result

Verdict = Literal["better", "worse", "different", "unclear"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One figure under both rule sets."""

    before: float
    after: float
    change: Interval
    """After - before, as the mean of the days' differences."""
    verdict: Verdict
    """`unclear`: chance alone could explain it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All figures under both."""

    before: Result
    after: Result
    lines: Mapping[tuple[str, str], Mapping[str, Difference]]


def compare(before: Result, after: Result) -> Comparison:
    """The second held against the first; days go by their number, and both must have as many."""
    lines = {}
    for key in before.lines:
        if key in after.lines:
            found = {name: _difference(before, after, key, name) for name in MEASURES}
            lines[key] = {name: each for name, each in found.items() if each is not None}
    return Comparison(before=before, after=after, lines=lines)


def _difference(before: Result, after: Result, key: tuple[str, str], name: str) -> Difference | None:
    pairs = [
        (first, second)
        for one, other in zip(before.daily, after.daily, strict=True)
        if (first := value(one, key, name)) is not None and (second := value(other, key, name)) is not None
    ]
    change = of_mean([second - first for first, second in pairs], before.confidence)
    if change is None:
        return None
    return Difference(
        before=sum(first for first, _ in pairs) / len(pairs),
        after=sum(second for _, second in pairs) / len(pairs),
        change=change,
        verdict=_verdict(change, name),
    )


def value(day: Day, key: tuple[str, str], name: str) -> float | None:
    """One day's own figure; None where it has none."""
    pair = day.lines.get(key, {}).get(name)
    return None if pair is None or not pair[1] else pair[0] / pair[1]


def _verdict(change: Interval, name: str) -> Verdict:
    if change.half is None or abs(change.mean) <= change.half:
        return "unclear"
    better = MEASURES[name].better
    if better == "neither":
        return "different"
    return "better" if (change.mean < 0) == (better == "lower") else "worse"
