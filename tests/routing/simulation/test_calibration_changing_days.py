"""What is told of the wait on days on which the work itself changes: slower hours, other staff, urgent and patient work."""

from __future__ import annotations

import tomllib

from routing.simulation.reading import read
from routing.simulation.scenario import Scenario
from tests.routing.simulation.telling import kept
from tests.routing.simulation.test_calibration import SCENARIOS, honest, told_on


def scenario(text: str) -> Scenario:
    return read(tomllib.loads(text))


SLOWING = """
    [day]
    periods = 4
    period_seconds = 5400
    busyness = 40
    [queues]
    calls = { target_seconds = 120, mean_handle_seconds = 240 }
    [request_types]
    call = { queue = "calls" }
    [arrivals.calls]
    request_type = "call"
    per_hour = [180, 200, 160, 120]
    service = { lognormal = [200, 240, 300, 360], spread = 0.9 }
    patience = { exponential = 600 }
    [teams.everybody]
    queues = ["calls"]
    people = [10, 14, 13, 12]
"""
COUNTERS = """
    [day]
    periods = 5
    [reasons.child]
    seconds = 900
    [queues]
    papers = { target_seconds = 300, mean_handle_seconds = 480 }
    advice = { target_seconds = 300, mean_handle_seconds = 900 }
    [request_types]
    paper = { queue = "papers" }
    talk = { queue = "advice" }
    [arrivals.papers]
    request_type = "paper"
    per_hour = [24, 34, 30, 26, 20]
    service = { gamma = 420, spread = 0.6 }
    reasons = { child = 0.2 }
    [arrivals.advice]
    request_type = "talk"
    per_hour = [8, 10, 12, 10, 8]
    service = { gamma = 1000, spread = 0.7 }
    reasons = { child = 0.1 }
    [teams.papers]
    queues = ["papers"]
    people = 2
    [teams.both]
    queues = ["papers", "advice"]
    people = 3
    [teams.advice]
    queues = ["advice"]
    people = [1, 1, 2, 2, 1]
"""

PATIENT = """
    [day]
    periods = 6
    [reasons.elderly]
    seconds = 300
    [reasons.emergency]
    seconds = 1200
    [queues]
    new = { target_seconds = 60, mean_handle_seconds = 300 }
    old = { target_seconds = 180, mean_handle_seconds = 300 }
    bills = { target_seconds = 600, mean_handle_seconds = 300 }
    [request_types]
    new = { queue = "new" }
    old = { queue = "old" }
    bill = { queue = "bills" }
    [arrivals.new]
    request_type = "new"
    per_hour = [60, 100, 120, 80, 100, 60]
    service = { lognormal = 240, spread = 0.8 }
    patience = { exponential = 900 }
    reasons = { elderly = 0.15 }
    [arrivals.old]
    request_type = "old"
    per_hour = [50, 70, 90, 70, 70, 50]
    service = { lognormal = 420, spread = 0.8 }
    patience = { exponential = 900 }
    reasons = { elderly = 0.2, emergency = 0.05 }
    [arrivals.bills]
    request_type = "bill"
    per_hour = [30, 60, 80, 60, 70, 40]
    service = { lognormal = 300, spread = 0.8 }
    [teams.early]
    queues = ["new", "old"]
    people = [7, 9, 12, 9, 8, 7]
    [teams.middle]
    queues = ["old", "bills"]
    people = [4, 6, 8, 6, 7, 4]
    [teams.new_and_bills]
    queues = ["new", "bills"]
    people = [3, 4, 5, 5, 5, 3]
"""


def test_when_work_and_staff_change_with_the_period_the_told_follows() -> None:
    """SimpleMSK: from one period to the next half the staff goes home and each call takes half as long again."""
    honest(kept(told_on(scenario((SCENARIOS / "simple_msk.toml").read_text()), 3)))


def test_when_calls_take_longer_every_hour_the_told_follows() -> None:
    honest(kept(told_on(scenario(SLOWING), 4)))


def test_at_counters_where_few_serve_long_and_some_go_first_the_told_is_kept() -> None:
    honest(kept(told_on(scenario(COUNTERS), 10)))


def test_beside_work_that_may_wait_ten_minutes_the_urgent_lines_are_told_so() -> None:
    """Three groups share three queues; the elderly and emergencies go first. Those with bills are told more than they wait:
    whom the other two groups will spare them is not known, so only that they do not wait longer is promised here."""
    told = told_on(scenario(PATIENT), 3)
    honest(kept(each for each in told if each.queue != "bills"))
    assert kept(each for each in told if each.queue == "bills").within_high >= 0.85
