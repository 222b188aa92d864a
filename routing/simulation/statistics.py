"""What the simulated days amount to: service levels, waits, losses, how busy everybody was, each with its interval.

Decides what each figure is made of. Days are boiled down one by one, so many days cost no more memory than one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from routing.simulation.intervals import Interval, of_mean, of_ratio
from routing.simulation.scenario import Scenario
from routing.simulation.tally import Figures, Tally, Work

Pair = tuple[float, float] | None
"""(above, below) of a ratio of one day; of a plain figure, below is 1. None: that day has none."""
Unit = Literal["count", "share", "seconds"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One figure of a line of customers."""

    label: str
    unit: Unit
    of: Callable[[Tally], Pair]
    better: Literal["lower", "higher", "neither"] = "neither"
    pooled: bool = True
    """Sum over sum over the days; False: the mean of the days' own figures."""


def _count(name: str) -> Callable[[Tally], Pair]:
    return lambda tally: (float(getattr(tally, name)), 1.0)


def _share(*above: str, below: tuple[str, ...] = ("contacts",)) -> Callable[[Tally], Pair]:
    def of(tally: Tally) -> Pair:
        return (
            float(sum(getattr(tally, name) for name in above)),
            float(sum(getattr(tally, name) for name in below)),
        )

    return of


def _mean(name: str) -> Callable[[Tally], Pair]:
    def of(tally: Tally) -> Pair:
        seconds: list[float] = getattr(tally, name)
        return math.fsum(seconds), float(len(seconds))

    return of


def _percentile(share: float) -> Callable[[Tally], Pair]:
    def of(tally: Tally) -> Pair:
        return (percentile(tally.waits, share), 1.0) if tally.waits else None

    return of


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


MEASURES: Mapping[str, Measure] = {
    "contacts": Measure(label="contacts", unit="count", of=_count("contacts")),
    "answered": Measure(label="answered", unit="count", of=_count("answered")),
    "service_level": Measure(
        label="answered in time, of those answered",
        unit="share",
        of=_share("answered_within", below=("answered",)),
        better="higher",
    ),
    "service_level_with_abandons": Measure(
        label="answered or gone in time, of those answered or gone",
        unit="share",
        of=_share("answered_within", "abandoned_within", below=("answered", "abandoned")),
        better="higher",
    ),
    "service_level_of_patient": Measure(
        label="answered in time, of all but those gone in time",
        unit="share",
        of=lambda tally: (
            float(tally.answered_within),
            float(tally.answered + tally.abandoned - tally.abandoned_within),
        ),
        better="higher",
    ),
    "service_level_of_all": Measure(
        label="answered in time, of all who came", unit="share", of=_share("answered_within"), better="higher"
    ),
    "mean_wait": Measure(label="mean wait", unit="seconds", of=_mean("waits"), better="lower"),
    "median_wait": Measure(
        label="half wait less than", unit="seconds", of=_percentile(0.5), better="lower", pooled=False
    ),
    "p90_wait": Measure(
        label="nine of ten wait less than", unit="seconds", of=_percentile(0.9), better="lower", pooled=False
    ),
    "p99_wait": Measure(
        label="99 of 100 wait less than", unit="seconds", of=_percentile(0.99), better="lower", pooled=False
    ),
    "abandoned": Measure(label="gave up", unit="count", of=_count("abandoned"), better="lower"),
    "abandoned_share": Measure(label="gave up, of all who came", unit="share", of=_share("abandoned"), better="lower"),
    "mean_patience_spent": Measure(label="wait of those who gave up", unit="seconds", of=_mean("gave_up")),
    "blocked": Measure(label="found no place", unit="count", of=_count("blocked"), better="lower"),
    "blocked_share": Measure(
        label="found no place, of all who came", unit="share", of=_share("blocked"), better="lower"
    ),
    "turned_away": Measure(label="turned away", unit="count", of=_count("turned_away")),
    "no_shows": Measure(label="not there when called", unit="count", of=_count("no_shows")),
    "called_back": Measure(label="called back", unit="count", of=_count("called_back")),
    "unreached": Measure(label="not reached when called back", unit="count", of=_count("unreached"), better="lower"),
    "overflowed": Measure(label="sent on to another queue", unit="count", of=_count("overflowed")),
    "escalated": Measure(label="told to a supervisor", unit="count", of=_count("escalated"), better="lower"),
    "returned": Measure(label="tried again", unit="count", of=_count("returned")),
    "missed": Measure(label="offers missed", unit="count", of=_count("missed"), better="lower"),
    "left": Measure(label="still there at the end", unit="count", of=_count("left"), better="lower"),
}

