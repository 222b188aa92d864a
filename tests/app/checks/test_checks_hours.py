"""How long a second person may take is counted as they work: not at night, not on holidays, and once where the clocks change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from app.actions.cases.resolve import resolve
from app.actions.rules import versions as rules
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import alarms, fire, served, tend
from tests.ticking import HOUR, go_to

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def asked_at(shift: Shift, moment: str, **hours: Any) -> datetime:
    """A resolution goes to a second person at this moment, who has four hours; by when."""
    checks = [{"before": "resolution", "within_seconds": 4 * HOUR}]
    wanted = document({"inquiries": {"hours": hours}} if hours else None, resolution={"checks": checks})
    await shift.do(rules.publish, (await shift.do(rules.draft, wanted)).version, recompute=False)
    shift.intake.forget()
    case = (await shift.case(await served(shift)))["id"]
    await tend(shift)
    await go_to(shift, moment)
    await shift.do(resolve, case, outcome=None, actor=person("esther"))
    found: datetime = (await shift.fetch("SELECT due_at FROM second_check"))[0]["due_at"]
    return found


def near(at: datetime, moment: str) -> bool:
    return abs((at - datetime.fromisoformat(moment)).total_seconds()) < 30


async def test_what_is_asked_for_on_friday_evening_is_late_on_monday_and_not_at_night(shift: Shift) -> None:
    week = {day: ["09:00-17:00"] for day in DAYS[:5]}
    at = await asked_at(shift, "2027-03-05T16:00:00+05:00", timezone="Asia/Karachi", **week)
    assert near(at, "2027-03-08T12:00:00+05:00")
    await go_to(shift, "2027-03-07T12:00:00+05:00")
    await fire(shift)
    assert await alarms(shift, "check_late") == []
    await go_to(shift, "2027-03-08T12:01:00+05:00")
    await fire(shift)
    assert len(await alarms(shift, "check_late")) == 1


@pytest.mark.parametrize(
    ("zone", "asked", "late"),
    [
        ("Europe/London", "2027-03-27T23:00:00Z", "2027-03-28T03:00:00Z"),
        ("Europe/London", "2027-10-30T22:00:00Z", "2027-10-31T02:00:00Z"),
        ("America/New_York", "2027-03-14T05:00:00Z", "2027-03-14T09:00:00Z"),
        ("Africa/Cairo", "2027-04-29T21:00:00Z", "2027-04-30T01:00:00Z"),
        ("Australia/Lord_Howe", "2027-04-03T13:00:00Z", "2027-04-03T17:00:00Z"),
    ],
)
async def test_on_a_night_in_which_the_clocks_change_four_hours_are_four_hours(
    shift: Shift, zone: str, asked: str, late: str
) -> None:
    at = await asked_at(shift, asked, timezone=zone, **{day: ["22:00-08:00"] for day in DAYS})
    assert near(at, late)


async def test_where_no_hours_are_said_it_is_around_the_clock(shift: Shift) -> None:
    assert near(await asked_at(shift, "2027-03-05T16:00:00Z"), "2027-03-05T20:00:00Z")
