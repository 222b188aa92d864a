"""The formulas against what they must be: each other's limits, and chains worked out with far more digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.errors import RoutingError
from routing.simulation.erlang import Crew, NoSteadyState, Steady, erlang_b, erlang_c, servers_for, steady

CREWS = st.builds(
    Crew,
    servers=st.integers(1, 40),
    arrival_rate=st.floats(0.01, 60),
    service_rate=st.floats(0.05, 5),
    patience_rate=st.floats(0.01, 5),
    places=st.one_of(st.none(), st.integers(0, 60)),
)


def chances(crew: Crew, states: int) -> list[Fraction]:
    """The chain's probabilities, state by state, as exact fractions; cut off at so many."""
    arrive, serve, leave = (Fraction(rate) for rate in (crew.arrival_rate, crew.service_rate, crew.patience_rate))
    weights = [Fraction(1)]
    for present in range(1, states):
        departures = min(present, crew.servers) * serve + max(0, present - crew.servers) * leave
        weights.append(weights[-1] * arrive / departures)
    total = sum(weights)
    return [weight / total for weight in weights]


def late(rates: Sequence[Fraction], within: float) -> float:
    """P(a sum of exponentials of these different rates exceeds `within`), by partial fractions and 80 digits."""
    with localcontext() as digits:
        digits.prec = 80
        total = Decimal(0)
        for rate in rates:
            share = math.prod((other / (other - rate) for other in rates if other != rate), start=Fraction(1))
            power = -rate * Fraction(within)
            total += (
                Decimal(share.numerator)
                / Decimal(share.denominator)
                * (Decimal(power.numerator) / Decimal(power.denominator)).exp()
            )
        return float(total)


def brute(crew: Crew, within: float, states: int) -> Steady:
    """The same figures without any trick: state by state, each wait as the sum of the times between departures."""
    present = [float(each) for each in chances(crew, states)]
    all_busy, leave = crew.servers * Fraction(crew.service_rate), Fraction(crew.patience_rate)
    line = dict(enumerate(present[crew.servers :]))
    blocked = line.pop(crew.places) if crew.places is not None else 0.0
    at_once = sum(present[: crew.servers])
    served = served_within = still = wait_served = 0.0
    for ahead, chance in line.items():
        rates = [all_busy + place * leave for place in range(ahead + 1)]
        stays = float(all_busy / (rates[-1] + leave))
        served += chance * stays
        served_within += chance * stays * (1 - late([rate + leave for rate in rates], within))
        still += chance * late(rates, within) * math.exp(-float(leave) * within)
        wait_served += chance * stays * float(sum(1 / (rate + leave) for rate in rates))
    waiting = sum(line.values())
    in_line = sum(place * chance for place, chance in enumerate(present[crew.servers :]))
    return Steady(
        blocked=blocked,
        wait_probability=waiting,
        served=at_once + served,
        abandoned=waiting - served,
        served_within=at_once + served_within,
        abandoned_within=waiting - still - served_within,
        mean_wait=in_line / crew.arrival_rate / (1 - blocked),
        mean_wait_served=wait_served / (at_once + served),
        occupancy=sum(min(n, crew.servers) * chance for n, chance in enumerate(present)) / crew.servers,
    )


def level(crew: Crew, *, within: float) -> float:
    """The share served in time; none where the line grows without end."""
    try:
        return steady(crew, within=within).served_within
    except NoSteadyState:
        return 0.0


def same(found: Steady, expected: Steady, *, rel: float) -> None:
    for name in Steady.__slots__:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=rel, abs=1e-13), name


@pytest.mark.parametrize(
    "crew",
    [
        Crew(servers=1, arrival_rate=0.5, service_rate=1, patience_rate=0.25, places=12),
        Crew(servers=3, arrival_rate=4, service_rate=1, patience_rate=0.5, places=20),
        Crew(servers=7, arrival_rate=3, service_rate=0.5, patience_rate=2, places=5),
        Crew(servers=20, arrival_rate=25, service_rate=1, patience_rate=0.125, places=25),
        Crew(servers=4, arrival_rate=2, service_rate=1, patience_rate=1, places=0),
        Crew(servers=5, arrival_rate=4, service_rate=1, patience_rate=1.5),
    ],
    ids=str,
)
@pytest.mark.parametrize("within", [0.0, 0.25, 2.0])
def test_every_figure_is_that_of_the_chain_worked_out_state_by_state(crew: Crew, within: float) -> None:
    states = crew.servers + (40 if crew.places is None else crew.places + 1)
    same(steady(crew, within=within), brute(crew, within, states), rel=1e-10)


