"""Opening hours in local time."""

from __future__ import annotations

from datetime import date, datetime, time

from routing.hours import ALWAYS, Hours, Span, is_open, opens_next

DAY = Span(opens=time(9), closes=time(17))
NIGHT = Span(opens=time(22), closes=time(6))
MONDAY = date(2025, 11, 17)
WEEK = Hours(weekly=dict.fromkeys(range(5), (DAY,)), exceptions={date(2025, 11, 19): ()})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 11, day, hour, minute)


def test_it_is_open_from_the_first_minute_until_just_before_the_last() -> None:
    assert not is_open(WEEK, at(17, 8, 59))
    assert is_open(WEEK, at(17, 9))
    assert is_open(WEEK, at(17, 16, 59))
    assert not is_open(WEEK, at(17, 17))


def test_a_day_with_an_exception_has_its_own_hours() -> None:
    assert not is_open(WEEK, at(19, 12))


def test_a_span_over_midnight_is_open_on_the_next_morning() -> None:
    hours = Hours(weekly={MONDAY.weekday(): (NIGHT,)})
    assert is_open(hours, at(17, 23))
    assert is_open(hours, at(18, 5, 59))
    assert not is_open(hours, at(18, 6))
    assert not is_open(hours, at(17, 5))


def test_around_the_clock_is_always_open() -> None:
    assert is_open(ALWAYS, at(17, 0))
    assert is_open(ALWAYS, at(22, 23, 59))


def test_the_next_opening_skips_closed_days() -> None:
    assert opens_next(WEEK, at(17, 10)) == at(17, 10)
    assert opens_next(WEEK, at(17, 8)) == at(17, 9)
    assert opens_next(WEEK, at(18, 17)) == at(20, 9)
    assert opens_next(WEEK, at(21, 20)) == at(24, 9)


def test_what_never_opens_has_no_next_opening() -> None:
    assert opens_next(Hours(weekly={}), at(17, 10)) is None
