"""How a simulated day goes: who comes, who is served, who gives up, and that the same seed gives the same day."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from routing.simulation.engine import Day, simulate_day
from routing.simulation.reading import read
from routing.simulation.running import run, run_both, under
from routing.simulation.scenario import Scenario
from routing.simulation.tally import Figures

HOUR = """
[day]
period_seconds = 3600

[queues.calls]
target_seconds = 60

[request_types.call]
queue = "calls"

[arrivals.calls]
request_type = "call"
per_hour = 100
service = { exponential = 120 }

[teams.all]
queues = ["calls"]
people = 3
"""


def scenario(*changes: tuple[str, str], more: str = "") -> Scenario:
    """An hour of calls with these words changed for others."""
    text = HOUR
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(tomllib.loads(text + more))


def day(*changes: tuple[str, str], more: str = "", number: int = 0) -> Figures:
    return simulate_day(scenario(*changes, more=more), number)


def counts(figures: Figures) -> dict[str, Any]:
    whole = figures.all()
    return {name: getattr(whole, name) for name in whole.__slots__}


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    assert counts(day()) == counts(day())
    assert counts(day()) != counts(day(number=1))


def test_the_hash_seed_changes_nothing() -> None:
    code = (
        "import sys; from tests.routing.simulation.small_days import play;"
        "print([(seed, play(seed, dear=0).all().waits) for seed in range(40)])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_everybody_who_comes_is_accounted_for() -> None:
    whole = day().all()
    assert whole.contacts == whole.answered > 60
    assert whole.left == 0


def test_whoever_waits_longer_than_their_patience_gives_up() -> None:
    whole = day(("service = { exponential = 120 }", "service = 300\npatience = 30")).all()
    assert whole.abandoned > 0
    assert whole.gave_up == pytest.approx([30.0] * whole.abandoned)
    assert max(whole.waits) <= 30.0


def test_one_more_than_the_places_is_blocked() -> None:
    limited = replace(scenario(("service = { exponential = 120 }", "service = 300")), places=2)
    figures = simulate_day(limited)
    assert figures.all().blocked > 0
    assert max(figures.all().waits) <= 300.0
    assert simulate_day(replace(limited, places=None)).all().blocked == 0


def test_who_was_not_served_tries_again_with_the_chance_given() -> None:
    impatient = ("service = { exponential = 120 }", "service = 300\npatience = 5")
    redial = "\n[arrivals.calls.redial]\nchance = 1\nafter = 60\nat_most = 2\n"
    assert day(impatient).all().returned == 0
    whole = day(impatient, more=redial).all()
    assert whole.returned > 0
    assert whole.contacts > day(impatient).all().contacts


def test_who_is_back_within_the_grace_time_has_kept_the_place() -> None:
    text = [("service = { exponential = 120 }", "service = 300\npatience = 5")]
    redial = "\n[arrivals.calls.redial]\nchance = 1\nafter = 60\n"
    for grace, kept in (("300", True), ("10", False)):
        watched = Day(
            scenario(*text, ("target_seconds = 60", f"target_seconds = 60\ngrace_seconds = {grace}"), more=redial)
        )
        file = watched.desk.file
        seen: list[bool] = []

        def spied(customer: Any, queue: str, *, now: float, file: Any = file, seen: Any = seen) -> Any:
            row = file(customer, queue, now=now)
            if customer.attempt:
                seen.append(row.due < now + 60 - 1e-9)
            return row

        watched.desk.file = spied  # type: ignore[method-assign]
        watched.run()
        assert seen
        assert all(each == kept for each in seen)


def test_after_closing_the_line_is_served_until_it_is_empty() -> None:
    slow = ("service = { exponential = 120 }", "service = 300")
    assert day(slow).ended > 3600
    whole = day(slow, ("period_seconds = 3600", "period_seconds = 3600\nfinish = false")).all()
    assert whole.left > 0


def test_whose_shift_ends_finishes_the_work_in_hand_and_takes_nothing_new() -> None:
    figures = day(("people = 3", "people = [3, 0]"), ("service = { exponential = 120 }", "service = 600"))
    work = figures.teams["all"]
    assert figures.all().left > 0
    assert max(each.on_seconds for each in work) > 3600
    assert max(each.on_seconds for each in work) <= 4200


def test_during_a_break_nothing_new_is_taken() -> None:
    shift = ("people = 3", "shifts = [{ people = 1, time = '00:00-01:00', breaks = ['00:10-00:50'] }]")
    whole = day(shift, ("service = { exponential = 120 }", "service = 1")).all()
    assert max(whole.waits) > 2000


def test_a_visitor_who_is_not_there_costs_only_the_wait_for_them() -> None:
    whole = day(("service =", "no_show = 0.5\nno_show_seconds = 10\nservice =")).all()
    assert whole.no_shows > 20
    assert whole.contacts == whole.answered + whole.no_shows


def test_a_missed_offer_rests_and_goes_to_another() -> None:
    misses = ("people = 3", "people = 3\nanswers = { misses = { declined = 0.3 } }")
    figures = day(misses)
    assert figures.all().missed > 10
    assert figures.offers == figures.all().answered + figures.all().missed


def test_who_does_not_answer_again_and_again_is_set_away() -> None:
    once = "\n[teams.absent]\nqueues = ['calls']\npeople = 1\nanswers = { misses = { no_answer = 1 }, away_seconds = 86400 }\n"
    assert day(more=once).all().missed == 3


def test_the_cap_of_an_hour_holds() -> None:
    capped = day(
        ("people = 3", "people = 3\nper_hour = 4"), ("period_seconds = 3600", "period_seconds = 3500\nfinish = false")
    )
    assert capped.all().answered == 12


def test_a_callback_keeps_its_place_and_never_gives_up() -> None:
    rules = (
        "target_seconds = 60",
        "target_seconds = 60\non_entry = [{ when = 'length', over = 1, then = 'callback' }]",
    )
    whole = day(rules, ("service = { exponential = 120 }", "service = 200\npatience = 20")).all()
    assert whole.called_back > 0
    assert whole.abandoned < day(("service = { exponential = 120 }", "service = 200\npatience = 20")).all().abandoned


def test_a_callback_nobody_answers_is_tried_again_and_then_given_up() -> None:
    rules = (
        "target_seconds = 60",
        "target_seconds = 60\non_entry = [{ when = 'length', over = 0, then = 'callback' }]\ncallback = { attempts = 2, gap_seconds = 60 }",
    )
    whole = day(rules, ("service = { exponential = 120 }", "service = 200\nunreached = 1")).all()
    assert whole.unreached == whole.called_back > 0


def test_the_share_of_a_reason_is_granted_and_no_more() -> None:
    more = "\n[reasons.elderly]\nseconds = 300\nshare = 0\n[arrivals.calls.reasons]\nelderly = 1.0\n"
    figures = day(more=more)
    assert figures.refused["elderly"] == figures.all().contacts - 5


def test_times_go_by_the_period_of_arrival() -> None:
    figures = day(
        ("period_seconds = 3600", "period_seconds = 1800\nperiods = 2"),
        ("service = { exponential = 120 }", "service = { fixed = [1, 200] }"),
    )
    first, second = figures.slots["waited"][:24], figures.slots["waited"][24:]
    assert sum(first) < sum(second)


def test_two_rule_sets_meet_the_same_customers() -> None:
    one = scenario()
    other = under(one, scenario(("target_seconds = 60", "target_seconds = 600")).rules)
    found = run_both(replace(one, replications=3), other)
    for differences in found.lines.values():
        assert all(each.change.mean == 0 and each.verdict == "unclear" for each in differences.values())


def test_better_rules_are_found_better() -> None:
    few = replace(scenario(), replications=8)
    comparison = run_both(few, scenario(("people = 3", "people = 5")))
    assert comparison.lines["all", ""]["mean_wait"].verdict == "better"
    assert comparison.after.seed == few.seed


def test_days_are_told_as_they_are_done() -> None:
    told: list[int] = []
    run(replace(scenario(), replications=3), done=told.append)
    assert told == [1, 2, 3]