@pytest.mark.parametrize("load", [0.01, 0.5, 1.0, 3.7, 12.0])
def test_erlang_b_is_the_truncated_poisson_distribution(load: float) -> None:
    exact = Fraction(load)
    for servers in range(30):
        terms = [exact**n / math.factorial(n) for n in range(servers + 1)]
        assert erlang_b(servers, load) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-13)


@given(servers=st.integers(1, 5_000), share=st.floats(0.01, 1.5))
@settings(max_examples=30)
def test_erlang_b_obeys_its_recurrence(servers: int, share: float) -> None:
    load = servers * share
    before = erlang_b(servers - 1, load)
    assert erlang_b(servers, load) == pytest.approx(load * before / (servers + load * before), rel=1e-12)


@pytest.mark.parametrize(("servers", "load"), [(500, 480.0), (2_000, 1_990.0), (5_000, 4_950.0), (5_000, 5_500.0)])
def test_thousands_of_servers_are_as_exact_as_few(servers: int, load: float) -> None:
    with localcontext() as digits:
        digits.prec = 60
        term = total = Decimal(1)
        for n in range(1, servers + 1):
            term = term * Decimal(load) / n
            total += term
        blocked = term / total
        waits = blocked / (1 - Decimal(load) / servers * (1 - blocked))
    assert erlang_b(servers, load) == pytest.approx(float(blocked), rel=1e-12)
    if load < servers:
        assert erlang_c(servers, load) == pytest.approx(float(waits), rel=1e-12)


def test_erlang_a_of_five_thousand_servers_keeps_its_balances() -> None:
    """What is brute at this size is the chain itself, in 60 digits."""
    crew = Crew(servers=5_000, arrival_rate=5_100, service_rate=1, patience_rate=0.5)
    with localcontext() as digits:
        digits.prec = 60
        weight, total, waiting, in_line = Decimal(1), Decimal(1), Decimal(0), Decimal(0)
        for present in range(1, 9_000):
            weight = weight * 5_100 / (min(present, 5_000) + Decimal("0.5") * max(0, present - 5_000))
            total += weight
            if present >= 5_000:
                waiting += weight
                in_line += weight * (present - 5_000)
    found = steady(crew, within=0.05)
    assert found.wait_probability == pytest.approx(float(waiting / total), rel=1e-11)
    assert found.mean_wait == pytest.approx(float(in_line / total / 5_100), rel=1e-11)
    assert found.abandoned == pytest.approx(float(in_line / total / 5_100) * 0.5, rel=1e-9)
    assert found.occupancy == pytest.approx(5_100 / 5_000 * (1 - found.abandoned), rel=1e-12)


@given(servers=st.integers(1, 3_000), share=st.floats(0.05, 0.999))
@settings(max_examples=30)
def test_more_wait_than_would_be_turned_away(servers: int, share: float) -> None:
    assert erlang_c(servers, servers * share) >= erlang_b(servers, servers * share)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (10, 9.0), (200, 190.0), (5_000, 4_950.0)])
def test_endless_patience_is_erlang_c_and_so_are_places_without_end(servers: int, load: float) -> None:
    crew = Crew(servers=servers, arrival_rate=load, service_rate=1)
    everybody = steady(crew, within=0.1)
    assert everybody.wait_probability == erlang_c(servers, load)
    same(steady(replace(crew, places=20_000), within=0.1), everybody, rel=1e-9)
    gaps = [
        abs(steady(replace(crew, patience_rate=rate), within=0.1).mean_wait - everybody.mean_wait)
        for rate in (1e-2, 1e-4, 1e-6, 1e-8)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-5 * everybody.mean_wait


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (10, 14.0), (200, 190.0), (5_000, 5_050.0)])
def test_no_place_to_wait_and_no_patience_at_all_are_erlang_b(servers: int, load: float) -> None:
    crew = Crew(servers=servers, arrival_rate=load, service_rate=1, places=0)
    found = steady(crew, within=1.0)
    assert found.blocked == pytest.approx(erlang_b(servers, load), rel=1e-13)
    assert (found.wait_probability, found.mean_wait, found.answered_level) == (0.0, 0.0, 1.0)
    gone = steady(Crew(servers=servers, arrival_rate=load, service_rate=1, patience_rate=1e9), within=1.0)
    assert gone.abandoned == pytest.approx(erlang_b(servers, load), rel=1e-4)


