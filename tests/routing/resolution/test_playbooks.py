"""Whether a step is worth its time: compared fairly, and not at all on too few cases."""

from __future__ import annotations

import itertools
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.playbooks import (
    LEAST,
    Side,
    reopened_share,
    solved_share,
    stored,
    touches_each,
    weigh,
)
from routing.rules.resolving import PlaybookStep


def side(asked: int, solved: int, **more: int) -> Side:
    return Side(**{"cases": asked, "asked": asked, "solved": solved, "reopened": 0, "touches": 0, **more})


def test_too_few_cases_tell_nothing() -> None:
    assert LEAST == 20
    few = side(LEAST - 1, 1, reopened=1, touches=9)
    assert (solved_share(few), reopened_share(few), touches_each(few)) == (None, None, None)
    for done, left in ((few, side(1000, 1)), (side(1000, 1), few)):
        found = weigh(done, left)
        assert (found.verdict, found.difference, found.low, found.high) == ("too_few", None, None, None)


def test_just_enough_cases_tell_something() -> None:
    enough = side(LEAST, 10, reopened=5, touches=40)
    assert (solved_share(enough), reopened_share(enough), touches_each(enough)) == (0.5, 0.25, 2.0)


def test_whom_nobody_could_ask_counts_as_neither() -> None:
    assert solved_share(side(50, 25, cases=80)) == 0.5
    assert solved_share(side(LEAST - 1, 5, cases=80)) is None
    assert reopened_share(side(50, 25, cases=80, reopened=8)) == 0.1
    assert touches_each(side(50, 25, cases=80, touches=120)) == 1.5


def test_a_step_that_helps_one_that_hurts_and_one_that_does_neither_are_told_apart() -> None:
    assert weigh(side(200, 180), side(200, 120)).verdict == "helps"
    assert weigh(side(200, 120), side(200, 180)).verdict == "hurts"
    assert weigh(side(200, 150), side(200, 148)).verdict == "no_difference_shown"


def test_the_interval_is_the_published_one() -> None:
    """Newcombe (1998), Statistics in Medicine 17, method 10: 56/70 against 48/80."""
    found = weigh(side(70, 56), side(80, 48))
    assert found.difference == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)


@given(st.integers(LEAST, 500), st.integers(LEAST, 500), st.data())
def test_the_interval_holds_the_difference_and_turns_with_the_sides(one: int, other: int, data: st.DataObject) -> None:
    done = side(one, data.draw(st.integers(0, one)))
    left = side(other, data.draw(st.integers(0, other)))
    found, turned = weigh(done, left), weigh(left, done)
    assert found.low is not None
    assert found.difference is not None
    assert found.high is not None
    assert -1 - 1e-9 <= found.low <= found.difference <= found.high <= 1 + 1e-9
    assert turned.high == pytest.approx(-found.low)
    assert {found.verdict, turned.verdict} in ({"helps", "hurts"}, {"no_difference_shown"})


@pytest.mark.parametrize("solved", [0.3, 0.5, 0.7, 0.9])
def test_a_useless_step_is_called_useful_or_harmful_in_about_one_of_twenty_comparisons(solved: float) -> None:
    """Exactly, over all that chance can make of two sides of 60 that do not differ."""
    chances = [comb(60, count) * solved**count * (1 - solved) ** (60 - count) for count in range(61)]
    wrong = sum(
        chances[one] * chances[other]
        for one, other in itertools.product(range(61), repeat=2)
        if weigh(side(60, one), side(60, other)).verdict != "no_difference_shown"
    )
    assert 0.02 < wrong < 0.055


def test_a_step_is_stored_with_all_it_says() -> None:
    step = PlaybookStep(code="photos", do="ask", words={"en": "Ask", "ur": "پوچھیں"}, required=True, link="/photos")
    assert stored(step) == {
        "code": "photos", "do": "ask", "words": {"en": "Ask", "ur": "پوچھیں"}, "required": True, "link": "/photos",
    }  # fmt: skip
