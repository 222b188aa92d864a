"""How long customers wait under the router's own order of the free, against longest idle and against one flexible pool.

Pure: the simulator on the same floor the service runs. The streams are paired: all rule sets meet the same customers, with the
same service times, so that what differs is the rules. Each row tells the interval of its ratio.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import date

from routing.rules.model import QueueRule, RequestRule, Rules
from routing.simulation.comparing import value
from routing.simulation.intervals import Interval, of_ratio
from routing.simulation.running import run
from routing.simulation.scenario import Calendar, Scenario, Source, Team
from routing.simulation.statistics import Result
from routing.simulation.times import Law

TYPES = 6
DAYS = 12
HOURS = 44
WARM_UP_HOURS = 4
PROFILE_DAYS = 10
PROFILE_HOURS = 11
PROFILE_WARM_UP_HOURS = 1
SKILLS = 25
PAIRS = tuple((number, (number + step) % SKILLS) for step in (1, 7) for number in range(SKILLS))
"""What each of the fifty groups knows: one skill well, one a little; each skill is in four of them."""
PROFILES = 50
PEOPLE = 200
OCCUPANCY = 0.9
SERVICE_SECONDS = 600.0
PROFILE_SERVICE_SECONDS = 300.0
EVERYBODY = ("all", "")

Row = dict[str, str | float | bool]


def figures() -> Iterator[Row]:
    """The rows of the design's limits on waiting quality: ceilings, smaller is better."""
    yield from balanced()
    yield from profiles()


def balanced() -> Iterator[Row]:
    """Balanced six types with two and three skills each, against everybody knowing everything and against longest idle."""
    pool = run(six_types(skills=TYPES, order="spare_skills"))
    for skills, word, target in ((2, "two", 1.25), (3, "three", 1.08)):
        ours = run(six_types(skills=skills, order="spare_skills"))
        idle = run(six_types(skills=skills, order="longest_idle"))
        yield _row(f"waiting_{word}_skills_against_pool", _ratio(ours, pool), target=target)
        yield _row(f"waiting_{word}_skills_against_longest_idle", _ratio(ours, idle), target=1.0, beyond_interval=True)


def profiles() -> Iterator[Row]:
    """Fifty request profiles over fifty skill profiles, 200 representatives; and the same where profiles are narrow."""
    narrow = _ratio(run(narrow_profiles("spare_skills")), run(narrow_profiles("longest_idle")))
    yield _row("waiting_narrow_profiles_mean_against_longest_idle", narrow, target=1.0, beyond_interval=True)
    ours, idle = run(fifty_profiles("spare_skills")), run(fifty_profiles("longest_idle"))
    yield _row("waiting_fifty_profiles_mean_against_longest_idle", _ratio(ours, idle), target=0.85)
    p99 = _ratio(ours, idle, measure="p99_wait")
    yield _row("waiting_fifty_profiles_p99_against_longest_idle", p99, target=1.05)
    worst = _ratio(ours, idle, line=_worst(ours), against=_worst(idle))
    yield _row("waiting_fifty_profiles_worst_type_against_longest_idle", worst, target=1.05)


def six_types(*, skills: int, order: str) -> Scenario:
    """Six kinds of call, fifteen representatives for each, who also know some of the others; 30 waiting places."""
    codes = [f"type_{number}" for number in range(TYPES)]
    service = Law(kind="exponential", means=(SERVICE_SECONDS,))
    return Scenario(
        name=f"six types, {skills} skills, {order}",
        rules=_rules(codes, [{} for _ in codes], order),
        calendar=_calendar(HOURS, WARM_UP_HOURS),
        sources=tuple(Source(name=code, request=code, per_hour=(84.0,), service=service) for code in codes),
        teams=tuple(
            Team(name=f"team_{number}_{member}", queues=frozenset(codes[each] for each in known), people=(1,))
            for number in range(TYPES)
            for member, known in enumerate(_known(number, skills))
        ),
        places=30,
        replications=DAYS,
    )


