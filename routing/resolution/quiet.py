"""Quiet hours: when nobody is to be disturbed by a notice.

Decides whether an instant lies in them, when they began and when they end, by the wall clocks of a place. Never reads a clock;
on the nights the clocks change it errs on the side of silence. What goes in and comes out are instants with a zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

Quiet = tuple[str, str]
"""From, until: "21:00", "08:00"; an end that is not later than the beginning lies on the next day."""

_DAY: Final = timedelta(days=1)
_AT_MOST: Final = 3  # ends in a row: an end in the hour the clocks skip may lie in the next quiet hours


def is_quiet(at: datetime, quiet: Quiet | None, zone: tzinfo) -> bool:
    """Whether nothing may leave at this instant."""
    if quiet is None:
        return False
    begin, end = _times(quiet)
    clock = at.astimezone(zone).time().replace(tzinfo=None)
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def leaves(at: datetime, quiet: Quiet | None, zone: tzinfo) -> datetime:
    """The first instant from `at` on at which something may leave: `at` itself, or the end of the quiet hours."""
    for _ in range(_AT_MOST):
        if quiet is None or not is_quiet(at, quiet, zone):
            return at
        at = _end(at, quiet, zone)
    return at


def began(at: datetime, quiet: Quiet | None, zone: tzinfo) -> datetime:
    """The instant at which the quiet hours around `at` began; `at` itself where it is not quiet."""
    if quiet is None or not is_quiet(at, quiet, zone):
        return at
    begin, _ = _times(quiet)
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    day = local.date() if clock >= begin else local.date() - _DAY
    return min(_instants(datetime.combine(day, begin), zone))


def _end(at: datetime, quiet: Quiet, zone: tzinfo) -> datetime:
    _, end = _times(quiet)
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    day = local.date() if clock < end else local.date() + _DAY
    return max(_instants(datetime.combine(day, end), zone))


def _times(quiet: Quiet) -> tuple[time, time]:
    return time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])


def _instants(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Both readings of a wall clock; they differ only where the clocks change."""
    return (
        wall.replace(tzinfo=zone, fold=0).astimezone(UTC),
        wall.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )
