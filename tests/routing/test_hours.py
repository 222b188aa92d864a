"""Opening hours in local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.hours import ALWAYS, Hours, Span, closes_next, is_open, opens_next
from routing.rules import HoursRule, hours_of

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


def test_nobody_looks_further_ahead_than_fifteen_days() -> None:
    last, beyond = date(2025, 12, 1), date(2025, 12, 2)
    assert opens_next(Hours(weekly={}, exceptions={last: (DAY,)}), at(17, 10)) == datetime(2025, 12, 1, 9)
    assert opens_next(Hours(weekly={}, exceptions={beyond: (DAY,)}), at(17, 10)) is None


def test_a_holiday_is_closed_unless_it_is_an_exception() -> None:
    holidays = frozenset({date(2025, 11, 18), date(2025, 11, 20)})
    hours = Hours(weekly=WEEK.weekly, exceptions={date(2025, 11, 20): (DAY,)}, holidays=holidays)
    assert not is_open(hours, at(18, 12))
    assert is_open(hours, at(20, 12))
    assert opens_next(hours, at(18, 12)) == at(19, 9)


def test_the_night_before_a_holiday_runs_on_into_it() -> None:
    hours = Hours(weekly=dict.fromkeys(range(7), (NIGHT,)), holidays=frozenset({date(2025, 11, 18)}))
    assert is_open(hours, at(18, 5))
    assert not is_open(hours, at(18, 23))


def test_a_day_has_as_many_openings_as_it_needs() -> None:
    hours = Hours(weekly={0: (Span(opens=time(9), closes=time(12)), Span(opens=time(14), closes=time(17)))})
    assert [is_open(hours, at(17, hour)) for hour in (8, 11, 12, 13, 14, 17)] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]
    assert opens_next(hours, at(17, 12, 30)) == at(17, 14)
    assert closes_next(hours, at(17, 10)) == at(17, 12)
    assert closes_next(hours, at(17, 14)) == at(17, 17)


def test_what_is_closed_closes_no_more() -> None:
    assert closes_next(WEEK, at(17, 8)) is None
    assert closes_next(WEEK, at(17, 17)) is None


def test_openings_without_a_gap_are_one() -> None:
    hours = Hours(
        weekly={0: (DAY, Span(opens=time(17), closes=time(22)), NIGHT), 1: (Span(opens=time(6), closes=time(8)),)}
    )
    assert closes_next(hours, at(17, 9)) == at(18, 8)


def test_around_the_clock_never_closes() -> None:
    assert closes_next(ALWAYS, at(17, 10)) is None


def test_what_is_open_around_the_clock_closes_for_a_holiday() -> None:
    assert closes_next(replace(ALWAYS, holidays=frozenset({date(2025, 11, 20)})), at(17, 10)) == at(20, 0)


spans = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda pair: pair[0] < pair[1]), max_size=3
).map(lambda pairs: tuple(Span(opens=quarter(begin), closes=quarter(end)) for begin, end in pairs))


def quarter(number: int) -> time:
    return (datetime.min + timedelta(minutes=15 * (number % 96))).time()


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.integers(0, 6), spans, max_size=7),
    st.dictionaries(st.integers(15, 25).map(lambda day: date(2025, 11, day)), spans, max_size=3),
    st.frozensets(st.integers(15, 25).map(lambda day: date(2025, 11, day)), max_size=3),
    st.integers(0, 4 * 24 * 7 - 1),
)
def test_opening_and_closing_times_are_those_one_finds_by_looking_every_quarter_of_an_hour(
    weekly: dict[int, tuple[Span, ...]],
    exceptions: dict[date, tuple[Span, ...]],
    holidays: frozenset[date],
    start: int,
) -> None:
    hours = Hours(weekly=weekly, exceptions=exceptions, holidays=holidays)
    local = at(17, 0) + start * timedelta(minutes=15)
    looked = [local + number * timedelta(minutes=15) for number in range(4 * 24 * 12)]
    opens = next((moment for moment in looked if is_open(hours, moment)), None)
    closes = next((moment for moment in looked if not is_open(hours, moment)), None)
    found = opens_next(hours, local)
    assert (found if found is not None and found <= looked[-1] else None) == opens
    if is_open(hours, local):
        found = closes_next(hours, local)
        assert (found if found is not None and found <= looked[-1] else None) == closes


def test_the_hours_of_the_rules_are_hours_that_can_be_asked() -> None:
    rule = HoursRule(
        timezone="Asia/Karachi",
        weekly={"mon": (("09:00", "12:00"), ("22:00", "00:00")), "sun": (("22:00", "06:00"),)},
        exceptions={"2025-11-18": (("10:00", "11:00"),)},
        holidays="PK",
    )
    hours = hours_of(rule, frozenset({date(2025, 11, 24)}))
    assert hours == Hours(
        weekly={0: (Span(opens=time(9), closes=time(12)), Span(opens=time(22), closes=time())), 6: (NIGHT,)},
        exceptions={date(2025, 11, 18): (Span(opens=time(10), closes=time(11)),)},
        holidays=frozenset({date(2025, 11, 24)}),
    )
    assert hours_of(None) is None
