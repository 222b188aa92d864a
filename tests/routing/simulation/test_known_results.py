"""The simulator against what is known: the formulas of Erlang and Palm, and the published figures of SimpleMSK."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from routing.simulation.erlang import Crew, Steady, steady
from routing.simulation.intervals import Interval, of_mean
from routing.simulation.reading import read
from routing.simulation.running import run
from routing.simulation.scenario import Scenario
from routing.simulation.statistics import Day

SCENARIOS = Path(__file__).resolve().parents[3] / "sample" / "scenarios"
SURE = 0.9999
"""One wrong alarm in ten thousand figures; a simulator that is wrong by more than an interval's half is found out."""
MSK_DAYS = 40
MSK_ARRIVALS = 120 * (4.2 + 5.3 + 3.2 + 5.1 + 4.3 + 4.8 + 6.3 + 5.2 + 4.8)
"""A day of SimpleMSK on average: known, so how busy the simulated days happened to be is taken out of the figures."""
PUBLISHED = {"answered": (4270.2, 4324.5), "abandoned": (876.1, 944.5)}
PUBLISHED_LEVEL = (0.494, 0.509)
PUBLISHED_OCCUPANCY = (0.877, 0.884)


def scenario(name: str) -> Scenario:
    return read(tomllib.loads((SCENARIOS / f"{name}.toml").read_text()))


def plain(crew: Crew, *, hours: int, days: int) -> Scenario:
    """The same crew as a scenario; its rates are an hour's."""
    patience = f"patience = {{ exponential = {3600 / crew.patience_rate} }}" if crew.patience_rate else ""
    places = f"waiting_places = {crew.places}" if crew.places is not None else ""
    return read(
        tomllib.loads(f"""
            within_seconds = 20
            replications = {days}
            {places}
            [day]
            periods = {hours}
            warm_up_seconds = 3600
            [queues]
            calls = {{ target_seconds = 20 }}
            [request_types]
            call = {{ queue = "calls" }}
            [arrivals.calls]
            request_type = "call"
            per_hour = {crew.arrival_rate}
            service = {{ exponential = {3600 / crew.service_rate} }}
            {patience}
            [teams.everybody]
            queues = ["calls"]
            people = {crew.servers}
        """)
    )


def agrees(given: Scenario, exact: Steady, *, closely: float) -> None:
    """Every figure of the formula lies in the simulation's interval, and the interval of the wait says something."""
    result = run(replace(given, confidence=SURE))
    figures = result.lines["all", ""]
    expected = {
        "mean_wait": exact.mean_wait_served * 3600,
        "service_level": exact.answered_level,
        "service_level_of_all": exact.served_within,
        "service_level_of_patient": exact.forgiving_level,
        "abandoned_share": exact.abandoned,
        "blocked_share": exact.blocked,
    }
    for name, value in expected.items():
        holds(figures[name], value, name)
    wait = figures["mean_wait"]
    assert wait is not None
    assert wait.half is not None
    assert wait.half < closely * expected["mean_wait"]


def holds(interval: Interval | None, value: float, name: str) -> None:
    assert interval is not None, name
    assert interval.low is not None, name
    assert interval.high is not None, name
    assert interval.low <= value <= interval.high, f"{name}: {value} is not in {interval}"


@pytest.mark.parametrize(
    ("servers", "load", "hours", "days"), [(1, 0.6, 200, 20), (5, 3.5, 60, 20), (50, 44.0, 12, 16)]
)
def test_who_waits_for_ever_waits_as_long_as_erlang_c_says(servers: int, load: float, hours: int, days: int) -> None:
    crew = Crew(servers=servers, arrival_rate=load * 12, service_rate=12)
    agrees(plain(crew, hours=hours, days=days), steady(crew, within=20 / 3600), closely=0.8)


