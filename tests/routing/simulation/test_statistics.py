"""What the figures are made of, and how sure they are."""

from __future__ import annotations

import random

import pytest

from routing.simulation.intervals import of_mean, of_ratio, student
from routing.simulation.statistics import MEASURES, boil_down, percentile
from routing.simulation.tally import Figures, Tally, Work
from routing.simulation.times import Law, drawing


def test_student_quantiles_are_those_of_the_tables() -> None:
    table = {(1, 0.975): 12.7062, (2, 0.975): 4.30265, (9, 0.975): 2.26216, (30, 0.995): 2.75, (1000, 0.95): 1.64638}
    for (freedom, probability), expected in table.items():
        assert student(probability, freedom) == pytest.approx(expected, rel=1e-5)


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(2000):
        found = of_mean([chance.gauss(3, 2) for _ in range(6)], 0.9)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 3 <= found.high
    assert 0.88 <= held / 2000 <= 0.92


def test_a_ratio_pools_the_days() -> None:
    found = of_ratio([(1, 2), (30, 40), (9, 10)], 0.95)
    assert found is not None
    assert found.mean == pytest.approx(40 / 52)
    assert of_ratio([(0, 0)], 0.95) is None


def test_one_day_alone_has_no_interval() -> None:
    found = of_mean([3.0], 0.95)
    assert found is not None
    assert (found.mean, found.half, found.low, found.high) == (3.0, None, None, None)


def test_service_levels_count_as_they_say() -> None:
    tally = Tally(20.0)
    tally.answered, tally.answered_within = 80, 60
    tally.abandoned, tally.abandoned_within, tally.blocked = 15, 5, 5
    told = {name: MEASURES[name].of(tally) for name in MEASURES if name.startswith("service_level")}
    assert told == {
        "service_level": (60, 80),
        "service_level_with_abandons": (65, 95),
        "service_level_of_patient": (60, 90),
        "service_level_of_all": (60, 100),
    }


def test_a_percentile_is_a_wait_that_was() -> None:
    assert percentile([5, 1, 3, 2, 4], 0.5) == 3
    assert percentile([5, 1, 3, 2, 4], 0.99) == 5
    assert percentile([7], 0.1) == 7


def test_the_spread_between_members_is_none_where_all_are_alike() -> None:
    figures = Figures(
        queues={},
        reasons={},
        teams={
            "even": (Work(busy_seconds=50, on_seconds=100),) * 3,
            "uneven": (Work(busy_seconds=100, on_seconds=100), Work(busy_seconds=0, on_seconds=100)),
        },
        slots={},
        offers=0,
        ended=0.0,
    )
    teams = boil_down(figures).teams
    assert teams["even"][1] == (0.0, 1.0)
    assert teams["uneven"] == ((100, 200), (0.5, 1.0))


@pytest.mark.parametrize(
    "law",
    [
        Law(kind="fixed", means=(120.0,)),
        Law(kind="exponential", means=(120.0,)),
        Law(kind="lognormal", means=(120.0,), spread=0.8),
        Law(kind="gamma", means=(120.0,), spread=0.5),
        Law(kind="empirical", values=(60.0, 180.0)),
        Law(kind="empirical", values=(60.0, 130.0), weights=(1.0, 6.0)),
    ],
    ids=lambda law: law.kind,
)
def test_every_law_has_the_mean_and_the_spread_it_names(law: Law) -> None:
    draw = drawing(law, random.Random(3))
    drawn = [draw(0) for _ in range(40_000)]
    mean = sum(drawn) / len(drawn)
    assert mean == pytest.approx(law.mean(), rel=0.02)
    if law.kind in ("lognormal", "gamma"):
        spread = (sum((each - mean) ** 2 for each in drawn) / len(drawn)) ** 0.5 / mean
        assert spread == pytest.approx(law.spread, rel=0.05)
