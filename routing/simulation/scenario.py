"""A scenario as a value: who comes, who works, by which rules. Decides nothing; `reading` says whether a document is one.

All times are seconds. Instants of a day are seconds after its local midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from routing.model import Instant
from routing.rules.model import Rules
from routing.simulation.patience import Patience
from routing.simulation.times import Law

Dates = frozenset[date]
Mix = tuple[tuple[str, float], ...]
"""Names with their shares; together 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The day: periods of equal length from `opens` on. After the last one nobody new comes."""

    date: date
    opens: Instant = 0.0
    periods: int = 1
    period_seconds: float = 3600.0
    warm_up_seconds: float = 0.0
    """Who comes within this time of the opening is served, but not counted."""
    finish: bool = True
    """After closing, whoever waits is served by the staff of after closing; False: what is open then, is left."""
    busyness: float | None = None
    """The shape of the Gamma factor with mean 1 by which all of a day's arrivals are more or fewer; None: always 1."""

    timezone: str | None = None
    """Whose midnight this is; None: a day of plain hours, on which no queue has a zone of its own."""
    holidays: Mapping[str, Dates] = field(default_factory=dict)
    """The holidays of the countries the queues' hours name; a country that is not in it has none."""

    @property
    def closes(self) -> Instant:
        """The end of the last period."""
        return self.opens + self.periods * self.period_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Trait:
    """What one contact of a channel is: live or written, and its cost in units."""

    live: bool = True
    units: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Redial:
    """Who was not served tries again: with this chance, after this time, at most so many times."""

    chance: float
    after: Law
    at_most: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One stream of customers."""

    name: str
    request: str
    per_hour: tuple[float, ...]
    """Arrivals an hour by period; the last counts for all later ones."""
    service: Law
    patience: Law | None = None
    """How long one waits before giving up; None: for ever."""
    channels: Mix = (("call", 1.0),)
    languages: Mix = ()
    offices: Mix = ()
    reasons: Mix = ()
    """Reasons for a head start, each with its own chance."""
    returning: float = 0.0
    """The share of those who have been served before, by one who could serve them: whom they would rather have."""
    no_show: float = 0.0
    """The share of those who are not there when they are called."""
    no_show_seconds: float = 60.0
    """How long the representative waits for them then."""
    unreached: float = 0.0
    """The share of calls back that nobody answers; the representative tries for `no_show_seconds` then."""
    redial: Redial | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """So many representatives from one instant to another; during breaks they take nothing new."""

    people: int
    begins: Instant
    ends: Instant
    breaks: tuple[tuple[Instant, Instant], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """How offers are taken: after which time, and what else may happen instead."""

    after: Law | None = None
    """None: at once."""
    misses: Mix = ()
    """Causes of a missed offer (busy, declined, no_answer, unreachable), each with its chance; together at most 1."""
    away_seconds: float = 300.0
    """Who was set away for missed offers is back after so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """Representatives who are alike."""

    name: str
    queues: frozenset[str]
    people: tuple[int, ...] = ()
    """How many there are by period, and after closing; the last counts for all later ones. With shifts: empty."""
    shifts: tuple[Shift, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()
    office: str | None = None
    groups: frozenset[str] = frozenset()
    capacity: int = 1
    per_hour: int | None = None
    per_day: int | None = None
    answering: Answering = field(default_factory=Answering)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One who is known to come: a contact of the event log, to be played again."""

    at: Instant
    request: str | None
    """None: it asked for nothing by name; then `queue` is given."""
    channel: str
    service_seconds: float
    patience_seconds: float | None = None
    """After so long they gave up; None: they did not."""
    waited_seconds: float = 0.0
    """So long they waited, at least: whoever did not give up has more patience than that."""
    queue: str | None = None
    """Where it waited, when that is not where the request goes."""
    language: str | None = None
    office: str | None = None
    reasons: tuple[str, ...] = ()
    """What they were given a head start for: worth what the rules of the day say."""
    head_start_seconds: float = 0.0
    """Beside what the reasons are worth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Everything a day is simulated from."""

    name: str
    rules: Rules
    teams: tuple[Team, ...]
    calendar: Calendar
    sources: tuple[Source, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    """Played again just as they are, beside the sources."""
    patience: Mapping[str, Patience] = field(default_factory=dict)
    """By channel: how long those wait of whom only the shortest is known. Channels that are not in it: for ever."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    within_seconds: float = 20.0
    """The T of the service level."""
    places: int | None = None
    """How many may wait at once; one more is turned away as blocked. None: no limit."""
    seed: int = 1
    replications: int = 10
    confidence: float = 0.95