def test_ninety_servers_with_thirty_places_at_a_load_of_84() -> None:
    found = steady(Crew(servers=90, arrival_rate=8.4, service_rate=0.1, places=30), within=1 / 3)
    assert found.mean_wait == pytest.approx(0.4500, abs=5e-5)
    assert found.blocked == pytest.approx(0.00364, abs=5e-6)


@given(crew=CREWS, within=st.floats(0, 10))
@settings(max_examples=60)
def test_shares_are_shares_and_add_up(crew: Crew, within: float) -> None:
    found = steady(crew, within=within)
    assert found.blocked + found.served + found.abandoned == pytest.approx(1, abs=1e-12)
    assert 0 <= found.served_within <= found.served + 1e-12
    assert 0 <= found.abandoned_within <= found.abandoned + 1e-12
    assert found.served_within <= found.forgiving_level + 1e-12 <= 1 + 2e-12
    assert found.served_within <= found.answered_level + 1e-12 <= 1 + 2e-12
    assert found.abandoned == pytest.approx(
        crew.patience_rate * found.mean_wait * (1 - found.blocked), rel=1e-6, abs=1e-12
    )
    assert 0 <= found.occupancy <= 1


@given(crew=CREWS, within=st.floats(0, 10))
@settings(max_examples=30)
def test_one_more_never_serves_fewer_in_time(crew: Crew, within: float) -> None:
    more = steady(replace(crew, servers=crew.servers + 1), within=within)
    assert more.served_within >= steady(crew, within=within).served_within - 1e-12


@pytest.mark.parametrize("patience", [0.0, 0.5])
@pytest.mark.parametrize("load", [0.3, 4.0, 60.0, 2_000.0])
def test_the_fewest_that_are_enough_are_found(patience: float, load: float) -> None:
    crew = Crew(servers=1, arrival_rate=load, service_rate=1, patience_rate=patience)
    found = servers_for(0.8, crew, within=0.1, at_most=10_000)
    assert found is not None
    assert level(replace(crew, servers=found), within=0.1) >= 0.8
    if found > 1:
        assert level(replace(crew, servers=found - 1), within=0.1) < 0.8


def test_too_few_allowed_is_no_answer() -> None:
    assert servers_for(0.9, Crew(servers=1, arrival_rate=100, service_rate=1), within=0.1, at_most=100) is None


def test_deep_overload_and_empty_lines_are_as_exact_as_the_middle() -> None:
    flooded = steady(Crew(servers=10, arrival_rate=10_000, service_rate=1, patience_rate=1), within=0.5)
    assert flooded.served == pytest.approx(0.001, rel=1e-9)
    assert flooded.occupancy == pytest.approx(1.0)
    idle = steady(Crew(servers=5_000, arrival_rate=1, service_rate=1, patience_rate=1), within=0.5)
    assert (idle.served_within, idle.wait_probability, idle.mean_wait) == (1.0, 0.0, 0.0)
    nobody = steady(Crew(servers=5, arrival_rate=0, service_rate=1), within=0.5)
    assert (nobody.served_within, nobody.occupancy) == (1.0, 0.0)
    crowded = steady(Crew(servers=3, arrival_rate=30, service_rate=1, places=5_000), within=0.5)
    assert crowded.blocked == pytest.approx(0.9, rel=1e-9)


def test_a_line_that_grows_without_end_has_no_figures() -> None:
    for load in (5.0, 5.5):
        with pytest.raises(NoSteadyState):
            steady(Crew(servers=5, arrival_rate=load, service_rate=1), within=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"servers": 0}, {"arrival_rate": -1.0}, {"arrival_rate": math.nan}, {"service_rate": 0.0},
        {"service_rate": math.inf}, {"patience_rate": -0.1}, {"places": -1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_crew_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RoutingError):
        steady(Crew(**{"servers": 5, "arrival_rate": 1.0, "service_rate": 1.0, **wrong}), within=0.1)  # type: ignore[arg-type]
