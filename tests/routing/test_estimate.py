"""Waits are ranges one can rely on."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.estimate import MEDIAN_Z, NINE_OF_TEN_Z, Overtaking, Wait, aged, gamma_quantile, wait


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


POSITIONS = st.integers(1, 1_000)
FLOORS = st.fixed_dictionaries(
    {
        "representatives": st.integers(1, 200),
        "handle_seconds": st.floats(5, 3_600),
        "variation": st.floats(0.01, 4),
        "measured": st.sampled_from([10.0, 200.0, math.inf]),
        "leaving_rate": st.floats(0, 0.02),
        "overtaking": st.lists(
            st.builds(Overtaking, seconds=st.floats(1, 3_600), rate=st.floats(0.0001, 0.2)), max_size=4
        ),
    }
)


@given(position=POSITIONS, floor=FLOORS)
def test_the_range_is_never_wider_than_twice_that_of_the_position_alone(position: int, floor: dict[str, Any]) -> None:
    told = wait(position, busy=floor["representatives"], **floor)
    plain = wait(
        position, representatives=floor["representatives"], busy=floor["representatives"],
        handle_seconds=floor["handle_seconds"],
    )  # fmt: skip
    assert told is not None
    assert plain is not None
    assert 0 <= told.low_seconds <= told.high_seconds
    rounding = 3
    assert told.high_seconds - told.low_seconds <= 2 * (plain.high_seconds - plain.low_seconds) + rounding


HASTY = {"representatives": 1, "handle_seconds": 2_800.0, "variation": 3.75, "measured": 200.0, "overtaking": ()}
"""One alone, at work of all lengths, and a line in which next to nobody stays for a minute."""


@given(floor=FLOORS)
@example(floor={**HASTY, "leaving_rate": 0.0145})
@example(floor={**HASTY, "handle_seconds": 3_600.0, "variation": 4.0, "leaving_rate": 0.02})
def test_one_place_further_back_is_never_told_an_earlier_end(floor: dict[str, Any]) -> None:
    told = [wait(position, busy=floor["representatives"], **floor) for position in range(1, 60)]
    lows = [each.low_seconds for each in told if each is not None]
    assert lows[0] >= 0
    assert all(later >= 0.99 * earlier - 1 for earlier, later in pairwise(lows))


@given(low=st.integers(0, 4_000), more=st.integers(0, 4_000), gaps=st.lists(st.floats(0, 900), max_size=12))
def test_while_nothing_happens_the_told_instant_never_moves_later(low: int, more: int, gaps: list[float]) -> None:
    first = Wait(low_seconds=low, high_seconds=low + more)
    elapsed = 0.0
    for gap in gaps:
        elapsed += gap
        left = aged(first, elapsed)
        if left is None:
            assert elapsed > first.high_seconds
            continue
        if first.high_seconds > 0:
            assert elapsed + left.high_seconds <= first.high_seconds
        if left.low_seconds > 0:
            assert elapsed + left.low_seconds <= first.low_seconds


def test_once_the_high_end_is_over_there_is_no_honest_number() -> None:
    assert aged(Wait(low_seconds=60, high_seconds=240), 239) == Wait(low_seconds=0, high_seconds=1)
    assert aged(Wait(low_seconds=60, high_seconds=240), 241) is None


def test_at_its_very_end_a_told_wait_is_over_and_not_yet_dishonest() -> None:
    assert aged(Wait(low_seconds=60, high_seconds=240), 240) == Wait(low_seconds=0, high_seconds=0)


@pytest.mark.parametrize("elapsed", [0.0, -5.0])
def test_a_clock_that_stands_or_steps_back_makes_no_wait_longer(elapsed: float) -> None:
    assert aged(Wait(low_seconds=60, high_seconds=240), elapsed) == Wait(low_seconds=60, high_seconds=240)


def test_a_time_known_from_few_contacts_makes_the_high_end_later_and_leaves_the_low() -> None:
    """Ten ahead, each 300 seconds by 10 contacts: the mean itself is out by a third, so variance 10 becomes 20."""
    few, many = (
        wait(10, representatives=1, busy=1, handle_seconds=300, measured=measured) for measured in (10.0, math.inf)
    )
    assert few is not None
    assert many is not None
    assert few.low_seconds == many.low_seconds
    assert few.high_seconds == pytest.approx(300 * 2 * gamma_quantile(5, NINE_OF_TEN_Z), abs=1.5)


def test_steadier_work_makes_the_range_narrower_and_wilder_work_wider() -> None:
    steady, usual, wild = (
        wait(20, representatives=4, busy=4, handle_seconds=300, variation=variation) for variation in (0.1, 1.0, 2.25)
    )
    assert steady is not None
    assert usual is not None
    assert wild is not None
    widths = [each.high_seconds - each.low_seconds for each in (steady, usual, wild)]
    assert widths == sorted(widths)
    assert widths[0] < 0.6 * widths[1]


def test_who_gives_up_ahead_shortens_the_wait_as_the_chain_says() -> None:
    """Twenty ahead of one representative: the mean is the sum of 1 / (rate + k x leaving), k from 0 to 20."""
    plain = wait(21, representatives=1, busy=1, handle_seconds=60)
    shorter = wait(21, representatives=1, busy=1, handle_seconds=60, leaving_rate=1 / 300)
    exact = sum(1 / (1 / 60 + ahead / 300) for ahead in range(21))
    assert plain is not None
    assert shorter is not None
    assert shorter.low_seconds == pytest.approx(exact, rel=0.1)
    assert shorter.low_seconds < 0.5 * plain.low_seconds


def test_those_who_come_later_and_go_before_lengthen_the_wait_while_they_may() -> None:
    """Ten minutes of work ahead; one comes before every two minutes, each for one minute: twenty, but for the limit."""
    for seconds, expected in ((100_000.0, 1_200.0), (240.0, 720.0)):
        told = wait(
            10, representatives=1, busy=1, handle_seconds=60, variation=0.01,
            overtaking=[Overtaking(seconds=seconds, rate=1 / 120)],
        )  # fmt: skip
        assert told is not None
        assert told.low_seconds == pytest.approx(expected, rel=0.1)
