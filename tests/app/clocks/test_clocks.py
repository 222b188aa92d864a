"""The clocks of a case as the log is followed: what starts, pauses, meets and ends them, and who is told."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.awaiting import await_customer, stop_awaiting
from app.actions.cases.merge import merge
from app.actions.cases.resolve import resolve
from app.actions.clocks import due as clocks_due
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.contacts.write import write
from app.actions.record import locked
from app.db import now
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.security import Actor
from app.tables import Case
from channels.base import Wrote
from tests.moving import turns
from tests.ruling import document, rule
from tests.shift import SUPERVISOR, Shift, person
from tests.ticking import HOUR, alarms, answer, begin, clock, clocks, on_case, say_rules, tend, timers


async def test_a_case_begins_with_a_clock_for_the_first_response_and_one_for_the_resolution(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    assert await clocks(shift, case) == {"first_response": "running", "resolution": "running"}
    opened = (await shift.fetch('SELECT opened_at FROM "case"'))[0]["opened_at"]
    for kind, seconds in (("first_response", HOUR), ("resolution", 10 * HOUR)):
        row = await clock(shift, kind)
        assert (row["started_at"], row["due_at"]) == (opened, opened + timedelta(seconds=seconds))


async def test_without_targets_there_are_no_clocks(shift: Shift) -> None:
    await say_rules(shift, {})
    _, case = await begin(shift)
    assert await clocks(shift, case) == {}


async def test_only_the_targets_that_are_set_have_clocks(shift: Shift) -> None:
    await say_rules(shift, {"resolution_seconds": HOUR})
    contact, case = await begin(shift)
    await answer(shift, contact)
    await shift.arrive("email", case_id=case)
    await tend(shift)
    assert await clocks(shift, case) == {"resolution": "running"}


async def test_an_answer_meets_the_first_response_and_accepting_a_letter_is_none(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact)
    await tend(shift)
    assert (await clocks(shift, case))["first_response"] == "running"
    await answer(shift, contact)
    assert (await clocks(shift, case))["first_response"] == "met"


async def test_who_is_served_in_person_was_answered(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift, "walk_in")
    await shift.serve(contact)
    await tend(shift)
    assert (await clocks(shift, case))["first_response"] == "met"


async def test_the_first_response_covers_what_is_said_before_it_and_the_oldest_word_counts_after_it(
    shift: Shift,
) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.arrive("email", case_id=case)
    await tend(shift)
    assert "next_response" not in await clocks(shift, case)
    await answer(shift, contact)
    await shift.arrive("email", case_id=case)
    await shift.pass_time(HOUR)
    await shift.arrive("email", case_id=case)
    await tend(shift)
    rows = await shift.fetch("SELECT started_at, due_at, state FROM clock WHERE kind = 'next_response'")
    assert [(row["state"], row["due_at"] - row["started_at"]) for row in rows] == [("running", timedelta(hours=2))]
    turn = await shift.fetch("SELECT at FROM touch ORDER BY number")
    assert rows[0]["started_at"] == turn[1]["at"]
    await answer(shift, contact)
    assert (await clocks(shift, case))["next_response"] == "met"


async def test_a_machines_letter_starts_nothing(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await answer(shift, contact)
    letter = Wrote(ref="out", contact="out", content="out", body="Away", language="en", automatic=True)
    await shift.take("email", letter, case_id=case)
    await tend(shift)
    assert "next_response" not in await clocks(shift, case)


async def test_while_the_customer_is_awaited_no_time_is_spent_and_never_twice(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await shift.pass_time(HOUR / 2)
    for _ in range(2):
        await on_case(shift, case, await_customer, cause="photo")
    assert await clocks(shift, case) == {"first_response": "paused", "resolution": "paused"}
    await timers(shift, 30 * HOUR)
    assert await clocks(shift, case) == {"first_response": "paused", "resolution": "paused"}
    for _ in range(2):
        await on_case(shift, case, stop_awaiting)
    row = await clock(shift, "resolution")
    assert row["state"] == "running"
    assert row["spent_seconds"] == pytest.approx(HOUR / 2, abs=60)
    assert (row["due_at"] - row["since"]).total_seconds() == pytest.approx(9.5 * HOUR, abs=60)
    assert (await shift.story(case)).count("clock_paused") == 2, "each of the two once"


async def test_a_customer_who_writes_ends_the_pause(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await answer(shift, contact, asks="photo")
    assert (await clocks(shift, case))["resolution"] == "paused"
    await shift.arrive("email", case_id=case)
    await tend(shift)
    found = await clocks(shift, case)
    assert (found["resolution"], found["next_response"]) == ("running", "running")


async def test_solving_it_meets_the_resolution_and_reopening_starts_it_anew(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift, "walk_in")
    await shift.serve(contact)
    await shift.do(complete, contact, outcome=None)
    await shift.do(resolve, case, outcome="refunded", root_cause=None)
    await tend(shift)
    assert await clocks(shift, case) == {"first_response": "met", "resolution": "met"}
    assert await shift.fetch("SELECT * FROM timer WHERE kind LIKE 'clock%'") == []
    await shift.arrive("email", case_id=case)
    await tend(shift)
    assert (await clocks(shift, case))["resolution"] == "running"
    assert (await clock(shift, "resolution"))["spent_seconds"] == 0


async def test_named_people_and_the_owner_are_told_before_it_is_late_and_once(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact, "ayesha")
    await timers(shift, 0.8 * HOUR - 60)
    assert await alarms(shift, "clock_near") == []
    await timers(shift, 120)
    await timers(shift, 60)
    assert await alarms(shift, "clock_near") == ["ayesha", "bilal"]
    assert (await clocks(shift, case))["first_response"] == "running"


async def test_where_nobody_owns_it_and_nobody_is_named_the_supervisors_are_told(shift: Shift) -> None:
    await say_rules(shift, {"first_response_seconds": HOUR})
    await begin(shift)
    await timers(shift, HOUR - 60)
    assert await alarms(shift, "clock_near") == [None]


async def test_late_is_late_from_when_it_was_due_and_the_steps_after_it_tell_more_people(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact, "ayesha")
    await timers(shift, HOUR + 60)
    row = await clock(shift, "first_response")
    assert (row["state"], row["ended_at"] - row["started_at"]) == ("breached", timedelta(hours=1))
    assert await alarms(shift, "clock_breached") == ["ayesha"]
    await timers(shift, HOUR)
    assert await alarms(shift, "clock_breached") == ["ayesha", "devi"]
    await timers(shift, HOUR)
    await timers(shift, HOUR)
    assert await alarms(shift, "clock_breached") == ["ayesha", "devi", None]
    assert (await shift.story(case)).count("clock_breached") == 1


async def test_what_comes_late_ends_the_escalation_and_its_alarms(shift: Shift) -> None:
    await say_rules(shift)
    contact, _ = await begin(shift)
    await timers(shift, HOUR + 60)
    await answer(shift, contact)
    row = await clock(shift, "first_response")
    assert row["state"] == "breached"
    assert row["late_at"] > row["ended_at"]
    await timers(shift, HOUR)
    assert "devi" not in await alarms(shift, "clock_breached")
    assert await shift.fetch("SELECT * FROM alarm WHERE done_at IS NULL AND data ->> 'clock' = 'first_response'") == []


async def test_an_answer_in_time_that_is_heard_of_too_late_is_in_time(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"))
    await shift.pass_time(HOUR + 60)
    await turns(Timers(shift.db))  # nobody has followed the log meanwhile
    assert (await clocks(shift, case))["first_response"] == "running"
    await timers(shift, 2)
    assert (await clocks(shift, case))["first_response"] == "met"
    assert await alarms(shift, "clock_breached") == []


async def test_an_answer_that_comes_late_is_late_even_if_no_timer_was_done(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.pass_time(HOUR + 60)
    await answer(shift, contact)
    row = await clock(shift, "first_response")
    assert (row["state"], row["ended_at"] - row["started_at"]) == ("breached", timedelta(hours=1))
    assert row["late_at"] is not None
    assert (await shift.story(case)).count("clock_breached") == 1


async def test_who_hangs_up_waits_for_no_answer_unless_another_contact_does(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift, "walk_in")
    second = await shift.arrive("email", case_id=case)
    await shift.do(depart, contact, reason="gone")
    await tend(shift)
    assert (await clocks(shift, case))["first_response"] == "running"
    await shift.do(cancel, second, reason="test")
    await tend(shift)
    assert (await clocks(shift, case))["first_response"] == "stopped"


async def test_a_case_that_is_taken_into_another_has_no_clocks_and_what_it_owes_is_owed_there(shift: Shift) -> None:
    await say_rules(shift)
    first, survivor = await begin(shift)
    await answer(shift, first)
    _, merged = await begin(shift)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    assert await clocks(shift, merged) == {"first_response": "stopped", "resolution": "stopped"}
    assert await clocks(shift, survivor) == {
        "first_response": "met",
        "resolution": "running",
        "next_response": "running",
    }


async def test_a_clock_that_fails_halfway_is_late_exactly_once(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await shift.pass_time(HOUR + 60)
    await tend(shift)

    async def killed(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr(clocks_due, "raise_alarms", killed)
        await turns(Timers(shift.db))
    assert (await clocks(shift, case))["first_response"] == "running", "nothing of it happened"
    await shift.pass_time(60)
    await turns(Timers(shift.db))
    await turns(Timers(shift.db))
    assert (await shift.story(case)).count("clock_breached") == 1
    assert await alarms(shift, "clock_breached") == [None]


@pytest.mark.parametrize("batch", [1, 2, 200])
async def test_however_the_log_is_cut_the_clocks_are_the_same(shift: Shift, batch: int) -> None:
    await say_rules(shift)
    contact = await shift.arrive("email")
    case = (await shift.row(contact))["case_id"]
    await shift.serve(contact)
    for asks in ("photo", None):
        await shift.do(write, contact, direction="out", subject=None, body="?", asks=asks, actor=person("esther"))
        await shift.pass_time(HOUR / 4)
        await shift.arrive("email", case_id=case)
    chore = Tending(shift.db)
    chore.batch = chore._limit = batch  # type: ignore[misc]
    await turns(chore)
    rows = await shift.fetch(
        "SELECT kind, state, spent_seconds::int / 60 AS minutes FROM clock ORDER BY started_at, kind"
    )
    assert [tuple(row) for row in rows] == [
        ("first_response", "met", 0), ("resolution", "running", 0), ("next_response", "met", 0), ("next_response", "running", 0),
    ]  # fmt: skip


async def test_any_number_of_chores_at_once_tell_each_delay_once(shift: Shift) -> None:
    await say_rules(shift)
    cases = [(await begin(shift))[1] for _ in range(5)]
    await shift.pass_time(HOUR + 60)
    chores = [Timers(shift.db) for _ in range(3)] + [Tending(shift.db) for _ in range(2)]
    await asyncio.gather(*(turns(chore) for chore in chores))
    await timers(shift, 2)
    for case in cases:
        assert (await shift.story(case)).count("clock_breached") == 1
    assert await alarms(shift, "clock_breached") == [None] * 5


async def test_what_was_called_late_a_moment_too_soon_is_in_time_after_all(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> set[UUID]:
        return set()

    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"))
    await shift.pass_time(HOUR + 60)
    monkeypatch.setattr(clocks_due, "unheard", nothing)  # as if the answer were committed in this very moment
    await turns(Timers(shift.db))
    assert (await clocks(shift, case))["first_response"] == "breached"
    await tend(shift)
    assert (await clocks(shift, case))["first_response"] == "met"
    assert await shift.fetch("SELECT * FROM alarm WHERE done_at IS NULL AND data ->> 'clock' = 'first_response'") == []
    await timers(shift, 3 * HOUR)
    assert "devi" not in await alarms(shift, "clock_breached")


async def test_a_pause_that_is_heard_of_after_its_end_pauses_nothing(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    async with shift.db.session() as early:
        await early.exec(select(func.pg_current_xact_id()))  # its place in the feed is before the other's
        await shift.do(_awaited, case)
        row = await locked(early, Case, case)
        await stop_awaiting(early, row, actor=SUPERVISOR, now=await now(early))
    kinds = await shift.fetch("SELECT kind FROM event WHERE kind IN ('awaited', 'customer_replied') ORDER BY xid, seq")
    assert [row["kind"] for row in kinds] == ["customer_replied", "awaited"]
    await tend(shift)
    assert await clocks(shift, case) == {"first_response": "running", "resolution": "running"}


async def _awaited(session: AsyncSession, case: UUID, *, actor: Actor, now: datetime) -> None:
    await await_customer(session, await locked(session, Case, case), cause="photo", actor=actor, now=now)


async def test_the_time_a_customer_was_waited_for_is_added_to_when_it_is_due(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    for hours in (30, 5):
        await on_case(shift, case, await_customer, cause="photo")
        await shift.pass_time(hours * HOUR)
        await on_case(shift, case, stop_awaiting)
    row = await clock(shift, "resolution")
    assert row["spent_seconds"] == pytest.approx(0, abs=HOUR / 2)
    assert (row["due_at"] - row["started_at"]).total_seconds() == pytest.approx((30 + 5 + 10) * HOUR, abs=HOUR / 2)
    await timers(shift, 9 * HOUR)
    assert (await clocks(shift, case))["resolution"] == "running", "it is not late for the time that was theirs"


async def test_while_a_second_person_looks_the_time_is_ours_again(shift: Shift) -> None:
    said = {"targets": {"resolution_seconds": 10 * HOUR}, "checks": [{"before": "resolution"}]}
    await rule(shift.db, shift.intake, document(resolution=said))
    _, case = await begin(shift)
    await on_case(shift, case, await_customer, cause="photo")
    await shift.pass_time(5 * HOUR)
    await shift.do(resolve, case, outcome="refunded", root_cause=None)
    await tend(shift)
    row = await clock(shift, "resolution")
    assert ((await shift.fetch('SELECT state FROM "case"'))[0]["state"], row["state"]) == ("checking", "running")
    assert (row["due_at"] - row["started_at"]).total_seconds() == pytest.approx(15 * HOUR, abs=HOUR / 2)
