"""Hours in a simulated day: each queue by the clock on its own wall, and closed on holidays."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, datetime

import pytest

from routing.simulation.clocks import Clock
from routing.simulation.engine import simulate_day
from routing.simulation.reading import WrongScenario, read
from routing.simulation.scenario import Calendar, Scenario

MORNING = """
[day]
date = 2026-03-02
opens = "08:00"
periods = 2
{zone}
[queues.calls]
target_seconds = 60
on_entry = [{{ when = "closed", then = "turn_away" }}]
hours = {{ mon = ["08:00-09:00"]{own} }}
[request_types.call]
queue = "calls"
[arrivals.calls]
request_type = "call"
per_hour = 60
service = 10
[teams.all]
queues = ["calls"]
people = 5
"""


def morning(zone: str = "", own: str = "") -> Scenario:
    """Two hours of calls from eight o'clock on, the queue being open from eight to nine by its own clock."""
    return read(
        tomllib.loads(MORNING.format(zone=zone and f'timezone = "{zone}"', own=own and f', timezone = "{own}"'))
    )


def answered_by_half(scenario: Scenario) -> tuple[bool, bool]:
    """Whether anybody is answered in the first hour, and in the second."""
    answered = simulate_day(scenario).slots["answered"]
    return sum(answered[:24]) > 0, sum(answered[24:]) > 0


@pytest.mark.parametrize(
    ("zone", "own", "expected"),
    [
        ("", "", (True, False)),
        ("Asia/Karachi", "", (True, False)),
        ("Asia/Karachi", "Asia/Karachi", (True, False)),
        ("Asia/Karachi", "Asia/Dubai", (False, True)),
        ("Asia/Karachi", "Asia/Dhaka", (False, False)),
    ],
)
def test_a_queue_is_open_by_the_clock_of_its_own_zone(zone: str, own: str, expected: tuple[bool, bool]) -> None:
    assert answered_by_half(morning(zone, own)) == expected


def test_on_a_holiday_of_its_country_a_queue_is_closed() -> None:
    text = MORNING.format(zone="", own=', holidays = "PK"')
    scenario = read(tomllib.loads(text))
    assert answered_by_half(scenario) == (True, False)
    closed = replace(scenario.calendar, holidays={"PK": frozenset({date(2026, 3, 2)})})
    assert answered_by_half(replace(scenario, calendar=closed)) == (False, False)


def test_on_the_night_the_clocks_change_an_hour_is_an_hour() -> None:
    clock = Clock(Calendar(date=date(2026, 3, 29), timezone="Europe/Berlin"), None)
    assert clock.local(3 * 3600.0) == datetime(2026, 3, 29, 4)
    assert clock.instant(datetime(2026, 3, 29, 4)) == 3 * 3600.0


@pytest.mark.parametrize(
    ("zone", "own", "words"),
    [
        ("Nowhere/City", "", "day.timezone: there is no time zone 'Nowhere/City'"),
        ("Asia/Karachi", "Moon", "queues.calls.hours.timezone: there is no time zone 'Moon'"),
        ("", "Asia/Karachi", "day.timezone: must be given where a queue has a time zone of its own"),
    ],
)
def test_a_zone_nobody_knows_or_can_place_is_refused(zone: str, own: str, words: str) -> None:
    with pytest.raises(WrongScenario) as refused:
        morning(zone, own)
    assert words in [str(fault) for fault in refused.value.faults]
