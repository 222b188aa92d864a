"""Who was to be called back and comes again themselves has one place, the one they had, and is called by nobody."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from app.actions.line.callback import request_callback
from app.queries.line.known import RESUMED
from channels.base import Arrived, Ended, Person
from tests.racing import holding
from tests.shift import Shift
from tests.solving import tend

CALLER = Person(phone="+923001234567")


async def call(shift: Shift, name: str, request: str | None = "inquiry", phone: str = "+923001234567") -> UUID:
    """A caller; without a request, one who is still in the menu."""
    signal = Arrived(
        ref=name, contact=name, request_type=request, language="en", person=Person(phone=phone), reply_to=phone
    )
    outcome = await shift.take("phone", signal)
    assert outcome.interaction_id is not None
    return outcome.interaction_id


async def waits_for_a_call(shift: Shift, name: str) -> UUID:
    """Somebody who asked to be called back and hung up."""
    waiting = await call(shift, name)
    await shift.do(request_callback, waiting, number=None, at=None)
    await shift.take("phone", Ended(ref=f"{name}:ended", contact=name, reason="completed"))
    return waiting


@pytest.mark.parametrize("through_the_menu", [False, True])
async def test_who_calls_again_before_they_are_called_stands_where_they_stood_and_only_there(
    shift: Shift, through_the_menu: bool
) -> None:
    first = await waits_for_a_call(shift, "CA1")
    old = await shift.row(first)
    await tend(shift)
    await shift.pass_time(5_000)  # a call back has no grace time: the place is kept until it is made
    if through_the_menu:
        again = await call(shift, "CA2", None)
        await shift.take("phone", Arrived(ref="CA2:chose", contact="CA2", request_type="inquiry", language="en"))
    else:
        again = await call(shift, "CA2")
    row, gone = await shift.row(again), await shift.row(first)
    assert (row["state"], row["queued_at"], row["due_at"], row["callback"]) == (
        "queued", old["queued_at"], old["due_at"], False,
    )  # fmt: skip
    assert gone["state"] == "cancelled"
    assert (await shift.last(first))["data"] == {"reason": "called_again"}
    assert (await shift.last(again))["data"]["resumes"] == str(first)
    await tend(shift)
    promises = await shift.fetch("SELECT kind, state FROM promise WHERE interaction_id = $1", first)
    assert {(each["kind"], each["state"]) for each in promises} <= {("callback", "released"), ("callback", "broken")}
    await shift.serve(again)
    assert [each["kind"] for each in await shift.commands(first)] == []


@pytest.mark.parametrize(("request_type", "phone"), [("order", "+923001234567"), ("inquiry", "+923009999999")])
async def test_for_something_else_or_from_another_number_both_are_served(
    shift: Shift, request_type: str, phone: str
) -> None:
    first = await waits_for_a_call(shift, "CA1")
    again = await call(shift, "CA2", request_type, phone)
    assert (await shift.row(first))["state"] == "queued"
    assert "resumes" not in (await shift.last(again))["data"]


async def test_whose_call_back_is_being_offered_is_called_all_the_same(shift: Shift) -> None:
    first = await waits_for_a_call(shift, "CA1")
    await shift.offer(first)
    again = await call(shift, "CA2")
    assert (await shift.row(first))["state"] == "offered"
    assert "resumes" not in (await shift.last(again))["data"]


async def test_a_call_back_that_is_moving_at_this_moment_is_left_alone(shift: Shift, database: str) -> None:
    first = await waits_for_a_call(shift, "CA1")
    async with holding(database, "SELECT FROM interaction WHERE id = $1 FOR UPDATE", first):
        again = await call(shift, "CA2")
    assert (await shift.row(first))["state"] == "queued"
    assert "resumes" not in (await shift.last(again))["data"]


async def test_of_many_calls_at_once_one_has_the_place_and_it_is_given_up_once(shift: Shift) -> None:
    first = await waits_for_a_call(shift, "CA1")
    calls = await asyncio.gather(*(call(shift, f"CB{number}") for number in range(8)))
    told = [(await shift.last(each))["data"] for each in calls]
    assert sum("resumes" in each for each in told) == 1
    assert (await shift.story(first))[-1] == "cancelled"
    assert len(await shift.fetch("SELECT FROM receipt WHERE source = $1", RESUMED)) == 1
