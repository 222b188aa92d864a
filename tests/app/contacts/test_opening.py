"""Opening hours as instants: time zones, nights the clocks change, holidays, and spans past midnight."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.queries.line.opening import Calendar
from routing.rules import HoursRule, QueueRule, Rules

LAHORE = ZoneInfo("Asia/Karachi")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = dict.fromkeys(DAYS[:5], (("09:00", "13:00"), ("14:00", "17:00")))


def calendar(**hours: Any) -> Calendar:
    rule = QueueRule(
        name="Sales", target_seconds=60, offer_timeout_seconds=20, hours=HoursRule(**hours) if hours else None
    )
    return Calendar(Rules(version=1, queues={"sales": rule}, requests={}), LAHORE)


def at(text: str, zone: ZoneInfo = LAHORE, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        ("2026-11-23T08:59", False, "2026-11-23T09:00"),
        ("2026-11-23T09:00", True, None),
        ("2026-11-23T13:30", False, "2026-11-23T14:00"),
        ("2026-11-23T17:00", False, "2026-11-24T09:00"),
        ("2026-11-27T17:00", False, "2026-11-30T09:00"),
    ],
)
def test_several_spans_a_day_are_kept_and_the_next_opening_is_told(
    moment: str, is_open: bool, opens: str | None
) -> None:
    found = calendar(weekly=OFFICE_HOURS).opening("sales", at(moment))
    assert found.open == is_open
    assert found.opens_at == (at(opens).timestamp() if opens else None)


def test_a_queue_without_hours_never_closes() -> None:
    found = calendar().opening("sales", datetime.now(UTC))
    assert (found.open, found.closes_at) == (True, None)


def test_open_around_the_clock_never_closes_at_midnight() -> None:
    found = calendar(weekly=dict.fromkeys(DAYS, (("00:00", "00:00"),))).opening("sales", at("2026-11-23T23:59:59"))
    assert (found.open, found.closes_at) == (True, None)


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    night = calendar(weekly={"mon": (("22:00", "06:00"),)})
    found = night.opening("sales", at("2026-11-24T05:00"))
    assert (found.open, found.closes_at) == (True, at("2026-11-24T06:00").timestamp())
    assert not night.opening("sales", at("2026-11-24T06:00")).open


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 7), ("2026-10-25", 9), ("2026-11-01", 8)])
def test_the_night_the_clocks_change_is_as_long_as_it_really_is(day: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    rule = calendar(timezone="Europe/Berlin", weekly=dict.fromkeys(DAYS, (("22:00", "06:00"),)))
    start = at(f"{day}T00:00", berlin).timestamp() - 7200  # ten in the evening of the day before
    found = rule.opening("sales", datetime.fromtimestamp(start, tz=UTC))
    assert found.closes_at is not None
    assert (found.open, found.closes_at - start) == (True, hours * 3600)


def test_holidays_of_the_country_are_closed_and_exceptions_come_first() -> None:
    open_every_day = dict.fromkeys(DAYS, (("09:00", "17:00"),))
    assert not calendar(weekly=open_every_day, holidays="PK").opening("sales", at("2026-08-14T12:00")).open
    assert not calendar(weekly=open_every_day, holidays="IN-TG").opening("sales", at("2026-01-26T12:00")).open
    excepted = {"2026-08-14": (("10:00", "12:00"),)}
    kept = calendar(weekly=open_every_day, holidays="PK", exceptions=excepted)
    assert kept.opening("sales", at("2026-08-14T11:00")).open
    assert not kept.opening("sales", at("2026-08-14T12:00")).open
    assert kept.opening("sales", at("2026-08-13T12:00")).open


def test_a_zone_and_a_country_nobody_knows_close_nothing() -> None:
    found = calendar(timezone="Mars/Olympus", weekly=OFFICE_HOURS, holidays="XX").opening(
        "sales", at("2026-11-23T10:00")
    )
    assert found.open


def test_who_is_closed_longer_than_a_fortnight_promises_no_opening() -> None:
    assert calendar(weekly={}).opening("sales", at("2026-11-23T10:00")).opens_at is None


def test_the_night_after_the_years_last_holiday_is_a_holidays_night() -> None:
    """The last of December is a public holiday in the Philippines, so its night shift does not begin."""
    night = calendar(weekly=dict.fromkeys(DAYS, (("22:00", "06:00"),)), holidays="PH", exceptions={"2027-01-02": ()})
    assert not night.opening("sales", at("2026-12-31T23:00")).open
    assert not night.opening("sales", at("2027-01-01T02:00")).open


def test_a_span_in_the_hour_the_clocks_skip_is_no_opening() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = calendar(timezone="Europe/Berlin", weekly={"sun": (("02:30", "03:15"), ("09:00", "10:00"))}).opening(
        "sales", at("2027-03-28T01:00", berlin)
    )
    assert (found.open, found.opens_at) == (False, at("2027-03-28T09:00", berlin).timestamp())
