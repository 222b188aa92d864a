"""Shares of what was counted, how sure they are, and when there is too little to tell one. Pure.

Decides nothing about what is counted. A share of a few is chance, and would be read as somebody's record: below `LEAST` none
is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

LEAST: Final = 10
"""Of fewer no share and no mean is told."""
Z: Final = 1.96
"""The interval holds in 95 of 100 periods like this one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """`value`: so much of `of`, from 0 to 1; what chance alone could make of it lies from `low` to `high`. None: too few."""

    of: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def share(count: int, of: int) -> Share:
    """`count` of `of`, with Wilson's interval; without any value where `of` is below `LEAST`. Raises `ValueError`."""
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of < LEAST:
        return Share(of=of)
    low, high = wilson(count, of)
    return Share(of=of, value=count / of, low=low, high=high)


def mean(total: float, of: int) -> float | None:
    """`total` shared out over `of`; None where `of` is below `LEAST`."""
    return total / of if of >= LEAST else None


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share of `of` (more than 0) at 95 %: never below 0, never above 1, right for small numbers too."""
    part, square = count / of, Z * Z
    middle = part + square / (2 * of)
    half = Z * sqrt(part * (1 - part) / of + square / (4 * of * of))
    low, high = (middle - half) / (1 + square / of), (middle + half) / (1 + square / of)
    return max(0.0, min(low, part)), min(1.0, max(high, part))