def _known(own: int, skills: int) -> Iterator[list[int]]:
    """What each of the fifteen knows: their own type, and others, so that every type is known by as many as every other."""
    others = TYPES - 1
    for member in range(15):
        second, third = member % others, (member + 1 + member // others) % others
        further = range(others) if skills == TYPES else (second, third)[: skills - 1]
        yield [own, *((own + 1 + each) % TYPES for each in further)]


def fifty_profiles(order: str) -> Scenario:
    """Profiles as in a grown office, drawn once: who works has 4 to 8 of 20 skills, who comes needs one or two of them."""
    chance = random.Random(5)
    skills = [f"skill_{number}" for number in range(20)]
    known = [chance.sample(skills, chance.randint(4, 8)) for _ in range(PROFILES)]
    needed: list[list[str]] = []
    while len(needed) < PROFILES:
        drawn = chance.sample(skills, chance.randint(1, 2))
        if sum(set(drawn) <= set(each) for each in known) >= 2:
            needed.append(drawn)
    teams = [dict.fromkeys(each, 3) for each in known]
    return _profiles(order, [dict.fromkeys(each, 1) for each in needed], teams)


def narrow_profiles(order: str) -> Scenario:
    """Everybody knows two of 25 skills, one well and one a little; each is asked for at level 1 by one kind, at 3 by another."""
    needed = [{f"skill_{skill}": level} for skill in range(SKILLS) for level in (1, 3)]
    return _profiles(order, needed, [{f"skill_{first}": 3, f"skill_{second}": 2} for first, second in PAIRS])


def _profiles(order: str, needed: Sequence[dict[str, int]], known: Sequence[dict[str, int]]) -> Scenario:
    codes = [f"kind_{number:02}" for number in range(len(needed))]
    service = Law(kind="exponential", means=(PROFILE_SERVICE_SECONDS,))
    per_hour = OCCUPANCY * PEOPLE / PROFILE_SERVICE_SECONDS * 3600 / len(codes)
    return Scenario(
        name=f"{len(codes)} profiles, {order}",
        rules=_rules(codes, needed, order),
        calendar=_calendar(PROFILE_HOURS, PROFILE_WARM_UP_HOURS),
        sources=tuple(Source(name=code, request=code, per_hour=(per_hour,), service=service) for code in codes),
        teams=tuple(
            Team(name=f"team_{place:02}", queues=frozenset(codes), skills=skills, people=(PEOPLE // len(known),))
            for place, skills in enumerate(known)
        ),
        replications=PROFILE_DAYS,
    )


def _rules(codes: Sequence[str], needs: Sequence[dict[str, int]], order: str) -> Rules:
    return Rules(
        version=0,
        queues={code: QueueRule(name=code, target_seconds=60, offer_timeout_seconds=20, order=order) for code in codes},
        requests={
            code: RequestRule(queue=code, labels={}, letter="A", skills=skills)
            for code, skills in zip(codes, needs, strict=True)
        },
    )


def _calendar(hours: int, warm_up_hours: int) -> Calendar:
    return Calendar(
        date=date(2026, 3, 2), period_seconds=hours * 3600.0, warm_up_seconds=warm_up_hours * 3600.0, finish=False
    )


def _ratio(
    ours: Result,
    other: Result,
    *,
    measure: str = "mean_wait",
    line: tuple[str, str] = EVERYBODY,
    against: tuple[str, str] | None = None,
) -> tuple[float, float, Interval]:
    """This figure of both, and the interval of their ratio over the paired days."""
    pairs = [
        (value(one, line, measure) or 0.0, value(two, against or line, measure) or 0.0)
        for one, two in zip(ours.daily, other.daily, strict=True)
    ]
    interval = of_ratio(pairs, ours.confidence)
    assert interval is not None
    return sum(one for one, _ in pairs) / len(pairs), sum(two for _, two in pairs) / len(pairs), interval


def _worst(result: Result) -> tuple[str, str]:
    """The line that waits longest."""
    waits = {key: found["mean_wait"] for key, found in result.lines.items() if key[0] == "queue"}
    return max(waits, key=lambda key: -1.0 if (wait := waits[key]) is None else wait.mean)


def _row(figure: str, found: tuple[float, float, Interval], *, target: float, beyond_interval: bool = False) -> Row:
    """`beyond_interval`: what chance alone could explain is not held against it."""
    ours, other, ratio = found
    low, high = ratio.low or 0.0, ratio.high or 0.0
    return {
        "figure": figure,
        "value": round(ours, 3),
        "against": round(other, 3),
        "ratio": round(ratio.mean, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "target": target,
        "holds": (low if beyond_interval else ratio.mean) <= target,
    }


if __name__ == "__main__":
    for row in figures():
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
