"""Shares and their intervals: honest with few, and never out of bounds."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.figures import LEAST, mean, share, wilson


@given(st.data())
def test_an_interval_holds_its_share_and_stays_between_nothing_and_all(data: st.DataObject) -> None:
    of = data.draw(st.integers(1, 100_000))
    count = data.draw(st.integers(0, of))
    low, high = wilson(count, of)
    assert 0.0 <= low <= count / of <= high <= 1.0
    assert low < high


@given(st.integers(1, 500), st.data())
def test_what_is_counted_the_other_way_round_has_the_mirrored_interval(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    low, high = wilson(count, of)
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low))


def test_the_published_example_comes_out() -> None:
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 0 of 20 is 0 to 0.1611."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize("truth", [0.05, 0.3, 0.5, 0.9])
def test_the_interval_holds_the_truth_in_nearly_95_of_100_periods(truth: float) -> None:
    of = 60
    chances = [comb(of, count) * truth**count * (1 - truth) ** (of - count) for count in range(of + 1)]
    held = sum(chance for count, chance in enumerate(chances) if wilson(count, of)[0] <= truth <= wilson(count, of)[1])
    assert 0.92 <= held <= 0.99


def test_none_and_all_are_shares_too() -> None:
    assert (share(0, 10).value, share(10, 10).value) == (0.0, 1.0)
    assert share(0, 0).value is None


def test_of_a_few_no_share_is_told() -> None:
    assert LEAST == 10
    few, enough = share(3, LEAST - 1), share(3, LEAST)
    assert (few.of, few.value, few.low, few.high) == (LEAST - 1, None, None, None)
    assert enough.value == 3 / LEAST
    assert mean(30, LEAST - 1) is None
    assert mean(30, LEAST) == 30 / LEAST


@pytest.mark.parametrize(("count", "of"), [(2, 1), (-1, 5)])
def test_what_is_no_part_is_refused(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        share(count, of)
