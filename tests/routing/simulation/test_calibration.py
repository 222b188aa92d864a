"""What is told of the wait, held against what came: whole simulated days on the floor the service runs."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from routing.estimate import Wait
from routing.simulation.reading import read
from routing.simulation.scenario import Scenario
from tests.routing.simulation.telling import Kept, Told, kept, telling_day

SCENARIOS = Path(__file__).resolve().parents[3] / "sample" / "scenarios"
WIDEST = 2.0
"""The range over that of Gamma(position, total rate)."""


def one_line(
    people: int, *, load: float = 0.97, service: str, patience: str = "", elderly: float = 0.0, answers: str = ""
) -> Scenario:
    """One queue, a day with two peaks."""
    per_hour = [round(people * 12 * load * share) for share in (0.8, 1.0, 1.15, 1.1, 0.9, 1.0, 1.1, 0.9)]
    return read(
        tomllib.loads(f"""
            [day]
            periods = 8
            [reasons.elderly]
            seconds = 600
            [queues]
            calls = {{ target_seconds = 900, mean_handle_seconds = 300 }}
            [request_types]
            call = {{ queue = "calls" }}
            [arrivals.calls]
            request_type = "call"
            per_hour = {per_hour}
            service = {service}
            reasons = {{ elderly = {elderly} }}
            {patience}
            [teams.everybody]
            queues = ["calls"]
            people = {people}
            {answers}
        """)
    )


def three_lines(load: float, *, spread: float, patience: str = "") -> Scenario:
    """Three queues with targets of their own, and people who serve one or two of them."""
    return read(
        tomllib.loads(f"""
            [day]
            periods = 8
            [reasons.elderly]
            seconds = 300
            [queues]
            claims = {{ target_seconds = 120, mean_handle_seconds = 300 }}
            orders = {{ target_seconds = 60, mean_handle_seconds = 400, wrap_up_seconds = 30 }}
            desk = {{ target_seconds = 300, mean_handle_seconds = 200 }}
            [request_types]
            claim = {{ queue = "claims" }}
            order = {{ queue = "orders" }}
            question = {{ queue = "desk" }}
            [arrivals.claims]
            request_type = "claim"
            per_hour = {156 * load}
            service = {{ lognormal = 300, spread = {spread} }}
            reasons = {{ elderly = 0.1 }}
            {patience}
            [arrivals.orders]
            request_type = "order"
            per_hour = {100 * load}
            service = {{ lognormal = 370, spread = {spread} }}
            {patience}
            [arrivals.questions]
            request_type = "question"
            per_hour = {216 * load}
            service = {{ lognormal = 200, spread = {spread} }}
            reasons = {{ elderly = 0.1 }}
            {patience}
            [teams.front]
            queues = ["claims", "orders"]
            people = 12
            [teams.back]
            queues = ["orders", "desk"]
            people = 15
            [teams.claims_only]
            queues = ["claims"]
            people = 6
            [teams.desk_only]
            queues = ["desk"]
            people = 4
        """)
    )


def two_languages(load: float) -> Scenario:
    """One queue, two languages, and some who speak both."""
    return read(
        tomllib.loads(f"""
            [day]
            periods = 8
            [queues]
            calls = {{ target_seconds = 120, mean_handle_seconds = 300 }}
            [request_types]
            call = {{ queue = "calls" }}
            [arrivals.calls]
            request_type = "call"
            per_hour = {240 * load}
            service = {{ lognormal = 300, spread = 0.8 }}
            languages = {{ en = 0.6, ur = 0.4 }}
            [teams.english]
            queues = ["calls"]
            people = 8
            languages = ["en"]
            [teams.urdu]
            queues = ["calls"]
            people = 6
            languages = ["ur"]
            [teams.both]
            queues = ["calls"]
            people = 8
            languages = ["en", "ur"]
        """)
    )


def told_on(scenario: Scenario, days: int = 2) -> list[Told]:
    return [told for number in range(days) for told in telling_day(scenario, number)]


def honest(figures: Kept) -> None:
    """Half no later than the low end, nine of ten no later than the high end, and the range says something."""
    assert 0.40 <= figures.within_low <= 0.60, figures
    assert 0.85 <= figures.within_high <= 0.95, figures
    assert figures.widest <= WIDEST, figures


LAWS = {
    "exponential": "{ exponential = 300 }",
    "steady": "{ lognormal = 300, spread = 0.5 }",
    "usual": "{ lognormal = 300, spread = 1.0 }",
    "wild": "{ lognormal = 300, spread = 1.5 }",
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("people", [4, 20])
def test_half_are_served_by_the_low_end_and_nine_of_ten_by_the_high_end(people: int, law: str) -> None:
    honest(kept(told_on(one_line(people, service=LAWS[law]), max(2, 40 // people))))


def test_who_gives_up_ahead_makes_the_wait_shorter_and_it_is_told_so() -> None:
    honest(kept(told_on(one_line(20, load=1.15, service=LAWS["usual"], patience="patience = { exponential = 300 }"))))


def test_who_comes_later_and_goes_before_makes_the_wait_longer_and_it_is_told_so() -> None:
    honest(kept(told_on(one_line(20, service=LAWS["usual"], elderly=0.2))))


@pytest.mark.parametrize("spread", [0.5, 1.5])
def test_shared_people_come_where_others_are_least_late_and_every_line_is_told_so(spread: float) -> None:
    told = told_on(three_lines(1.0, spread=spread), 1)
    honest(kept(told))
    for queue in ("claims", "orders", "desk"):
        of_queue = kept(each for each in told if each.queue == queue)
        assert 0.35 <= of_queue.within_low <= 0.65, (queue, of_queue)
        assert 0.80 <= of_queue.within_high <= 0.98, (queue, of_queue)


def test_only_those_who_speak_the_language_are_counted_on() -> None:
    honest(kept(told_on(two_languages(1.06), 2)))


def test_on_a_day_of_the_sample_office_with_every_rule_on_the_told_is_kept() -> None:
    """Steps, groups, caps, breaks, missed offers, letters beside calls: none of that is in the formula."""
    office = read(tomllib.loads((SCENARIOS / "sample_office_day.toml").read_text()))
    honest(kept(told_on(office, 1)))


def test_the_figures_can_fail() -> None:
    told = told_on(one_line(20, service=LAWS["usual"]))
    for stretch in (0.7, 1.4):
        with pytest.raises(AssertionError):
            honest(kept(stretched(each, stretch) for each in told))


def stretched(told: Told, stretch: float) -> Told:
    wait = Wait(
        low_seconds=round(told.wait.low_seconds * stretch), high_seconds=round(told.wait.high_seconds * stretch)
    )
    return replace(told, wait=wait)
