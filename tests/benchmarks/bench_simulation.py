"""How fast the simulator is: contacts a second with two groups, and days a second of the sample office with all rules on.

Pure: no database. Processor seconds of one core, the best of some rounds: what the simulator costs, not what else runs.
"""

from __future__ import annotations

import json
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from routing.rules.model import QueueRule, RequestRule, Rules
from routing.simulation.engine import simulate_day
from routing.simulation.reading import read
from routing.simulation.scenario import Calendar, Scenario, Source, Team
from routing.simulation.times import Law

SCENARIOS = Path(__file__).resolve().parents[2] / "sample" / "scenarios"
ROUNDS = 5
CONTACTS_PER_SECOND = 50_000.0
DAYS_PER_SECOND = 1.0

Row = dict[str, str | float | bool]


def figures() -> Iterator[Row]:
    """The rows of the design's limits that concern the simulator's speed: more is better."""
    yield _row("simulation_contacts_per_s_two_groups", _contacts_per_second(two_groups()), against=CONTACTS_PER_SECOND)
    yield _row("simulation_office_days_per_s", 1 / _seconds(sample_office(), 1), against=DAYS_PER_SECOND)


def two_groups() -> Scenario:
    """Two groups, one of which serves both kinds of call: exponential times, ten hours, about 20,000 contacts."""
    rules = Rules(
        version=0,
        queues={
            code: QueueRule(name=code, target_seconds=20, offer_timeout_seconds=20) for code in ("first", "second")
        },
        requests={code: RequestRule(queue=code, labels={}, letter="A") for code in ("first", "second")},
    )
    service = Law(kind="exponential", means=(100.0,))
    return Scenario(
        name="two groups",
        rules=rules,
        calendar=Calendar(date=date(2026, 3, 2), period_seconds=36_000.0),
        sources=tuple(
            Source(name=code, request=code, per_hour=(1000.0,), service=service) for code in ("first", "second")
        ),
        teams=(
            Team(name="one", queues=frozenset({"first"}), people=(30,)),
            Team(name="both", queues=frozenset({"first", "second"}), people=(32,)),
        ),
    )


def sample_office() -> Scenario:
    """The shipped day of the sample office: 60 representatives, about 5,000 contacts."""
    scenario = read(tomllib.loads((SCENARIOS / "sample_office_day.toml").read_text(encoding="utf-8")))
    return replace(scenario, calendar=replace(scenario.calendar, busyness=None))


def _contacts_per_second(scenario: Scenario) -> float:
    contacts = simulate_day(scenario, 1).all().contacts
    return contacts / _seconds(scenario, 1)


def _seconds(scenario: Scenario, day: int) -> float:
    """Processor seconds for one day, the best of the rounds after a warm-up."""
    simulate_day(scenario, day)
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        simulate_day(scenario, day)
        rounds.append(time.process_time() - started)
    return min(rounds)


def _row(figure: str, value: float, *, against: float) -> Row:
    ratio = value / against
    return {
        "figure": figure,
        "value": round(value, 3),
        "against": against,
        "ratio": round(ratio, 3),
        "target": 1.0,
        "holds": ratio >= 1.0,
    }


if __name__ == "__main__":
    for row in figures():
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
