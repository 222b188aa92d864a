"""What a simulated day counts, while it runs. Decides what counts as what; computes nothing that can wait until its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.model import Instant
from routing.simulation.scenario import Calendar

SLOTS = 48
"""Into so many parts the day is cut, for pictures."""


UNREASONED = "none"
"""How those without a head start are counted."""


class Tally:
    """The contacts of one queue, or of one reason."""

    __slots__ = (
        "abandoned", "abandoned_within", "answered", "answered_within", "blocked", "called_back", "escalated", "gave_up",
        "left", "missed", "no_shows", "overflowed", "returned", "turned_away", "unreached", "waits", "within",
    )  # fmt: skip

    def __init__(self, within_seconds: float) -> None:
        self.within = within_seconds
        self.waits: list[float] = []
        """Seconds until the answer, of those answered."""
        self.gave_up: list[float] = []
        """Seconds until they gave up, of those who did."""
        self.answered = self.answered_within = self.abandoned = self.abandoned_within = 0
        """Of the answered it is known how many when the day is over: `settle`."""
        self.blocked = self.turned_away = self.no_shows = self.left = 0
        self.called_back = self.unreached = self.overflowed = self.escalated = self.returned = self.missed = 0

    @property
    def contacts(self) -> int:
        """All who came and were counted: answered, gave up, found no place, were turned away, were not there, or are left."""
        ended = self.answered + self.abandoned + self.blocked + self.turned_away
        return ended + self.no_shows + self.unreached + self.left

    def settle(self) -> None:
        """The day is over: all who are answered are."""
        within = self.within
        self.answered = len(self.waits)
        self.answered_within = sum([seconds <= within for seconds in self.waits])

    def add(self, other: Tally) -> None:
        """These as well."""
        for name in self.__slots__:
            if name != "within":
                setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """How busy one representative was: seconds with work in hand, of seconds on shift."""

    busy_seconds: float
    on_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One day."""

    queues: Mapping[str, Tally]
    reasons: Mapping[str, Tally]
    """By reason for a head start; `UNREASONED` for those without."""
    teams: Mapping[str, tuple[Work, ...]]
    slots: Mapping[str, tuple[float, ...]]
    """Of each part of the day, by arrival: `contacts`, `answered`, `within`, `abandoned`, and `waited` seconds of those answered."""
    offers: int
    ended: Instant
    """When the last one was gone, or the day closed."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Head starts that were not granted, by reason."""

    def all(self) -> Tally:
        """All queues together."""
        tallies = list(self.queues.values())
        whole = Tally(tallies[0].within if tallies else 0.0)
        for tally in tallies:
            whole.add(tally)
        return whole


class Slots:
    """The day cut into parts of equal length."""

    def __init__(self, calendar: Calendar) -> None:
        self._opens = calendar.opens
        self._seconds = (calendar.closes - calendar.opens) / SLOTS
        self.served: list[tuple[Instant, float]] = []
        """Who was answered: when they came, and the seconds they waited."""
        self.others = [0] * SLOTS
        """Who came and was neither answered nor gave up."""
        self.abandoned = [0] * SLOTS

    def of(self, instant: Instant) -> int:
        """Which part this instant lies in."""
        slot = int((instant - self._opens) / self._seconds)
        return slot if 0 <= slot < SLOTS else 0 if slot < 0 else SLOTS - 1

    def figures(self, within_seconds: float) -> dict[str, tuple[float, ...]]:
        """All of it, by name."""
        answered, within, waited, of = [0] * SLOTS, [0] * SLOTS, [0.0] * SLOTS, self.of
        for came, seconds in self.served:
            slot = of(came)
            answered[slot] += 1
            waited[slot] += seconds
            if seconds <= within_seconds:
                within[slot] += 1
        return {
            "contacts": tuple(map(sum, zip(answered, self.abandoned, self.others, strict=True))),
            "answered": tuple(answered),
            "within": tuple(within),
            "abandoned": tuple(self.abandoned),
            "waited": tuple(waited),
        }
