"""How long those would have waited who were served, from those who gave up."""

from __future__ import annotations

from random import Random

import pytest

from routing.simulation.patience import LEAST_GIVEN_UP, Patience, estimated


def test_the_curve_is_the_product_limit_of_those_still_there() -> None:
    # 40 come; 20 give up after 10 s; 10 are served after 20 s; of the 10 left 5 give up after 30 s, 5 are served later.
    waits = [(10.0, True)] * 20 + [(20.0, False)] * 10 + [(30.0, True)] * 5 + [(40.0, False)] * 5
    curve = estimated(waits)
    assert curve is not None
    assert curve.seconds == (10.0, 30.0)
    assert curve.gone == pytest.approx((0.5, 0.75))


def test_of_too_few_who_gave_up_nothing_is_said() -> None:
    assert estimated([(1.0, True)] * (LEAST_GIVEN_UP - 1) + [(9.0, False)] * 500) is None
    assert estimated([(1.0, True)] * LEAST_GIVEN_UP) is not None


def test_whoever_has_waited_is_drawn_a_patience_beyond_that_or_waits_for_ever() -> None:
    curve = Patience(seconds=(10.0, 30.0), gone=(0.5, 0.75))
    assert [curve.beyond(0.0, draw) for draw in (0.0, 0.49, 0.51, 0.74, 0.76)] == [10.0, 10.0, 30.0, 30.0, None]
    assert [curve.beyond(10.0, draw) for draw in (0.0, 0.49, 0.51)] == [30.0, 30.0, None]
    assert curve.beyond(30.0, 0.0) is None


def test_what_was_cut_short_by_being_served_is_found_again() -> None:
    chance = Random(1)
    true = [chance.expovariate(1 / 100) for _ in range(20_000)]
    served = [chance.expovariate(1 / 80) for _ in true]
    curve = estimated([(min(each, until), each < until) for each, until in zip(true, served, strict=True)])
    assert curve is not None
    drawn = [curve.beyond(0.0, chance.random()) for _ in range(20_000)]
    for seconds, share in ((50.0, 0.3935), (100.0, 0.6321), (200.0, 0.8647)):
        assert sum(each is not None and each <= seconds for each in drawn) / len(drawn) == pytest.approx(
            share, abs=0.02
        )
