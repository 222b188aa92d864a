"""Waits are ranges one can rely on."""

from __future__ import annotations

import math

import pytest

from routing.estimate import MEDIAN_Z, NINE_OF_TEN_Z, Wait, gamma_quantile, wait


def below(shape: int, value: float) -> float:
    """P(Gamma(shape, 1) <= value), exactly: a sum of Poisson terms."""
    term = total = math.exp(-value)
    for number in range(1, shape):
        term *= value / number
        total += term
    return 1 - total


@pytest.mark.parametrize("shape", [1, 2, 3, 5, 10, 50, 200])
def test_half_wait_less_than_the_low_end_and_nine_of_ten_less_than_the_high(shape: int) -> None:
    assert below(shape, gamma_quantile(shape, MEDIAN_Z)) == pytest.approx(0.5, abs=0.005)
    assert below(shape, gamma_quantile(shape, NINE_OF_TEN_Z)) == pytest.approx(0.9, abs=0.005)


def test_nobody_on_shift_is_no_estimate() -> None:
    assert wait(1, representatives=0, busy=0, handle_seconds=300) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_an_unknown_handle_time_is_no_estimate(seconds: float) -> None:
    assert wait(1, representatives=3, busy=3, handle_seconds=seconds) is None


def test_who_finds_somebody_free_waits_no_time() -> None:
    assert wait(2, representatives=5, busy=3, handle_seconds=300) == Wait(low_seconds=0, high_seconds=0)


def test_the_next_in_line_of_one_busy_representative_waits_about_one_handle_time() -> None:
    found = wait(1, representatives=1, busy=1, handle_seconds=300)
    assert found is not None
    assert found.low_seconds == pytest.approx(300 * math.log(2), rel=0.02)
    assert found.high_seconds == pytest.approx(300 * math.log(10), rel=0.02)


def test_more_ahead_wait_longer_and_more_at_work_shorten_it() -> None:
    near, far = (wait(position, representatives=4, busy=4, handle_seconds=240) for position in (2, 9))
    helped = wait(9, representatives=8, busy=8, handle_seconds=240)
    assert near is not None
    assert far is not None
    assert helped is not None
    assert near.low_seconds < far.low_seconds > helped.low_seconds
    assert near.high_seconds < far.high_seconds > helped.high_seconds
    assert far.low_seconds < far.high_seconds
