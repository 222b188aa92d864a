"""Whether a queue is open at a local time, when it opens next and when it closes.

Knows no time zone: the caller converts, both ways. What comes back is wall-clock time too, so the seconds until then are the
difference of the two *instants* the caller gets by converting, not of the two wall clocks: on the nights the clocks change
those differ by an hour. A local time that is there twice or not at all is the caller's to settle (`fold`, as Python does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

LOOK_AHEAD_DAYS = 15
"""Further ahead nothing is promised: whoever is closed longer says so in words."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Open from `opens` until just before `closes`; a `closes` not later than `opens` lies on the next day."""

    opens: time
    closes: time


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The spans of each weekday (0 = Monday), as many as a day needs; they never overlap.

    A date in `exceptions` has its own spans instead, none = closed. A date in `holidays` that is no exception is closed.
    """

    weekly: Mapping[int, tuple[Span, ...]]
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on this day."""
        own = self.exceptions.get(day)
        if own is not None:
            return own
        return () if day in self.holidays else self.weekly.get(day.weekday(), ())


ALWAYS = Hours(weekly={day: (Span(opens=time(), closes=time()),) for day in range(7)})
"""Around the clock."""


def is_open(hours: Hours, local: datetime) -> bool:
    """Whether it is open at this local wall-clock time (naive)."""
    return _end(hours, local) is not None


def opens_next(hours: Hours, local: datetime) -> datetime | None:
    """The first local time from now on at which it is open: `local` itself if it is; None if not within 15 days."""
    if is_open(hours, local):
        return local
    days = (local.date() + timedelta(days=number) for number in range(LOOK_AHEAD_DAYS))
    return min((begin for day in days for begin, _ in _spans(hours, day) if begin >= local), default=None)


def closes_next(hours: Hours, local: datetime) -> datetime | None:
    """When the opening that holds at `local` ends; spans that follow each other without a gap are one opening.

    None if it is closed now, or does not close within 15 days.
    """
    latest = local + LOOK_AHEAD_DAYS * ONE_DAY
    end = _end(hours, local)
    while end is not None and end <= latest:
        further = _end(hours, end)
        if further is None:
            return end
        end = further
    return None


def _end(hours: Hours, local: datetime) -> datetime | None:
    """The end of the span that holds at `local`; None: none does."""
    days = (local.date() - ONE_DAY, local.date())
    return max((end for day in days for begin, end in _spans(hours, day) if begin <= local < end), default=None)


def _spans(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    found = []
    for span in hours.on(day):
        last = day if span.closes > span.opens else day + ONE_DAY
        found.append((datetime.combine(day, span.opens), datetime.combine(last, span.closes)))
    return found