SLOTS = ("contacts", "answered", "within", "abandoned", "waited")


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """How busy a team was."""

    occupancy: Interval | None
    """Seconds with work in hand, of seconds on shift."""
    spread: Interval | None
    """Standard deviation of the occupancy between its members: 0 = all alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day, boiled down: what every figure of it is made of."""

    lines: Mapping[tuple[str, str], Mapping[str, Pair]]
    """By ("all", ""), ("queue", code) and ("reason", code): the figures."""
    teams: Mapping[str, tuple[Pair, Pair]]
    """Occupancy and its spread."""
    slots: Mapping[str, tuple[float, ...]]
    offers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """All days together."""

    name: str
    days: int
    seed: int
    confidence: float
    within_seconds: float
    opens: float
    closes: float
    lines: Mapping[tuple[str, str], Mapping[str, Interval | None]]
    teams: Mapping[str, Team]
    slots: Mapping[str, tuple[float, ...]]
    """Means a day."""
    daily: tuple[Day, ...] = field(repr=False, default=())
    """Day by day, for comparing."""


def boil_down(figures: Figures) -> Day:
    """The numbers of one day."""
    tallies = {("all", ""): figures.all()}
    tallies |= {("queue", code): tally for code, tally in figures.queues.items()}
    tallies |= {("reason", code): figures.reasons[code] for code in sorted(figures.reasons)}
    return Day(
        lines={key: {name: each.of(tally) for name, each in MEASURES.items()} for key, tally in tallies.items()},
        teams={name: (_occupancy(members), _spread(members)) for name, members in figures.teams.items()},
        slots=figures.slots,
        offers=figures.offers,
    )


def summary(scenario: Scenario, days: Iterable[Day]) -> Result:
    """What the days amount to."""
    daily = tuple(days)
    confidence = scenario.confidence
    keys = list(dict.fromkeys(key for day in daily for key in day.lines))
    lines = {key: {name: _interval(daily, key, name, confidence) for name in MEASURES} for key in keys}
    return Result(
        name=scenario.name,
        days=len(daily),
        seed=scenario.seed,
        confidence=confidence,
        within_seconds=scenario.within_seconds,
        opens=scenario.calendar.opens,
        closes=scenario.calendar.closes,
        lines=lines,
        teams={team.name: _team([day.teams[team.name] for day in daily], confidence) for team in scenario.teams},
        slots={
            name: tuple(
                math.fsum(column) / len(daily) for column in zip(*(day.slots[name] for day in daily), strict=True)
            )
            for name in SLOTS
        },
        daily=daily,
    )


def _interval(daily: Sequence[Day], key: tuple[str, str], name: str, confidence: float) -> Interval | None:
    pairs = [pair for day in daily if (pair := day.lines.get(key, {}).get(name)) is not None]
    measure = MEASURES[name]
    if measure.unit == "count" or not measure.pooled:
        # A day on which nobody came for this reason is a day with none.
        values = [pair[0] for pair in pairs] + ([0.0] * (len(daily) - len(pairs)) if measure.pooled else [])
        return of_mean(values, confidence)
    return of_ratio(pairs, confidence)


def _team(pairs: Sequence[tuple[Pair, Pair]], confidence: float) -> Team:
    spreads = [spread[0] for _, spread in pairs if spread is not None]
    occupancies = [occupancy for occupancy, _ in pairs if occupancy is not None]
    return Team(occupancy=of_ratio(occupancies, confidence), spread=of_mean(spreads, confidence))


def _occupancy(members: Sequence[Work]) -> Pair:
    return math.fsum(each.busy_seconds for each in members), math.fsum(each.on_seconds for each in members)


def _spread(members: Sequence[Work]) -> Pair:
    """The deviation between the members who were there at all, each weighed by how long."""
    present = [each for each in members if each.on_seconds > 0]
    if len(present) < 2:
        return None
    on = math.fsum(each.on_seconds for each in present)
    mean = math.fsum(each.busy_seconds for each in present) / on
    variance = math.fsum(each.on_seconds * (each.busy_seconds / each.on_seconds - mean) ** 2 for each in present) / on
    return math.sqrt(variance), 1.0
