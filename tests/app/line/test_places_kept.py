"""A place in line that was given up is taken up again by one, once: by whoever left it, or under a new name."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from app.actions.contacts.depart import no_show
from app.actions.line.callback import request_callback, unreached
from app.actions.line.closing import close
from app.actions.line.requeue import come_back
from app.actions.representatives.bar import Whose, bar, unbar
from app.db import now
from app.queries.line.known import RESUMED
from app.security import SYSTEM
from channels.base import Arrived, Left, Person, Returned
from tests.racing import HANG_SECONDS
from tests.shift import Shift

VISITOR = Person(phone="+923001234567")


async def visit(shift: Shift, name: str) -> UUID:
    outcome = await shift.take(
        "walk_in", Arrived(ref=name, contact=name, request_type="inquiry", person=VISITOR, reply_to=VISITOR.phone)
    )
    assert outcome.interaction_id is not None
    return outcome.interaction_id


async def leave(shift: Shift, name: str) -> None:
    await shift.take("walk_in", Left(ref=f"{name}:left", contact=name, reason="left"))


async def test_who_took_a_new_number_at_the_old_place_does_not_have_it_twice(shift: Shift) -> None:
    first = await visit(shift, "v1")
    began = (await shift.row(first))["queued_at"]
    await leave(shift, "v1")
    second = await visit(shift, "v2")
    assert (await shift.row(second))["queued_at"] == began
    await shift.take("walk_in", Returned(ref="v1:returned", contact="v1"))
    assert (await shift.last(first))["data"] == {"in_time": False}
    assert (await shift.row(first))["queued_at"] > began


async def test_who_came_back_and_left_again_may_still_take_up_the_place(shift: Shift) -> None:
    first = await visit(shift, "v1")
    began = (await shift.row(first))["queued_at"]
    await leave(shift, "v1")
    await shift.take("walk_in", Returned(ref="v1:returned", contact="v1"))
    assert (await shift.row(first))["queued_at"] == began
    await shift.take("walk_in", Left(ref="v1:left:2", contact="v1", reason="left"))
    assert (await shift.row(await visit(shift, "v2")))["queued_at"] == began


async def test_a_return_and_a_new_number_at_the_same_moment_share_no_place(shift: Shift) -> None:
    """The return has its lock and has not committed when the new number is taken."""
    first = await visit(shift, "v1")
    began = (await shift.row(first))["queued_at"]
    await leave(shift, "v1")
    async with shift.db.session() as session:
        await come_back(session, first, actor=SYSTEM, now=await now(session))
        second = await asyncio.wait_for(visit(shift, "v2"), HANG_SECONDS)
    assert (await shift.row(first))["queued_at"] == began
    assert (await shift.row(second))["queued_at"] > began
    assert await shift.fetch("SELECT FROM receipt WHERE source = $1", RESUMED) == []


async def test_who_takes_up_their_place_in_a_line_that_was_closed_meanwhile_has_a_number_to_be_called_by(
    shift: Shift,
) -> None:
    first = await visit(shift, "v1")
    await leave(shift, "v1")
    async with shift.db.session() as session:
        moment = await now(session)
        until = moment + timedelta(hours=1)
        await close(session, "inquiries", until=until, message="Flood.", actor=SYSTEM, now=moment)
    shift.intake.forget()
    row = await shift.row(await visit(shift, "v2"))
    assert (row["state"], row["queued_at"]) == ("queued", (await shift.row(first))["queued_at"])
    assert row["number"] is not None
    assert row["number"] != (await shift.row(first))["number"]


async def test_who_comes_back_never_meets_whom_they_were_kept_from_while_they_were_gone(shift: Shift) -> None:
    gone = await visit(shift, "v1")
    case = Whose(case_id=(await shift.row(gone))["case_id"])
    await shift.do(bar, case, "bilal", reason="complaint")
    await shift.serve(gone)
    await shift.do(no_show, gone)
    await shift.do(bar, case, "esther", reason="complaint")
    await shift.do(unbar, case, "bilal")
    await shift.take("walk_in", Returned(ref="v1:returned", contact="v1"))
    assert (await shift.row(gone))["barred"] == ["esther"]
    assert (await shift.story(gone))[-3:] == ["returned", "unbarred", "barred"]


async def test_who_was_not_reached_by_telephone_and_comes_back_is_called_to_the_counter(shift: Shift) -> None:
    gone = await visit(shift, "v1")
    await shift.do(request_callback, gone, number=None, at=None)
    for _ in range(3):
        await shift.serve(gone)
        await shift.do(unreached, gone, result="no_answer")
        await shift.pass_time(301)
    assert (await shift.row(gone))["state"] == "abandoned"
    await shift.take("walk_in", Returned(ref="v1:returned", contact="v1"))
    await shift.serve(gone)
    assert [each["kind"] for each in await shift.commands(gone)] == 3 * ["call_back"] + ["call_to_counter"]
