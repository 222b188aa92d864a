"""Working time as a measure: additive, never backwards, the inverse of itself; on ordinary days and on the nights clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.hours import Hours, Span
from routing.resolution.working_time import LONGEST_DAYS, WorkingTime

BERLIN: Final = ZoneInfo("Europe/Berlin")
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR

ZONES: Final = (
    "Asia/Karachi",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
)
"""Without changes; by an hour; by half an hour; at midnight; and one that once left out a whole day."""
NEAR: Final = (
    date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4),
    date(2026, 4, 24), date(2026, 10, 30), date(2011, 12, 30), date(2026, 8, 14), date(2026, 12, 31),
)  # fmt: skip
"""Days on which the clocks of some of these zones change, a holiday, and the end of a year."""


def of(
    hours: str = "09:00-17:00",
    days: range = range(5),
    zone: ZoneInfo = BERLIN,
    holidays: frozenset[date] = frozenset(),
) -> WorkingTime:
    spans = tuple(_span(text) for text in hours.split())
    return WorkingTime(Hours(weekly=dict.fromkeys(days, spans), holidays=holidays), zone)


def _span(text: str) -> Span:
    opens, _, closes = text.partition("-")
    return Span(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def test_only_opening_hours_count() -> None:
    assert of().between(at("2026-11-27T16:00"), at("2026-11-30T10:00")) == 2 * HOUR


def test_what_is_due_falls_into_the_next_opening() -> None:
    assert of().after(at("2026-11-27T16:00"), 2 * HOUR) == at("2026-11-30T10:00")


def test_time_that_is_used_up_at_the_last_stroke_is_due_then_and_not_next_morning() -> None:
    assert of().after(at("2026-11-27T16:00"), HOUR) == at("2026-11-27T17:00")


def test_no_time_at_all_has_passed_at_once_even_at_night() -> None:
    assert of().after(at("2026-11-28T03:00"), 0) == at("2026-11-28T03:00")


def test_a_holiday_is_no_working_day() -> None:
    closed = of(holidays=frozenset({date(2026, 11, 30)}))
    assert closed.after(at("2026-11-27T16:00"), 2 * HOUR) == at("2026-12-01T10:00")


def test_around_the_clock_every_second_counts() -> None:
    always = WorkingTime(None, BERLIN)
    assert always.between(0, DAY) == DAY
    assert always.after(DAY, HOUR) == DAY + HOUR


@pytest.mark.parametrize(("day", "length"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-01", 8)])
def test_a_night_shift_is_as_long_as_the_night_really_is(day: str, length: int) -> None:
    night = of("22:00-06:00", range(7))
    start = at(f"{day}T22:00")
    assert night.between(start, start + 12 * HOUR) == length * HOUR
    assert night.after(start, length * HOUR) == start + length * HOUR


def test_the_hour_that_is_there_twice_counts_twice_where_it_lies_inside() -> None:
    assert of("01:00-05:00", range(7)).between(at("2026-10-25T00:00"), at("2026-10-25T12:00")) == 5 * HOUR


def test_spans_that_the_skipped_hour_pushes_into_each_other_count_once() -> None:
    pushed = of("01:00-02:45 03:00-05:00", range(7))
    assert pushed.between(at("2026-03-29T00:00"), at("2026-03-29T12:00")) == 3 * HOUR


def test_who_is_never_open_is_due_at_the_far_end() -> None:
    start = at("2026-11-27T16:00")
    assert of(days=range(0)).after(start, HOUR) == start + LONGEST_DAYS * DAY


def test_every_morning_of_a_winter_is_as_long_as_every_other() -> None:
    hours = of(days=range(7))
    for midnight in (at("2026-01-01T00:00") + number * DAY for number in range(80)):
        assert hours.between(midnight, midnight + 12 * HOUR) == 3 * HOUR
        assert hours.after(midnight, 3 * HOUR) == midnight + 12 * HOUR


def test_a_day_that_closes_as_it_opens_is_a_whole_day() -> None:
    whole = of("09:00-09:00", range(7))
    assert whole.between(at("2026-11-27T05:00"), at("2026-11-28T05:00")) == DAY
    assert of("09:00-09:00", range(1)).between(at("2026-11-29T00:00"), at("2026-12-05T00:00")) == DAY


def test_however_far_one_looks_only_so_many_days_are_kept_in_mind() -> None:
    hours, start = of(), at("2026-01-05T09:00")
    for number in range(400):
        hours.between(start, start + number * 10 * DAY)
    assert 1 < len(hours._blocks) <= 64


@pytest.mark.parametrize("zone", ZONES)
def test_years_of_working_time_are_found_again(zone: str) -> None:
    hours, start = of(zone=ZoneInfo(zone)), at("2011-06-01T12:00", ZoneInfo(zone))
    due = hours.after(start, 12_000 * HOUR)
    assert hours.between(start, due) == 12_000 * HOUR


@st.composite
def working(draw: st.DrawFn) -> WorkingTime:
    """Any week: up to three spans a day, some over midnight, some that overlap; holidays near where clocks change."""
    minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
    spans = st.lists(st.builds(Span, opens=minutes, closes=minutes), max_size=3).map(tuple)
    holidays = draw(st.frozensets(st.sampled_from(NEAR), max_size=3))
    weekly = {day: draw(spans) for day in range(7)}
    return WorkingTime(Hours(weekly=weekly, holidays=holidays), ZoneInfo(draw(st.sampled_from(ZONES))))


@st.composite
def instants(draw: st.DrawFn, count: int) -> list[float]:
    """Whole seconds, in order, most of them near a day that is not like others."""
    first = datetime.combine(draw(st.sampled_from(NEAR)), time(), tzinfo=UTC).timestamp()
    near = st.integers(-3 * 86_400, 3 * 86_400)
    far = st.integers(-400 * 86_400, 400 * 86_400)
    return sorted(first + draw(near | far) for _ in range(count))


@given(working(), instants(3))
def test_the_parts_add_up_to_the_whole(hours: WorkingTime, moments: list[float]) -> None:
    start, middle, end = moments
    assert hours.between(start, middle) + hours.between(middle, end) == hours.between(start, end)


@given(working(), instants(2), st.integers(0, 30 * 86_400), st.integers(0, 30 * 86_400))
def test_later_is_never_earlier(hours: WorkingTime, moments: list[float], less: int, more: int) -> None:
    start, end = moments
    less, more = sorted((less, more))
    assert 0 <= hours.between(start, end) <= end - start
    assert start <= hours.after(start, less) <= hours.after(start, more)
    assert hours.after(start, more) <= hours.after(end, more)


@given(working(), instants(1), st.integers(1, 30 * 86_400))
def test_what_is_due_after_so_long_is_so_long_away(hours: WorkingTime, moments: list[float], seconds: int) -> None:
    (start,) = moments
    due = hours.after(start, seconds)
    assume(due < start + LONGEST_DAYS * DAY)
    assert hours.between(start, due) == seconds
    assert hours.between(start, due - 1) == seconds - 1, "it is the first such instant"


@given(working(), instants(2))
def test_what_lay_between_leads_back_to_the_end_but_for_closed_time(hours: WorkingTime, moments: list[float]) -> None:
    start, end = moments
    found = hours.after(start, hours.between(start, end))
    assert start <= found <= end
    assert hours.between(found, end) == 0


@settings(deadline=None, max_examples=40)
@given(working(), st.sampled_from(NEAR), st.integers(0, 2 * 1440))
def test_counted_minute_by_minute_it_is_the_same(hours: WorkingTime, day: date, length: int) -> None:
    first = int(datetime.combine(day - timedelta(days=1), time(), tzinfo=UTC).timestamp())
    opened = _openings(hours, day)
    counted = sum(any(opens <= minute < closes for opens, closes in opened) for minute in _minutes(first, length))
    assert hours.between(first, first + 60 * length) == 60 * counted


def _minutes(first: int, length: int) -> range:
    return range(first, first + 60 * length, 60)


def _openings(hours: WorkingTime, day: date) -> list[tuple[float, float]]:
    """All spans around a day as instants, overlapping as they may."""
    found = []
    assert isinstance(hours._days, Hours)
    for each in (day + timedelta(days=count) for count in range(-5, 5)):
        for span in hours._days.on(each):
            last = each if span.closes > span.opens else each + timedelta(days=1)
            found.append(tuple(datetime.combine(one, local, tzinfo=hours._zone).timestamp()
                               for one, local in ((each, span.opens), (last, span.closes))))  # fmt: skip
    return [(opens, closes) for opens, closes in found]
