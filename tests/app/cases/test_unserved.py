"""Matters that nobody served and nobody is to serve end by themselves: late enough, not solved, and counted by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.actions.contacts.cancel import cancel
from app.actions.contacts.depart import depart
from app.actions.incidents import declare as incidents
from app.actions.incidents.attach import attach
from app.actions.incidents.declare import Told, Touched
from app.actions.promises.given import give_promise
from app.db import now
from app.queries.audit.audit import audit
from app.queries.reports.cases import cases as report
from app.queries.reports.rows import Period, Wish
from tests.shift import Shift
from tests.solving import DAY, fire, served, tend

WINDOW = 30 * DAY
"""How long a closed case may be opened again, where the rules say nothing else."""


async def hang_up(shift: Shift, **more: Any) -> UUID:
    """A caller who gave up in line; returns the case."""
    waiting = await shift.arrive("phone", **more)
    case: UUID = (await shift.row(waiting))["case_id"]
    await shift.do(depart, waiting, reason="hung_up")
    await tend(shift)
    return case


async def state(shift: Shift, case: UUID) -> tuple[str, str | None]:
    (row,) = await shift.fetch('SELECT state, closed_by FROM "case" WHERE id = $1', case)
    return row["state"], row["closed_by"]


async def later(shift: Shift, seconds: float) -> None:
    await shift.pass_time(seconds)
    await fire(shift)
    await tend(shift)


async def test_who_hung_up_and_never_came_again_leaves_no_case_open_for_ever(shift: Shift) -> None:
    case = await hang_up(shift)
    await later(shift, WINDOW - 60)
    assert await state(shift, case) == ("open", None)
    await later(shift, 120)
    assert await state(shift, case) == ("closed", "unserved")
    assert (await shift.story(case))[-1] == "unserved"
    assert await shift.fetch("SELECT FROM survey") == []
    assert await shift.fetch("SELECT FROM clock WHERE state IN ('running', 'paused')") == []
    assert await shift.fetch("SELECT FROM timer WHERE case_id = $1", case) == []


async def test_what_was_called_off_before_anybody_took_it_ends_the_same_way(shift: Shift) -> None:
    waiting = await shift.arrive("walk_in")
    case = (await shift.row(waiting))["case_id"]
    await shift.do(cancel, waiting, reason="mistake")
    await tend(shift)
    await later(shift, WINDOW + 60)
    assert await state(shift, case) == ("closed", "unserved")


async def test_whoever_comes_again_is_waited_for_anew(shift: Shift) -> None:
    case = await hang_up(shift)
    await later(shift, WINDOW - 60)
    again = await shift.arrive("phone", case_id=case)
    await tend(shift)
    await later(shift, 120)
    assert await state(shift, case) == ("open", None), "they stand in line"
    await shift.do(depart, again, reason="hung_up")
    await tend(shift)
    await later(shift, WINDOW - 60)
    assert await state(shift, case) == ("open", None)
    await later(shift, 120)
    assert await state(shift, case) == ("closed", "unserved")


async def test_a_case_that_somebody_served_stays_until_it_is_solved(shift: Shift) -> None:
    interaction = await served(shift)
    case = (await shift.row(interaction))["case_id"]
    again = await shift.arrive("phone", case_id=case)
    await shift.do(depart, again, reason="hung_up")
    await tend(shift)
    await later(shift, 10 * WINDOW)
    assert await state(shift, case) == ("open", None)


async def test_a_promise_to_them_is_held_to_first(shift: Shift) -> None:
    case = await hang_up(shift)
    due = await moment(shift) + timedelta(seconds=WINDOW + DAY)
    await shift.do(give_promise, case, kind="news", due_at=due, words=None, representative=None)
    await tend(shift)
    await later(shift, WINDOW + 60)
    assert await state(shift, case) == ("open", None)
    await later(shift, DAY)
    await later(shift, WINDOW + 60)
    assert await state(shift, case) == ("closed", "unserved")


async def test_who_is_in_the_menu_at_that_moment_does_not_find_it_closed(shift: Shift) -> None:
    case = await hang_up(shift)
    await shift.pass_time(WINDOW + 60)
    await shift.arrive("phone", None, case_id=case)
    await fire(shift)  # before what has just happened was heard of
    assert await state(shift, case) == ("open", None)


async def test_a_fault_that_goes_on_keeps_its_cases_open(shift: Shift) -> None:
    case = await hang_up(shift)
    at = await moment(shift)
    told = Told(words={"en": "The line is down."}, promised_at=None)
    fault = await shift.do(incidents.declare, told, Touched(request_types=["inquiry"]), since=at - timedelta(hours=1))
    await shift.do(attach, fault.id, case)
    await tend(shift)
    await later(shift, WINDOW + 60)
    assert await state(shift, case) == ("open", None)


async def test_who_comes_after_it_ended_begins_a_case_that_follows_it(shift: Shift) -> None:
    case = await hang_up(shift)
    await later(shift, WINDOW + 60)
    late = await shift.row(await shift.arrive("phone", case_id=case))
    assert late["case_id"] != case
    (follower,) = await shift.fetch('SELECT follows FROM "case" WHERE id = $1', late["case_id"])
    assert follower["follows"] == case
    assert await state(shift, case) == ("closed", "unserved")


async def test_they_are_counted_by_themselves_and_not_as_solved(shift: Shift) -> None:
    for _ in range(12):
        await hang_up(shift)
    await later(shift, WINDOW + 60)
    at = await moment(shift)
    days = Period(first=at.date() - timedelta(days=1), last=at.date() + timedelta(days=2), zone="UTC")
    async with shift.db.session() as session:
        told = await report(session, Wish(by="queue", period=days))
    assert told.total is not None
    (whole,) = told.total
    assert (whole["closed"], whole["unserved"], whole["solved"], whole["not_asked"]) == (12, 12, 0, 0)
    assert (whole["median_seconds"], whole["p90_seconds"]) == (None, None), (
        "what was never solved took no time to solve"
    )


async def moment(shift: Shift) -> datetime:
    async with shift.db.session() as session:
        return await now(session)


async def test_the_audit_finds_a_case_that_nobody_serves_and_nothing_ends(shift: Shift) -> None:
    case = await hang_up(shift)
    kept = await shift.fetch(
        "DELETE FROM timer WHERE case_id = $1 AND kind = 'unserved' RETURNING id, key, kind, case_id, due_at", case
    )
    async with shift.db.connection() as connection:
        assert [(each.rule, each.id) for each in await audit(connection)] == [("ends_unserved", str(case))]
    await shift.execute("INSERT INTO timer (id, key, kind, case_id, due_at) VALUES ($1, $2, $3, $4, $5)", *kept[0])
