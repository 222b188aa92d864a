"""How long those would have waited who were served: estimated from those who gave up, by the product-limit method.

Whoever was served after a while would have waited at least that long; of those who gave up it is known exactly. Kaplan and
Meier's estimate takes both as they are. Decides the curve and a draw from it; where nothing is known, nothing is made up:
beyond the longest wait after which anybody gave up, one waits for ever, and of fewer than 20 who gave up no curve is drawn.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

LEAST_GIVEN_UP: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """The share of customers who are still there after so many seconds."""

    seconds: tuple[float, ...]
    """The waits after which anybody gave up, ascending."""
    gone: tuple[float, ...]
    """The share that is gone by then, ascending."""

    def beyond(self, waited: float, draw: float) -> float | None:
        """The patience of one who has waited so long already, for a number from 0 to below 1; None: for ever."""
        place = bisect_right(self.seconds, waited)
        here = self.gone[place - 1] if place else 0.0
        place = max(place, bisect_right(self.gone, here + draw * (1 - here)))
        return self.seconds[place] if place < len(self.seconds) else None


def estimated(waits: Iterable[tuple[float, bool]]) -> Patience | None:
    """The curve of these waits in seconds, each with whether they gave up then; None: fewer than 20 did."""
    ordered = sorted(waits)
    if sum(gave_up for _, gave_up in ordered) < LEAST_GIVEN_UP:
        return None
    there, seconds, gone = 1.0, [], []
    starts = [wait for wait, _ in ordered]
    for wait, alike in groupby(ordered, key=lambda each: each[0]):
        lost = sum(gave_up for _, gave_up in alike)
        if lost:
            there *= 1 - lost / (len(ordered) - bisect_left(starts, wait))
            seconds.append(wait)
            gone.append(1 - there)
    return Patience(seconds=tuple(seconds), gone=tuple(gone))
