"""What is usual is told by windows that can be compared: of the same length, at the same hour of the day, counted once."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.actions.incidents.surges import earlier, window
from app.actions.rules import versions as rules
from tests.app.incidents.test_surges import clock, come, history, look
from tests.ruling import document
from tests.shift import Shift

QUARTER = timedelta(minutes=15)


async def windows_of(shift: Shift, seconds: int) -> None:
    """Windows of this length are in force, and one has just begun."""
    surge = {"window_seconds": seconds, "at_least": 6, "chance": 0.0001}
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", "surge": surge}))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()
    at = await clock(shift)
    await shift.pass_time((window(at, seconds) + timedelta(seconds=seconds) - at).total_seconds() + 1)


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Windows of a quarter of an hour."""
    await windows_of(shift, 900)


async def test_windows_of_another_length_are_not_held_against_those_counted_before(shift: Shift) -> None:
    """Four came in each quarter of an hour: twenty in an hour are usual, and an hour looked like a quarter."""
    await history(shift, contacts=4)
    await windows_of(shift, 3_600)
    await come(shift, 20)
    assert await look(shift) == []


async def test_what_is_usual_is_known_again_once_enough_windows_of_the_new_length_were_counted(shift: Shift) -> None:
    await windows_of(shift, 300)
    await windows_of(shift, 900)
    await shift.pass_time(86_400)
    await history(shift)
    await come(shift, 20)
    assert len(await look(shift)) == 1


async def test_a_window_that_is_counted_twice_for_the_clock_was_set_back_is_no_surge(shift: Shift) -> None:
    await history(shift, contacts=4)
    await come(shift, 11)
    await shift.pass_time(900)
    await come(shift, 1)
    await shift.pass_time(-900)
    await come(shift, 11)
    assert await look(shift) == []


async def test_a_request_that_was_taken_from_the_rules_holds_up_no_other_surge(shift: Shift) -> None:
    """It surged in the window that runs, and the rules do not know it any more."""
    await history(shift)
    await history(shift, "abroad")
    await shift.execute("INSERT INTO surge_count VALUES ('abroad', '', $1, 20)", window(await clock(shift), 900))
    await come(shift, 12)
    assert [row["request_types"] for row in await look(shift)] == [["inquiry"]]


@pytest.mark.parametrize(
    ("zone", "now", "weeks_before"),
    [
        ("Europe/London", "2026-03-30T08:00Z", "2026-03-23T09:00Z"),
        ("Europe/London", "2026-10-26T09:00Z", "2026-10-19T08:00Z"),
        ("America/New_York", "2026-03-09T13:00Z", "2026-03-02T14:00Z"),
        ("Australia/Lord_Howe", "2026-10-05T22:00Z", "2026-09-28T22:30Z"),
        ("Asia/Karachi", "2026-03-30T04:00Z", "2026-03-23T04:00Z"),
    ],
)
def test_after_the_clocks_changed_nine_in_the_morning_is_held_against_nine_in_the_morning(
    zone: str, now: str, weeks_before: str
) -> None:
    at, then = datetime.fromisoformat(now), datetime.fromisoformat(weeks_before)
    same, recent = earlier(at, 900, first=at - timedelta(weeks=9), zone=ZoneInfo(zone))
    assert {then - QUARTER, then, then + QUARTER} <= {*same}
    assert recent == [at - QUARTER * number for number in range(2, 6)], "a moment ago is a moment ago"
    assert len(same) == 12
    assert all(each == window(each, 900) for each in same), "only windows that were counted"
