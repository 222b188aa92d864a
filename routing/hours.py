"""Whether a queue is open at a local time, and when it opens next. Knows no time zone: the caller converts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

LOOK_AHEAD_DAYS = 15
"""Further ahead nothing is promised: whoever is closed longer says so in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Open from `opens` until just before `closes`; a `closes` not later than `opens` lies on the next day."""

    opens: time
    closes: time


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The spans of each weekday (0 = Monday); a date in `exceptions` has its own spans instead, none = closed."""

    weekly: Mapping[int, tuple[Span, ...]]
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on this day."""
        return self.exceptions.get(day, self.weekly.get(day.weekday(), ()))


ALWAYS = Hours(weekly={day: (Span(opens=time(), closes=time()),) for day in range(7)})
"""Around the clock."""


def is_open(hours: Hours, local: datetime) -> bool:
    """Whether it is open at this local wall-clock time (naive)."""
    days = (local.date() - timedelta(days=1), local.date())
    return any(begin <= local < end for day in days for begin, end in _spans(hours, day))


def opens_next(hours: Hours, local: datetime) -> datetime | None:
    """The first local time from now on at which it is open: `local` itself if it is; None if not within 15 days."""
    if is_open(hours, local):
        return local
    days = (local.date() + timedelta(days=number) for number in range(LOOK_AHEAD_DAYS))
    return min((begin for day in days for begin, _ in _spans(hours, day) if begin >= local), default=None)


def _spans(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    found = []
    for span in hours.on(day):
        last = day if span.closes > span.opens else day + timedelta(days=1)
        found.append((datetime.combine(day, span.opens), datetime.combine(last, span.closes)))
    return found
