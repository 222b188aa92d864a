"""Ten thousand small days with every rule there is, and nobody ever lost, doubled, overloaded or passed over."""

from __future__ import annotations

import pytest

from tests.routing.simulation.small_days import play

PARTS = 4
DAYS = 10_000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_in_ten_thousand_small_days_no_promise_is_broken(part: int) -> None:
    answered = offers = missed = 0
    for seed in range(part, DAYS, PARTS):
        try:
            figures = play(seed)
        except Exception as error:
            raise AssertionError(f"small day {seed}: {error}") from error
        whole = figures.all()
        answered, offers, missed = answered + whole.answered, offers + figures.offers, missed + whole.missed
    assert answered > 1_000
    assert offers > answered
    assert missed > 100
