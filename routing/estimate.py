"""How long somebody in line will probably wait, as an honest range. Promises nothing and decides nothing.

Everybody ahead, and then oneself, must be taken: so many completions have to happen before. With all who serve at work,
completions come at `representatives / mean handle time`, and the time to the n-th is nearly Gamma distributed: exactly
so for exponential handle times, narrower or wider for steadier or wilder ones. The range is its 50th and 90th percentile:
half the people wait less than the low end, one in ten longer than the high end. Who gives up ahead makes it shorter, who
comes later and is due earlier makes it longer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MEDIAN_Z: Final = 0.0
NINE_OF_TEN_Z: Final = 1.2815515655446004
"""Where nine of ten lie below on the normal curve."""
WIDEST: Final = 2.0
"""The range is never wider than so many times that of Gamma(completions, total rate): wider would say nothing."""
LEAST_SHAPE: Final = 0.25
SETTLING: Final = 3.0
"""Within some handle times the count of completions comes to have the spread of the handle times, and no longer
chance's; the wilder they are, the longer it takes. Tried on 1 to 30 representatives and 1 to 100 ahead."""
HASTE: Final = 15.0
"""How readily each gives up in the time between two completions counts up to this: beyond it hardly anybody is served, and
who stood further back would be told an earlier low end."""
CROWDED: Final = 0.9
"""Of all completions at most so many are for people who come later: more would mean that one is never served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Half wait less than `low_seconds`, nine of ten less than `high_seconds`."""

    low_seconds: int
    high_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Overtaking:
    """Those who come within `seconds` after oneself, `rate` of them a second, are due earlier."""

    seconds: float
    rate: float


def wait(
    position: float,
    *,
    representatives: float,
    busy: float,
    handle_seconds: float,
    variation: float = 1.0,
    measured: float = math.inf,
    leaving_rate: float = 0.0,
    overtaking: Iterable[Overtaking] = (),
) -> Wait | None:
    """The range for the `position`-th in line (1 = the next), or None if it cannot be said.

    `representatives` are on shift and may serve this line, `busy` of them cannot take anything now, `handle_seconds` is
    the mean time one piece of work keeps one of them and `variation` its standard deviation over that, squared (1 for
    exponential times). Whoever else these representatives will take before counts for the position, in whatever line.
    `measured`: from how many contacts the time is known; few make the range wider. `leaving_rate`: of those who wait,
    the share that gives up in a second. None when nobody is on shift or nothing is known of the time.
    """
    if representatives <= 0 or not math.isfinite(handle_seconds) or handle_seconds <= 0:
        return None
    free = max(0.0, representatives - busy)
    completions = max(1.0, position) - free
    if completions <= 0:
        return Wait(low_seconds=0, high_seconds=0)
    completions = max(1.0, completions)
    between = handle_seconds / representatives
    plain_low, plain_high = _range(completions, completions)
    mean, variance = _moments(
        completions,
        dispersion=_dispersion(completions / representatives, variation),
        leaving=min(HASTE, leaving_rate * between),
        between=between,
        overtaking=overtaking,
    )
    low = _range(mean, variance)[0]
    high = _range(mean, variance + mean * mean * variation / max(1.0, measured))[1]
    high = min(high, low + WIDEST * (plain_high - plain_low))
    return Wait(low_seconds=math.ceil(low * between), high_seconds=math.ceil(high * between))


def aged(told: Wait, elapsed_seconds: float) -> Wait | None:
    """What remains of a wait told so long ago, if nothing has happened on the floor since.

    The clock alone never makes a wait longer: the told instant stays, and is at most rounded down. None once even the
    high end is over: it takes longer than nine of ten waits do, and no number that is still to come would be honest.
    """
    if elapsed_seconds <= 0 or told.high_seconds == 0:
        return told
    high = math.floor(told.high_seconds - elapsed_seconds)
    if high < 0:
        return None
    return Wait(low_seconds=max(0, math.floor(told.low_seconds - elapsed_seconds)), high_seconds=high)


def gamma_quantile(shape: float, z: float) -> float:
    """The quantile of Gamma(shape, 1) at the normal curve's `z`, by Wilson and Hilferty: within 2 % from shape 1 on."""
    ninth = 1 / (9 * shape)
    return shape * (1 - ninth + z * math.sqrt(ninth)) ** 3


def _range(mean: float, variance: float) -> tuple[float, float]:
    """Both ends, of the Gamma distribution with this mean and variance."""
    shape = max(LEAST_SHAPE, mean * mean / variance)
    scale = mean / shape
    return gamma_quantile(shape, MEDIAN_Z) * scale, gamma_quantile(shape, NINE_OF_TEN_Z) * scale


def _moments(
    completions: float, *, dispersion: float, leaving: float, between: float, overtaking: Iterable[Overtaking]
) -> tuple[float, float]:
    """Mean and variance of the wait, in mean times between completions.

    While `k` are still ahead, things move at the rate 1 + k x `leaving`: both are sums over k. Of all completions the
    share 1 - 1 / later is for people who come later: it stretches the wait, and how many they are is chance, too.
    """
    mean, variance = completions, completions
    if leaving > 0:
        mean = math.log1p(completions * leaving) / leaving
        variance = completions / (1 + completions * leaving)
    # Somebody is in the middle of their work when one asks: the steadier the work, the sooner the first is done.
    mean *= 1 - (1 - dispersion) / 2 / completions
    later = _later(mean, between, overtaking)
    return mean * later, variance * later**2 * (dispersion + 1 - 1 / later)


def _dispersion(handle_times: float, variation: float) -> float:
    """Variance over mean of the completions within so many handle times: 1 at first, `variation` in the long run."""
    return variation + (1 - variation) / (1 + SETTLING * handle_times / max(1.0, variation))


def _later(completions: float, between: float, overtaking: Iterable[Overtaking]) -> float:
    """By what the wait grows because of those who come later and go before: completions + overtakers = time x rate."""
    rate, ahead = 1 / between, completions
    steps = sorted((each for each in overtaking if each.seconds > 0), key=lambda each: each.seconds)
    slower = sum(each.rate for each in steps)
    bearable = min(1.0, CROWDED * rate / slower) if slower > 0 else 1.0
    slower *= bearable
    for each in steps:
        if ahead / (rate - slower) <= each.seconds:
            break
        ahead += bearable * each.rate * each.seconds
        slower = max(0.0, slower - bearable * each.rate)
    return ahead / (rate - slower) / (completions * between)
