"""When queues are open: weekly hours, exceptions, public holidays and time zones, as instants.

Decides what a local time means on the nights the clocks change, and which days are holidays. Spans are compared as instants,
never as wall clocks, so such a night is as long as it really is. Never reads a clock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.hours import LOOK_AHEAD_DAYS, Hours
from routing.rules import HoursRule, Rules, hours_of

log = logging.getLogger(__name__)

_ONE_DAY: Final = timedelta(days=1)
_SOON_SECONDS: Final = 86_400.0

Opened = tuple[float, float]
"""Open from one instant until just before another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """How a queue's hours stand at an instant. `closes_at`: None where it does not close within a day."""

    open: bool
    opens_at: float | None = None
    closes_at: float | None = None


_ALWAYS: Final = Opening(open=True)


class Calendar:
    """The opening times of all queues of one set of rules, each worked out for a fortnight and kept for its local day."""

    def __init__(self, rules: Rules, zone: ZoneInfo) -> None:
        """`zone`: the first office's, where a queue names none."""
        self.rules = rules
        self.zone = zone
        self._known: dict[tuple[str, date], list[Opened]] = {}

    def zone_of(self, queue: str) -> ZoneInfo:
        """The zone a queue's days are counted in."""
        hours = self.rules.queues[queue].hours
        return self.zone if hours is None or hours.timezone is None else _zone(hours.timezone, self.zone.key)

    def opening(self, queue: str, now: datetime) -> Opening:
        """Whether it is open at `now`, when it opens next and when it closes. Holidays may take a moment to be read."""
        hours = self.rules.queues[queue].hours
        if hours is None:
            return _ALWAYS
        instant = now.timestamp()
        for start, end in self._opened(queue, hours, now):
            if instant < start:
                return Opening(open=False, opens_at=start)
            if instant < end:
                return Opening(open=True, closes_at=end if end - instant <= _SOON_SECONDS else None)
        return Opening(open=False)

    def next_opening(self, queue: str, *, after: datetime) -> float | None:
        """The first instant from `after` on at which its hours say it is open; None = not within a fortnight."""
        opening = self.opening(queue, after)
        return after.timestamp() if opening.open else opening.opens_at

    def _opened(self, queue: str, hours: HoursRule, now: datetime) -> list[Opened]:
        zone = self.zone_of(queue)
        today = now.astimezone(zone).date()
        if (queue, today) not in self._known:
            if len(self._known) > _MOST_KEPT:
                self._known.clear()
            self._known[queue, today] = _instants(_hours(hours, today), today, zone)
        return self._known[queue, today]


_MOST_KEPT: Final = 20_000
"""As many queues as there may be, on two days: with fewer they would be worked out anew every second."""


def _instants(hours: Hours, today: date, zone: ZoneInfo) -> list[Opened]:
    """All openings from yesterday on for a fortnight; those that follow each other without a gap are one."""
    spans = sorted(
        (_instant(day, span.opens, zone), _instant(day if span.closes > span.opens else day + _ONE_DAY, span.closes, zone))
        for day in (today + (number - 1) * _ONE_DAY for number in range(LOOK_AHEAD_DAYS + 2))
        for span in hours.on(day)
    )  # fmt: skip
    merged: list[Opened] = []
    for start, end in spans:
        if start >= end:  # all of it lies in the hour the clocks skip
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _instant(day: date, at: time, zone: ZoneInfo) -> float:
    """A local time as an instant: there twice, it is the first; not there at all, as long after midnight as it says."""
    return datetime.combine(day, at, tzinfo=zone).timestamp()


def _hours(rule: HoursRule, today: date) -> Hours:
    years = {day.year for day in (today - _ONE_DAY, today, today + LOOK_AHEAD_DAYS * _ONE_DAY)}
    hours = hours_of(rule, holidays_in(rule.holidays, years))
    assert hours is not None, "there is a rule"
    return hours


def holidays_in(country: str | None, years: Iterable[int]) -> frozenset[date]:
    """The public holidays of a country such as "PK" or a part of one such as "IN-TG" in these years; of None there are none."""
    return frozenset().union(*(_holidays_of(country, year) for year in years)) if country else frozenset()


@lru_cache(maxsize=200)
def _holidays_of(country: str, year: int) -> frozenset[date]:
    """The public holidays of "PK" or "IN-TG"; a country or part nobody knows has none, and that is told once."""
    import holidays  # a quarter of a second to load: only who keeps holidays pays it

    name, _, part = country.partition("-")
    try:
        return frozenset(holidays.country_holidays(name, subdiv=part or None, years=year))
    except NotImplementedError:
        log.warning("there are no holidays known for %s", country)
        return frozenset()


@lru_cache(maxsize=200)
def _zone(name: str, otherwise: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("there is no time zone %s", name)
        return ZoneInfo(otherwise)
