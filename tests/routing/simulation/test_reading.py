"""What a scenario may say, and how a mistake in one is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from routing.simulation.reading import WrongScenario, read, read_only_rules

SCENARIOS = sorted((Path(__file__).resolve().parents[3] / "sample" / "scenarios").glob("*.toml"))
SMALL = """
[queues.calls]
target_seconds = 60

[request_types.call]
queue = "calls"

[arrivals.calls]
request_type = "call"
per_hour = 60
service = { exponential = 120 }

[teams.all]
queues = ["calls"]
people = 3
"""


def faults(more: str, *, instead_of: str = "") -> list[str]:
    """What is told of the small scenario with this in it."""
    text = SMALL.replace(instead_of, more) if instead_of else SMALL + more
    with pytest.raises(WrongScenario) as refused:
        read(tomllib.loads(text))
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_scenario_that_ships_can_be_read(path: Path) -> None:
    assert read(tomllib.loads(path.read_text(encoding="utf-8"))).teams


def test_names_that_only_people_read_may_be_left_out() -> None:
    scenario = read(tomllib.loads(SMALL))
    assert scenario.rules.queues["calls"].name == "calls"
    assert scenario.sources[0].per_hour == (60,)


def test_an_office_configuration_may_stand_for_its_rules() -> None:
    office = (SCENARIOS[0].parents[1] / "office.toml").read_text(encoding="utf-8")
    assert "claims" in read_only_rules(tomllib.loads(office)).queues


@pytest.mark.parametrize(
    ("wrong", "instead_of", "told"),
    [
        ("per_hour = -1", "per_hour = 60", "arrivals.calls.per_hour: must be between 0"),
        ("per_hour = nan", "per_hour = 60", "arrivals.calls.per_hour: must be between 0"),
        ("per_hour = [60, 'many']", "per_hour = 60", "arrivals.calls.per_hour.1: must be a number"),
        ("per_hour = []", "per_hour = 60", "arrivals.calls.per_hour: must not be empty"),
        ("request_type = 'cal'", 'request_type = "call"', "there is no request type 'cal'; did you mean 'call'?"),
        ('queues = ["call"]', 'queues = ["calls"]', "teams.all.queues: there is no queue 'call'"),
        ("people = 2.5", "people = 3", "teams.all.people: must be a whole number"),
        ("people = [1, 2, 3]", "people = 3", "teams.all.people: has more numbers than there are periods"),
        ("service = { uniform = 3 }", "service = { exponential = 120 }", "there is no such setting"),
        ("service = { exponential = -5 }", "service = { exponential = 120 }", "must be between 0"),
        ("service = { gamma = 5, fixed = 2 }", "service = { exponential = 120 }", "or a table with one of fixed"),
        ("service = 'long'", "service = { exponential = 120 }", "arrivals.calls.service: must be a number of seconds"),
        ("service = { values = [1, 2], weights = [1] }", "service = { exponential = 120 }", "as many as the values"),
        ("target_seconds = -1", "target_seconds = 60", "queues.calls.target_seconds: must be between 0"),
        ("[day]\nopens = '25:00'", "", 'day.opens: must be a time like "08:30"'),
        ("[day]\nperiod_seconds = 60\nwarm_up_seconds = 60", "", "day.warm_up_seconds: must end before the day does"),
        ("[day]\ndate = 'monday'", "", "day.date: must be a date"),
        ("[teams.b]\nqueues = []", "", "teams.b: must have either people or shifts"),
        ("shifts = [{ time = '08:00' }]", "people = 3", 'teams.all.shifts.0.time: must be like "08:00-16:00"'),
        (
            "shifts = [{ time = '08:00-16:00', breaks = ['17:00-17:30'] }]",
            "people = 3",
            "teams.all.shifts.0.breaks.0: must lie within the shift",
        ),
        ("people = 3\nanswers = { misses = { bored = 0.1 } }", "people = 3", "misses.bored: there is no such cause of a miss"),
        ("people = 3\nanswers = { misses = { busy = 0.6, declined = 0.6 } }", "people = 3", "must not be more than 1 together"),
        ("[arrivals.calls.channels]\nphone = 0.5", "", "arrivals.calls.channels: the shares must be 1 together"),
        ("[arrivals.calls.reasons]\nrich = 0.5", "", "there is no reason 'rich'"),
        ("[arrivals.calls.redial]\nchance = 2\nafter = 60", "", "arrivals.calls.redial.chance: must be between 0 and 1"),
        ("[arrivals.calls.redial]\nchance = 1\nafter = 0", "", "arrivals.calls.redial.after: must be between 1"),
        ("[weather]\nrain = true", "", "weather: there is no such setting"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_its_reason(wrong: str, instead_of: str, told: str) -> None:
    found = faults(wrong, instead_of=instead_of)
    assert any(told in fault for fault in found), found


def test_all_mistakes_are_told_at_once() -> None:
    assert len(faults("[weather]\n[day]\nopens = 3\nperiods = 0")) == 3
