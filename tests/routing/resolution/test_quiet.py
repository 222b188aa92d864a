"""Quiet hours: nothing leaves in them, and what waits for their end leaves as soon as they are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.quiet import Quiet, began, is_quiet, leaves

KARACHI = ZoneInfo("Asia/Karachi")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT: Quiet = ("21:00", "08:00")

instants = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
zones = st.sampled_from(["Asia/Karachi", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
times = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 59])).map(lambda at: f"{at[0]:02}:{at[1]:02}")
quiets = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1])


def at(text: str, zone: ZoneInfo = KARACHI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-03-02T20:59", "2026-03-02T20:59"),
        ("2026-03-02T21:00", "2026-03-03T08:00"),
        ("2026-03-03T03:00", "2026-03-03T08:00"),
        ("2026-03-03T08:00", "2026-03-03T08:00"),
    ],
)
def test_what_is_written_at_night_leaves_in_the_morning(now: str, left: str) -> None:
    assert leaves(at(now), NIGHT, KARACHI) == at(left)


def test_quiet_hours_may_lie_within_a_day() -> None:
    assert leaves(at("2026-03-02T13:10"), ("13:00", "14:00"), KARACHI) == at("2026-03-02T14:00")
    assert not is_quiet(at("2026-03-02T12:59"), ("13:00", "14:00"), KARACHI)
    assert is_quiet(at("2026-03-02T13:00"), ("13:00", "14:00"), KARACHI)
    assert not is_quiet(at("2026-03-02T14:00"), ("13:00", "14:00"), KARACHI)
    assert began(at("2026-03-02T13:10"), ("13:00", "14:00"), KARACHI) == at("2026-03-02T13:00")


def test_an_end_that_is_the_beginning_lies_on_the_next_day() -> None:
    assert all(is_quiet(at(f"2026-03-02T{hour:02}:00"), ("08:00", "08:00"), KARACHI) for hour in range(24))


def test_without_quiet_hours_everything_leaves_at_once() -> None:
    assert leaves(at("2026-03-02T03:00"), None, KARACHI) == at("2026-03-02T03:00")
    assert began(at("2026-03-02T03:00"), None, KARACHI) == at("2026-03-02T03:00")
    assert not is_quiet(at("2026-03-02T03:00"), None, KARACHI)


def test_where_quiet_hours_began_is_the_evening_before() -> None:
    assert began(at("2026-03-03T03:00"), NIGHT, KARACHI) == at("2026-03-02T21:00")
    assert began(at("2026-03-02T21:00"), NIGHT, KARACHI) == at("2026-03-02T21:00")


def test_a_beginning_that_comes_twice_is_the_first() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert began(at("2026-10-25T05:00", BERLIN), ("02:30", "08:00"), BERLIN) == first


def test_an_end_that_the_clocks_skip_is_the_hour_after() -> None:
    assert leaves(at("2026-03-29T01:00", BERLIN), ("21:00", "02:30"), BERLIN) == at("2026-03-29T03:30", BERLIN)


def test_an_end_that_comes_twice_is_the_second() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert leaves(at("2026-10-25T01:00", BERLIN), ("21:00", "02:30"), BERLIN) == second


@given(now=instants, quiet=quiets, zone=zones)
def test_nothing_ever_leaves_in_quiet_hours_nor_before_it_was_written(now: datetime, quiet: Quiet, zone: str) -> None:
    place = ZoneInfo(zone)
    left = leaves(now, quiet, place)
    assert left >= now
    assert left - now <= timedelta(hours=27)
    assert not is_quiet(left, quiet, place) or left - now > timedelta(hours=20)
    assert leaves(left, quiet, place) == left or is_quiet(left, quiet, place)
    assert began(now, quiet, place) <= now
