"""When the next news are promised, when a promise is looked at, and what an event means for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.resolution.promises import effect, keeps, looked_at, next_news
from routing.resolution.quiet import Quiet, is_quiet, leaves

KARACHI = ZoneInfo("Asia/Karachi")
LONDON = ZoneInfo("Europe/London")
NIGHT = ("21:00", "08:00")
DAY = 86_400.0
HOUR = 3_600.0

instants = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
zones = st.sampled_from(
    ["Asia/Karachi", "Europe/London", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "America/St_Johns"]
).map(ZoneInfo)
quarters = st.integers(0, 95).map(lambda number: f"{number // 4:02}:{number % 4 * 15:02}")
MINUTES = 1_440


def minutes(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


# At least four hours of a day are not quiet: in a night in which the clocks change three of them are left.
quiets = st.tuples(quarters, quarters).filter(lambda pair: (minutes(pair[0]) - minutes(pair[1])) % MINUTES >= 240)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KARACHI)


def test_news_are_promised_so_long_after_the_last() -> None:
    assert next_news(at("2026-03-02T12:00"), seconds=2 * DAY, quiet=NIGHT, zone=KARACHI) == at("2026-03-04T12:00")


def test_news_that_would_be_due_at_night_are_promised_for_the_morning() -> None:
    assert next_news(at("2026-03-02T23:00"), seconds=2 * DAY, quiet=NIGHT, zone=KARACHI) == at("2026-03-05T09:00")


def test_a_promise_is_looked_at_a_lead_before_its_time() -> None:
    made, due = at("2026-03-02T12:00"), at("2026-03-04T12:00")
    assert looked_at(made, due, lead_seconds=4 * HOUR, quiet=NIGHT, zone=KARACHI) == at("2026-03-04T08:00")


def test_a_lead_longer_than_half_the_promise_is_half_of_it() -> None:
    made, due = at("2026-03-02T12:00"), at("2026-03-02T14:00")
    assert looked_at(made, due, lead_seconds=4 * HOUR, quiet=None, zone=KARACHI) == at("2026-03-02T13:00")


def test_what_is_due_before_the_morning_is_looked_at_the_evening_before() -> None:
    made, due = at("2026-03-02T12:00"), at("2026-03-04T07:00")
    assert looked_at(made, due, lead_seconds=4 * HOUR, quiet=NIGHT, zone=KARACHI) == at("2026-03-03T20:00")


def test_what_is_due_as_the_night_ends_is_looked_at_the_evening_before_too() -> None:
    made, due = at("2026-03-02T12:00"), at("2026-03-04T08:00")
    assert looked_at(made, due, lead_seconds=4 * HOUR, quiet=NIGHT, zone=KARACHI) == at("2026-03-03T20:00")


def test_news_that_would_be_due_as_the_night_ends_are_promised_for_when_a_letter_can_be_there() -> None:
    assert next_news(at("2026-03-02T22:00"), seconds=10 * HOUR, quiet=NIGHT, zone=KARACHI) == at("2026-03-03T09:00")


def test_where_only_half_an_hour_is_not_quiet_news_are_promised_for_its_midst() -> None:
    assert next_news(at("2026-03-02T12:00"), seconds=DAY, quiet=("09:00", "08:30"), zone=KARACHI) == at(
        "2026-03-04T08:45"
    )


@given(now=instants, zone=zones, quiet=quiets, hours=st.integers(1, 400), lead=st.integers(1, 100))
@example(now=datetime(2027, 3, 27, 21, 0, tzinfo=UTC), zone=LONDON, quiet=("21:00", "01:30"), hours=4, lead=1)
@example(now=datetime(2027, 10, 30, 22, 0, tzinfo=UTC), zone=LONDON, quiet=("21:00", "01:30"), hours=4, lead=1)
def test_a_letter_about_the_next_news_can_always_leave_in_time(
    now: datetime, zone: ZoneInfo, quiet: Quiet, hours: int, lead: int
) -> None:
    due = next_news(now, seconds=hours * HOUR, quiet=quiet, zone=zone)
    assert due > now
    assert not is_quiet(due, quiet, zone)
    look = looked_at(now, due, lead_seconds=lead * HOUR, quiet=quiet, zone=zone)
    assert now <= look <= due
    assert leaves(look, quiet, zone) < due


def test_a_promise_is_kept_between_the_word_and_its_time() -> None:
    made, due = at("2026-03-02T12:00"), at("2026-03-04T12:00")
    assert keeps(made, due, due)
    assert keeps(made, due, made + timedelta(seconds=1))
    assert not keeps(made, due, made), "what is said with the word is not what was promised"
    assert not keeps(made, due, due + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("event", "contact", "meaning"),
    [
        (("interaction", "answered", {}), (False, False), "news"),
        (("interaction", "completed", {}), (True, False), "news"),
        (("interaction", "completed", {}), (False, False), "callback_over"),
        (("interaction", "accepted", {}), (True, True), "called"),
        (("interaction", "accepted", {}), (True, False), "none"),
        (("interaction", "postponed", {"at": "2026-03-02T12:00:00+00:00"}), (True, True), "callback_at"),
        (("interaction", "callback_requested", {}), (True, True), "callback_now"),
        (("interaction", "callback_requested", {"offered": True}), (True, True), "none"),
        (("interaction", "callback_requested", {"hung_up": True}), (True, True), "none"),
        (("interaction", "cancelled", {}), (True, True), "callback_over"),
        (("interaction", "parked", {}), (False, False), "none"),
        (("interaction", "wrote", {}), (False, False), "none"),
        (("case", "resolved", {}), (False, False), "solved"),
        (("case", "check_passed", {}), (False, False), "solved"),
        (("case", "lapsed", {}), (False, False), "over"),
        (("case", "merged", {}), (False, False), "merged"),
        (("case", "noticed", {}), (False, False), "none"),
        (("case", "promised", {}), (False, False), "none"),
    ],
)
def test_what_an_event_means(
    event: tuple[str, str, dict[str, object]], contact: tuple[bool, bool], meaning: str
) -> None:
    subject, kind, data = event
    assert effect(subject, kind, data, live=contact[0], callback=contact[1]) == meaning
