"""Many days one after the other. Decides only which day is next; each is independent of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from routing.rules.model import Rules
from routing.simulation.comparing import Comparison, compare
from routing.simulation.engine import simulate_day
from routing.simulation.scenario import Scenario
from routing.simulation.statistics import Result, boil_down, summary

Done = Callable[[int], None]
"""Told after each day how many are done."""


def run(scenario: Scenario, *, done: Done | None = None) -> Result:
    """All days of a scenario."""
    days = []
    for number in range(scenario.replications):
        days.append(boil_down(simulate_day(scenario, number)))
        if done is not None:
            done(number + 1)
    return summary(scenario, days)


def run_both(before: Scenario, after: Scenario, *, done: Done | None = None) -> Comparison:
    """Two scenarios on the same days: the second takes the first's seed and number of days."""
    paired = replace(after, seed=before.seed, replications=before.replications)
    first = run(before, done=done)
    second = run(paired, done=None if done is None else lambda days: done(before.replications + days))
    return compare(first, second)


def under(scenario: Scenario, rules: Rules) -> Scenario:
    """The same people under other rules."""
    return replace(scenario, rules=rules)
