"""When the next news are promised, when a promise is looked at, and what an event means for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.promises import effect, keeps, looked_at, next_news
from routing.resolution.quiet import is_quiet, leaves

KARACHI = ZoneInfo("Asia/Karachi")
NIGHT = ("21:00", "08:00")
DAY = 86_400.0
HOUR = 3_600.0

instants = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
zones = st.sampled_from(["Asia/Karachi", "Europe/Berlin", "America/St_Johns"]).map(ZoneInfo)


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


@given(now=instants, zone=zones, hours=st.integers(1, 400), lead=st.integers(0, 100))
def test_a_letter_about_the_next_news_can_always_leave_in_time(
    now: datetime, zone: ZoneInfo, hours: int, lead: int
) -> None:
    due = next_news(now, seconds=hours * HOUR, quiet=NIGHT, zone=zone)
    assert due > now
    assert not is_quiet(due, NIGHT, zone)
    look = looked_at(now, due, lead_seconds=lead * HOUR, quiet=NIGHT, zone=zone)
    assert now <= look <= due
    if lead > 0 and not is_quiet(now, NIGHT, zone):
        assert leaves(look, NIGHT, zone) < due


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
