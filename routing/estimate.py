"""How long somebody in line will probably wait, as an honest range. Promises nothing and decides nothing.

Everybody ahead, and then oneself, must be taken: so many completions have to happen before. With all who serve at work,
completions come at `representatives / mean handle time`, and the time to the n-th is Gamma distributed. The range is
its 50th and 90th percentile: half the people wait less than the low end, one in ten longer than the high end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MEDIAN_Z = 0.0
NINE_OF_TEN_Z = 1.2815515655446004
"""Where nine of ten lie below on the normal curve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Half wait less than `low_seconds`, nine of ten less than `high_seconds`."""

    low_seconds: int
    high_seconds: int


def wait(position: int, *, representatives: int, busy: int, handle_seconds: float) -> Wait | None:
    """The range for the `position`-th in line (1 = the next), or None if it cannot be said.

    `representatives` are on shift and may serve this line, `busy` of them cannot take anything now, `handle_seconds` is
    the mean time one piece of work keeps one of them. None when nobody is on shift or nothing is known of the time.
    """
    if representatives <= 0 or not math.isfinite(handle_seconds) or handle_seconds <= 0:
        return None
    free = max(0, representatives - busy)
    completions = max(1, position) - free
    if completions <= 0:
        return Wait(low_seconds=0, high_seconds=0)
    between = handle_seconds / representatives
    return Wait(
        low_seconds=math.ceil(gamma_quantile(completions, MEDIAN_Z) * between),
        high_seconds=math.ceil(gamma_quantile(completions, NINE_OF_TEN_Z) * between),
    )


def gamma_quantile(shape: int, z: float) -> float:
    """The quantile of Gamma(shape, 1) at the normal curve's `z`, by Wilson and Hilferty: within 2 % from shape 1 on."""
    ninth = 1 / (9 * shape)
    return shape * (1 - ninth + z * math.sqrt(ninth)) ** 3
