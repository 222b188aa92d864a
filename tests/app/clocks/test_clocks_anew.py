"""Working hours, holidays, and other targets for cases that are open."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.actions.cases.awaiting import await_customer, stop_awaiting
from app.actions.cases.resolve import resolve
from app.actions.line.closing import close
from app.loops.recomputing import Recomputing
from tests.moving import turns
from tests.shift import Shift
from tests.ticking import HOUR, OFFICE, TARGETS, begin, clock, clocks, go_to, on_case, say_rules, timers


async def test_only_opening_hours_count_and_a_weekend_is_none(shift: Shift) -> None:
    await say_rules(shift, inquiries={"hours": OFFICE})
    await go_to(shift, "2027-03-05T16:30:00+05:00")  # a Friday
    await begin(shift)
    due = (await clock(shift, "first_response"))["due_at"]
    assert abs(due - datetime.fromisoformat("2027-03-08T09:30:00+05:00")) < timedelta(minutes=1)


async def test_a_holiday_is_no_working_day(shift: Shift) -> None:
    await say_rules(shift, inquiries={"hours": {**OFFICE, "holidays": "PK"}})
    await go_to(shift, "2027-03-22T16:30:00+05:00")  # Pakistan Day is the 23rd
    await begin(shift)
    due = (await clock(shift, "first_response"))["due_at"]
    assert abs(due - datetime.fromisoformat("2027-03-24T09:30:00+05:00")) < timedelta(minutes=1)


async def test_a_queue_that_is_closed_by_hand_stops_no_clock(shift: Shift) -> None:
    await say_rules(shift)
    contact, _ = await begin(shift)
    before = (await clock(shift, "first_response"))["due_at"]
    now = (await shift.row(contact))["arrived_at"]
    await shift.do(close, "inquiries", until=now + timedelta(days=2), message=None)
    await turns(Recomputing(shift.db))
    assert (await clock(shift, "first_response"))["due_at"] == before


@pytest.mark.parametrize("hours", [1, 3])
async def test_a_new_target_holds_for_cases_that_are_open(shift: Shift, hours: int) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await say_rules(shift, {**TARGETS, "resolution_seconds": hours * HOUR})
    await turns(Recomputing(shift.db))
    row = await clock(shift, "resolution")
    assert row["due_at"] - row["started_at"] == timedelta(hours=hours)
    assert (await shift.story(case)).count("clock_moved") == 1, "the other has not changed"


async def test_a_longer_target_takes_a_delay_back_and_it_can_be_late_again(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await timers(shift, HOUR + 60)
    await say_rules(shift, {**TARGETS, "first_response_seconds": 3 * HOUR})
    await turns(Recomputing(shift.db))
    assert (await clocks(shift, case))["first_response"] == "running"
    await timers(shift, 2 * HOUR)
    assert (await clocks(shift, case))["first_response"] == "breached"


async def test_other_hours_move_what_is_due(shift: Shift) -> None:
    await say_rules(shift, inquiries={"hours": OFFICE})
    await go_to(shift, "2027-03-05T16:30:00+05:00")
    await begin(shift)
    await say_rules(shift, inquiries={"hours": {**OFFICE, "sat": ["10:00-12:00"]}})
    await turns(Recomputing(shift.db))
    due = (await clock(shift, "first_response"))["due_at"]
    assert abs(due - datetime.fromisoformat("2027-03-06T10:30:00+05:00")) < timedelta(minutes=1)


async def test_a_target_that_is_taken_away_stops_its_clock_and_one_that_is_new_counts_from_now(shift: Shift) -> None:
    await say_rules(shift, {"first_response_seconds": HOUR})
    _, case = await begin(shift)
    await shift.pass_time(HOUR / 2)
    await say_rules(shift, {"resolution_seconds": HOUR})
    await turns(Recomputing(shift.db))
    assert await clocks(shift, case) == {"first_response": "stopped", "resolution": "running"}
    row = await clock(shift, "resolution")
    assert row["started_at"] > (await shift.fetch('SELECT opened_at FROM "case"'))[0]["opened_at"] + timedelta(
        minutes=29
    )


async def test_each_case_is_measured_anew_once_for_each_version(shift: Shift) -> None:
    await say_rules(shift)
    await begin(shift)
    await say_rules(shift, {**TARGETS, "resolution_seconds": HOUR})
    await turns(Recomputing(shift.db))
    before = await shift.everything()
    await turns(Recomputing(shift.db))
    assert await shift.everything() == before


async def test_a_target_that_is_new_while_the_customer_is_waited_for_counts_only_from_their_answer_on(
    shift: Shift,
) -> None:
    await say_rules(shift, {"first_response_seconds": HOUR})
    _, case = await begin(shift)
    await on_case(shift, case, await_customer, cause="photo")
    await say_rules(shift, {"resolution_seconds": HOUR})
    await turns(Recomputing(shift.db))
    await timers(shift, 3 * HOUR)
    assert (await clocks(shift, case))["resolution"] == "paused"
    await on_case(shift, case, stop_awaiting)
    row = await clock(shift, "resolution")
    assert (row["state"], row["spent_seconds"]) == ("running", 0)
    assert row["due_at"] - row["since"] == timedelta(hours=1)


async def test_what_is_solved_while_the_customer_is_waited_for_took_only_our_own_time(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await on_case(shift, case, await_customer, cause="photo")
    await shift.pass_time(30 * HOUR)
    await shift.do(resolve, case, outcome="refunded", root_cause=None)
    await timers(shift)
    row = await clock(shift, "resolution")
    assert row["state"] == "met"
    assert row["spent_seconds"] < HOUR
