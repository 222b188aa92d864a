"""A place in line that was given up is taken up again by one, once: by whoever left it, or under a new name."""

from __future__ import annotations

import asyncio
from uuid import UUID

from app.actions.line.requeue import come_back
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
