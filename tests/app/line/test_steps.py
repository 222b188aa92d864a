"""Steps are on record at their deadlines; for whom no step has helped, what the rules say is done, exactly once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.depart import depart
from app.actions.line.requeue import transfer
from app.actions.line.step import exhaust
from app.actions.offers.expire import expire
from app.actions.offers.offer import Wanted, offer
from app.actions.offers.reject import reject
from app.db import now
from app.loops.expiry import Expiry
from app.loops.stepping import Exhaustion, Stepping
from tests.moving import in_force, turns
from tests.racing import staggered
from tests.shift import Shift

STEPS: dict[str, Any] = {
    "steps": [
        {"after_seconds": 30, "lower_levels_by": 1},
        {"after_seconds": 60, "drop_skills": ["claims"]},
    ],
    "on_exhausted": {"after_seconds": 300, "then": "any"},
}


async def step_by_time(shift: Shift) -> None:
    await turns(Stepping(shift.db))
    await turns(Exhaustion(shift.db))


async def planned(shift: Shift, wanted: Wanted) -> bool:
    """Whether an offer that was planned on this version of the rows still holds when it is written."""
    async with shift.db.transaction() as connection:
        return bool((await offer(connection, [wanted])).interactions)


async def due_to_overflow(shift: Shift) -> Wanted:
    """One whose time in this line is over at this very moment, and an offer that was planned just before."""
    waiting = await shift.arrive("phone", "claim")
    await shift.execute(
        "UPDATE interaction SET exhausted_at = wall_clock(), step_at = wall_clock() WHERE id = $1", waiting
    )
    return Wanted(
        interaction=waiting,
        version=(await shift.row(waiting))["version"],
        representative="esther",
        staff_version=(await shift.staff("esther"))["version"],
    )


async def told(shift: Shift, interaction: UUID, kind: str) -> list[dict[str, Any]]:
    rows = await shift.fetch(
        "SELECT data FROM event WHERE subject_id = $1 AND kind = $2 ORDER BY version", str(interaction), kind
    )
    return [row["data"] for row in rows]


async def test_each_step_is_on_record_when_its_deadline_has_passed(shift: Shift) -> None:
    await in_force(shift, claims=STEPS)
    waiting = await shift.arrive("phone", "claim")
    due = (await shift.row(waiting))["due_at"]
    await step_by_time(shift)
    assert (await shift.row(waiting))["step"] == 0
    await shift.pass_time(31)
    await step_by_time(shift)
    row = await shift.row(waiting)
    assert (row["step"], row["due_at"]) == (1, due), "a wider circle is asked, at the same place"
    assert (row["step_at"] - row["queued_at"]).total_seconds() == pytest.approx(60)
    await shift.pass_time(30)
    await step_by_time(shift)
    row = await shift.row(waiting)
    assert (row["step"], (row["step_at"] - row["queued_at"]).total_seconds()) == (2, pytest.approx(300))
    await shift.pass_time(240)
    await step_by_time(shift)
    row = await shift.row(waiting)
    assert (row["step"], row["step_at"], row["queue"]) == (3, None, "claims"), "anybody: the last step of all"
    assert await told(shift, waiting, "stepped") == [{"step": 1}, {"step": 2}, {"step": 3}]


async def test_who_was_being_offered_meanwhile_has_all_steps_recorded_at_once(shift: Shift) -> None:
    await in_force(shift, claims=STEPS)
    waiting = await shift.arrive("phone", "claim")
    await shift.offer(waiting)
    await shift.pass_time(100)
    await step_by_time(shift)
    assert (await shift.row(waiting))["step"] == 0, "an offer is not disturbed"
    await turns(Expiry(shift.db))
    await step_by_time(shift)
    assert await told(shift, waiting, "stepped") == [{"step": 2}]


async def test_the_step_that_brought_two_together_is_on_the_row_though_it_was_never_recorded(shift: Shift) -> None:
    await in_force(shift, claims=STEPS)
    waiting = await shift.arrive("phone", "claim")
    await shift.pass_time(31)
    await shift.serve(waiting)
    assert (await shift.row(waiting))["step"] == 1


async def test_two_processes_record_a_step_once(shift: Shift) -> None:
    await in_force(shift, claims={"steps": STEPS["steps"], "overflow": {"after_seconds": 90, "queue": "technical"}})
    waiting = [await shift.arrive("phone", "claim") for _ in range(12)]
    await shift.pass_time(65)
    await asyncio.gather(*(turns(Stepping(shift.db)) for _ in range(4)))
    for each in waiting:
        assert await told(shift, each, "stepped") == [{"step": 2}]
    await shift.pass_time(30)
    await asyncio.gather(*(turns(Exhaustion(shift.db)) for _ in range(4)))
    for each in waiting:
        assert len(await told(shift, each, "overflowed")) == 1


async def test_who_waits_too_long_goes_to_another_line_and_keeps_the_clock(shift: Shift) -> None:
    await in_force(
        shift,
        claims={"overflow": {"after_seconds": 90, "queue": "technical"}},
        technical={
            "steps": [{"after_seconds": 80, "lower_levels_by": 1}],
            "on_exhausted": {"after_seconds": 600, "then": "any"},
        },
    )
    waiting = await shift.arrive("phone", "claim")
    before = await shift.row(waiting)
    await shift.pass_time(91)
    await step_by_time(shift)
    row = await shift.row(waiting)
    assert (row["queue"], row["queued_at"]) == ("technical", before["queued_at"])
    assert (row["due_at"] - row["queued_at"]).total_seconds() == 300, (
        "by the target of the new line, from the old start"
    )
    assert row["skills"] == {"technical": 3}, "what was asked for at first says nothing here"
    assert await told(shift, waiting, "overflowed") == [{"queue": "technical", "from": "claims", "reason": "waited"}]
    await step_by_time(shift)
    assert (await shift.row(waiting))["step"] == 1, "steps count from when they first stood in line"


async def test_whom_nothing_helped_a_supervisor_sees_and_it_is_offered_on_after_a_rest(shift: Shift) -> None:
    await in_force(
        shift,
        claims={"on_exhausted": {"after_seconds": 60, "then": "supervisor"}, "supervisor_seconds": 120},
    )
    waiting, *others = [await shift.arrive("phone", "claim") for _ in range(8)]
    await shift.pass_time(61)
    await asyncio.gather(*(turns(Exhaustion(shift.db)) for _ in range(4)))
    assert all([len(await told(shift, each, "escalated")) == 1 for each in others]), "once, whoever else looks"
    row = await shift.row(waiting)
    assert (row["state"], row["step_at"]) == ("queued", None)
    assert (row["not_before"] - row["escalated_at"]).total_seconds() == 120
    await step_by_time(shift)
    assert await told(shift, waiting, "escalated") == [{"reason": "exhausted"}], "once"
    await shift.serve(waiting)
    assert (await shift.row(waiting))["escalated_at"] is None, "served: nothing is left for a supervisor"


async def test_after_so_many_missed_offers_a_supervisor_is_told_and_the_count_starts_anew(shift: Shift) -> None:
    await in_force(shift, inquiries={"offers_at_most": 2, "supervisor_seconds": 60})
    waiting = await shift.arrive("phone")
    for _ in range(2):
        await shift.execute("UPDATE interaction SET not_before = NULL")
        await shift.offer(waiting)
        await shift.pass_time(25)
        async with shift.db.transaction() as connection:
            await expire(connection, limit=10)
    row = await shift.row(waiting)
    assert (row["misses"], row["escalated_at"] is not None) == (0, True)
    assert (row["not_before"] - row["escalated_at"]).total_seconds() == 60
    assert await shift.story(waiting) == ["queued", "offered", "expired", "offered", "expired", "escalated"]
    assert await told(shift, waiting, "escalated") == [{"reason": "missed_offers"}]


async def test_refusals_count_like_missed_offers(shift: Shift) -> None:
    await in_force(shift, inquiries={"offers_at_most": 2})
    waiting = await shift.arrive("phone")
    for code in ("esther", "ayesha"):
        await shift.do(reject, await shift.offer(waiting, code), reason="lunch")
    assert await told(shift, waiting, "escalated") == [{"reason": "missed_offers"}]


async def test_how_long_a_missed_offer_rests_and_who_is_sent_away_the_queue_says(shift: Shift) -> None:
    await in_force(shift, inquiries={"back_off_seconds": {"no_answer": 33, "declined": 44}, "away_after_misses": 1})
    waiting = await shift.arrive("phone")
    await shift.do(reject, await shift.offer(waiting, "ayesha"), reason="lunch")
    row = await shift.row(waiting)
    assert (row["not_before"] - row["state_at"]).total_seconds() == 44
    another = await shift.arrive("phone")
    await shift.offer(another)
    await shift.pass_time(25)
    await turns(Expiry(shift.db))
    row = await shift.row(another)
    assert (row["not_before"] - row["state_at"]).total_seconds() == 33
    assert (await shift.staff("esther"))["presence"] == "away"


async def test_one_that_cannot_be_dealt_with_holds_up_nobody(shift: Shift) -> None:
    await in_force(shift, claims={"overflow": {"after_seconds": 10, "queue": "technical"}})
    broken, sound = [await shift.arrive("phone", "claim") for _ in range(2)]
    await shift.execute("UPDATE interaction SET overflow_to = 'nowhere' WHERE id = $1", broken)
    await shift.pass_time(11)
    await step_by_time(shift)
    assert (await shift.row(sound))["queue"] == "technical"
    row = await shift.row(broken)
    assert (row["queue"], row["step_at"] > row["exhausted_at"]) == ("claims", True), "looked at again a little later"


async def test_a_rule_of_the_version_it_entered_with_stands_though_another_is_live(shift: Shift) -> None:
    await in_force(shift, claims={"overflow": {"after_seconds": 60, "queue": "technical"}})
    old = await shift.arrive("phone", "claim")
    await in_force(shift, claims={"overflow": {"after_seconds": 60, "queue": "sales"}})
    new = await shift.arrive("phone", "claim")
    await shift.do(transfer, new, queue="claims", representative=None, reason=None)  # filed anew, by what is live
    await shift.pass_time(61)
    await step_by_time(shift)
    assert [(await shift.row(each))["queue"] for each in (old, new)] == ["technical", "sales"]


async def test_a_transfer_files_it_anew_and_no_old_deadline_is_left(shift: Shift) -> None:
    await in_force(shift, claims={"steps": STEPS["steps"], "overflow": {"after_seconds": 90, "queue": "technical"}})
    waiting = await shift.arrive("phone", "claim")
    await shift.do(transfer, waiting, queue="inquiries", representative=None, reason=None)
    row = await shift.row(waiting)
    assert (row["steps"], row["step_at"], row["overflow_to"]) == ([], None, None)
    await shift.pass_time(200)
    await step_by_time(shift)
    assert (await shift.row(waiting))["queue"] == "inquiries"


async def test_an_offer_and_an_overflow_at_the_same_moment_are_one_of_the_two(shift: Shift) -> None:
    """Whoever comes second sees what the first has done: nobody is offered by the needs of a line they have left."""
    await in_force(shift, claims={"overflow": {"after_seconds": 30, "queue": "technical"}})
    await shift.come_to_work("esther")
    seen = set()
    for race in staggered(33):
        wanted = await due_to_overflow(shift)
        offered, _ = await race(planned(shift, wanted), turns(Exhaustion(shift.db)))
        row = await shift.row(wanted.interaction)
        assert (row["state"], row["queue"]) == (("offered", "claims") if offered else ("queued", "technical"))
        seen.add(offered)
        await shift.do(depart, wanted.interaction, reason="test")
    assert seen == {True, False}, "whoever is wholly first has it"


async def test_while_one_of_an_offer_and_an_overflow_is_being_written_the_other_keeps_away(shift: Shift) -> None:
    await in_force(shift, claims={"overflow": {"after_seconds": 30, "queue": "technical"}})
    await shift.come_to_work("esther")
    first, second = await due_to_overflow(shift), await due_to_overflow(shift)
    async with shift.db.transaction() as connection:
        made = await offer(connection, [first])
        async with shift.db.session() as session:
            assert await exhaust(session, first.interaction, now=await now(session)) is None
    assert made.interactions == {first.interaction}
    row = await shift.row(first.interaction)
    assert (row["state"], row["queue"]) == ("offered", "claims")
    async with shift.db.session() as session:
        assert await exhaust(session, second.interaction, now=await now(session)) == "overflow"
        await session.flush()
        assert not await planned(shift, second)
    assert not await planned(shift, second), "nor afterwards by what was planned before"
    row = await shift.row(second.interaction)
    assert (row["state"], row["queue"]) == ("queued", "technical")