@pytest.mark.parametrize(
    ("servers", "load", "patience", "hours", "days"),
    [(1, 1.5, 30, 100, 20), (8, 8.0, 20, 20, 20), (60, 66.0, 12, 6, 12)],
)
def test_who_gives_up_does_so_as_erlang_a_says(
    servers: int, load: float, patience: float, hours: int, days: int
) -> None:
    crew = Crew(servers=servers, arrival_rate=load * 12, service_rate=12, patience_rate=patience)
    agrees(plain(crew, hours=hours, days=days), steady(crew, within=20 / 3600), closely=0.4)


def test_few_places_turn_away_as_many_as_the_chain_says() -> None:
    crew = Crew(servers=6, arrival_rate=72, service_rate=12, places=4)
    agrees(plain(crew, hours=40, days=20), steady(crew, within=20 / 3600), closely=0.4)


@pytest.mark.parametrize(
    ("name", "crew", "days"),
    [
        ("erlang_c", Crew(servers=10, arrival_rate=96, service_rate=12), 30),
        ("erlang_a", Crew(servers=10, arrival_rate=132, service_rate=12, patience_rate=30), 20),
        ("thirty_places", Crew(servers=90, arrival_rate=504, service_rate=6, places=30), 10),
    ],
)
def test_the_scenarios_that_are_shipped_hold_against_the_formulas(name: str, crew: Crew, days: int) -> None:
    agrees(replace(scenario(name), replications=days), steady(crew, within=20 / 3600), closely=0.8)


def test_simple_msk_gives_what_was_published_of_it() -> None:
    """The published service level is answered in T over all but those who gave up within T, sums over sums.

    Of the answered alone it would be 0.58, of all who came 0.48, with those gone in T counted as good 0.52: none of
    these intervals comes near.
    """
    result = run(replace(scenario("simple_msk"), replications=MSK_DAYS))
    days = result.daily
    came = column(days, "contacts")
    for name, (low, high) in PUBLISHED.items():
        overlaps(controlled(column(days, name), came), low, high, name)
    level = level_of(days, "service_level_of_patient")
    overlaps(level, *PUBLISHED_LEVEL, "service level")
    assert level.half is not None
    assert level.half < 0.02
    for other in ("service_level", "service_level_of_all", "service_level_with_abandons"):
        found = level_of(days, other)
        assert found.half is not None
        assert not (
            found.mean - found.half / 2 <= PUBLISHED_LEVEL[1] and found.mean + found.half / 2 >= PUBLISHED_LEVEL[0]
        )
    overlaps(result.teams["group_0"].occupancy, *PUBLISHED_OCCUPANCY, "occupancy of group 0")


def column(days: Sequence[Day], name: str, part: int = 0) -> list[float]:
    pairs = [day.lines["all", ""][name] for day in days]
    return [pair[part] for pair in pairs if pair is not None]


def controlled(values: Sequence[float], came: Sequence[float]) -> Interval:
    """The mean with the days' busyness taken out: what is explained by how many came, at how many come on average."""
    days, mean, mean_came = len(values), math.fsum(values) / len(values), math.fsum(came) / len(came)
    slope = math.fsum(
        (value - mean) * (each - mean_came) for value, each in zip(values, came, strict=True)
    ) / math.fsum((each - mean_came) ** 2 for each in came)
    rest = of_mean([value - slope * (each - MSK_ARRIVALS) for value, each in zip(values, came, strict=True)], 0.95)
    assert rest is not None
    assert len(values) == days
    return rest


def level_of(days: Sequence[Day], name: str) -> Interval:
    """Sum over sum, with the days' busyness taken out of both."""
    came = column(days, "contacts")
    above, below = column(days, name), column(days, name, 1)
    bottom = controlled(below, came).mean
    ratio = controlled(above, came).mean / bottom
    rest = controlled([one - ratio * other for one, other in zip(above, below, strict=True)], came)
    assert rest.half is not None
    return Interval(mean=ratio, half=rest.half / bottom)


def overlaps(interval: Interval | None, low: float, high: float, name: str) -> None:
    assert interval is not None, name
    assert interval.low is not None, name
    assert interval.high is not None, name
    assert interval.low <= high, f"{name}: {interval} lies beyond [{low}, {high}]"
    assert interval.high >= low, f"{name}: {interval} lies beyond [{low}, {high}]"
