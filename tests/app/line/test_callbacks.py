"""A callback keeps the place: nobody waits on a line, nobody is called before somebody is there to speak with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.line.callback import request_callback, unreached
from app.actions.line.requeue import hand_back
from app.actions.offers.accept import accept
from app.db import now
from app.errors import Conflict, Forbidden, Invalid
from app.loops.stepping import Exhaustion
from app.loops.waking import Waking
from tests.moving import in_force, turns
from tests.racing import blocked, holding, staggered
from tests.shift import Shift, person

NUMBER = "+923001234567"


async def call(shift: Shift) -> UUID:
    return await shift.arrive("phone", reply_to=NUMBER)


async def ask(shift: Shift, interaction: UUID, *, number: str | None = None, at: datetime | None = None) -> Any:
    return await shift.do(request_callback, interaction, number=number, at=at)


async def in_an_hour(shift: Shift) -> datetime:
    async with shift.db.session() as session:
        return (await now(session)) + timedelta(hours=1)


async def hang_up(shift: Shift, interaction: UUID) -> None:
    await shift.do(depart, interaction, reason="hung_up")


async def test_who_is_called_back_hangs_up_and_keeps_the_place(shift: Shift) -> None:
    waiting = await call(shift)
    before = await shift.row(waiting)
    await ask(shift, waiting)
    await hang_up(shift, waiting)
    row = await shift.row(waiting)
    assert (row["state"], row["due_at"], row["callback"]) == ("queued", before["due_at"], True)
    assert await shift.commands(waiting) == [], "nobody is called before somebody is there"
    assignment = await shift.serve(waiting)
    [command] = await shift.commands(waiting)
    assert (command["kind"], command["channel"], command["recipient"]) == ("call_back", "console", NUMBER)
    assert command["payload"]["desk"] == "+914023456789"
    assert command["dedupe_key"] == f"accepted:{assignment}", "one command per assignment, whatever it is"


async def test_who_did_not_ask_and_hangs_up_has_left(shift: Shift) -> None:
    waiting = await call(shift)
    await hang_up(shift, waiting)
    assert (await shift.row(waiting))["state"] == "abandoned"


async def test_who_hangs_up_in_the_moment_they_are_taken_is_still_called_back(shift: Shift) -> None:
    waiting = await call(shift)
    await ask(shift, waiting)
    await shift.serve(waiting)
    await hang_up(shift, waiting)  # the line they waited on; nobody has spoken with them yet
    assert (await shift.row(waiting))["state"] == "active"
    await hang_up(shift, waiting)
    assert (await shift.row(waiting))["state"] in ("wrapping", "completed"), "the second time it was the talk itself"


async def test_who_hangs_up_while_they_are_being_offered_is_called_back(shift: Shift) -> None:
    waiting = await call(shift)
    assignment = await shift.offer(waiting)
    await ask(shift, waiting)
    await hang_up(shift, waiting)
    assert (await shift.row(waiting))["state"] == "offered"
    await shift.do(accept, assignment, actor=person("esther"))
    assert [each["kind"] for each in await shift.commands(waiting)] == ["call_back"]


async def test_asking_twice_is_asking_once(shift: Shift) -> None:
    waiting = await call(shift)
    once = await ask(shift, waiting)
    before = await shift.everything()
    assert (await ask(shift, waiting)).model_dump() == once.model_dump()
    assert await shift.everything() == before
    await ask(shift, waiting, number="+914012345678")
    assert (await shift.row(waiting))["reply_to"] == "+914012345678"


async def test_a_callback_at_an_hour_waits_for_it_and_stands_in_line_from_then(shift: Shift) -> None:
    waiting = await call(shift)
    at = await in_an_hour(shift)
    await ask(shift, waiting, at=at)
    row = await shift.row(waiting)
    assert (row["state"], row["wake_at"]) == ("scheduled", at)
    await hang_up(shift, waiting)
    await turns(Waking(shift.db))
    assert (await shift.row(waiting))["state"] == "scheduled"
    await shift.pass_time(3601)
    await turns(Waking(shift.db))
    row = await shift.row(waiting)
    assert (row["state"], row["queued_at"], row["callback"]) == ("queued", at, True)
    assert (row["due_at"] - at).total_seconds() == 180
    assert await shift.story(waiting) == ["queued", "postponed", "callback_requested", "queued"]


async def test_the_hour_may_be_changed_and_given_up(shift: Shift) -> None:
    waiting = await call(shift)
    at = await in_an_hour(shift)
    await ask(shift, waiting, at=at)
    await ask(shift, waiting, at=at + timedelta(hours=1))
    assert (await shift.row(waiting))["wake_at"] == at + timedelta(hours=1)
    await ask(shift, waiting)
    row = await shift.row(waiting)
    assert (row["state"], row["wake_at"]) == ("queued", None)


async def test_a_postponed_callback_is_let_go_by_whoever_was_offered_it(shift: Shift) -> None:
    waiting = await call(shift)
    await shift.offer(waiting)
    await ask(shift, waiting, at=await in_an_hour(shift))
    assert await shift.story(waiting) == ["queued", "offered", "withdrawn", "postponed"]
    staff = await shift.staff("esther")
    assert (staff["live"], staff["units"]) == (0, 0)


async def test_who_is_not_reached_keeps_the_place_for_a_few_attempts(shift: Shift) -> None:
    await in_force(shift, inquiries={"callback": {"attempts": 2, "gap_seconds": 100}})
    waiting = await call(shift)
    due = (await shift.row(waiting))["due_at"]
    await ask(shift, waiting)
    await shift.serve(waiting)
    await shift.do(unreached, waiting, result="no_answer", actor=person("esther"))
    row = await shift.row(waiting)
    assert (row["state"], row["due_at"], row["callback_attempts"]) == ("queued", due, 1)
    assert (row["not_before"] - row["state_at"]).total_seconds() == 100
    staff = await shift.staff("esther")
    assert (staff["live"], staff["units"]) == (0, 0)
    await shift.serve(waiting)
    await shift.do(unreached, waiting, result="busy", actor=person("esther"))
    row, last = await shift.row(waiting), await shift.last(waiting)
    assert (row["state"], last["kind"], last["data"]["reason"]) == ("abandoned", "no_show", "unreached")


async def test_only_who_serves_says_that_nobody_answered_and_only_of_a_callback(shift: Shift) -> None:
    waiting = await call(shift)
    await shift.serve(waiting)
    with pytest.raises(Conflict) as caught:
        await shift.do(unreached, waiting, result="busy")
    assert caught.value.code == "no_callback"
    another = await call(shift)
    await ask(shift, another)
    with pytest.raises(Conflict) as caught:
        await shift.do(unreached, another, result="busy")
    assert caught.value.code == "illegal_transition", "nobody has called yet"
    await shift.serve(another, "ayesha")
    with pytest.raises(Forbidden):
        await shift.do(unreached, another, result="busy", actor=person("esther"))


async def test_a_callback_needs_a_number_a_near_day_and_somebody_on_a_line(shift: Shift) -> None:
    waiting, letter = await shift.arrive("phone"), await shift.arrive("email")
    for interaction, more, error, code in (
        (waiting, {}, Invalid, "no_number"),
        (waiting, {"number": NUMBER, "at": await in_an_hour(shift) + timedelta(days=91)}, Invalid, "too_far"),
        (letter, {"number": NUMBER}, Conflict, "not_live"),
    ):
        with pytest.raises(error) as caught:
            await ask(shift, interaction, **more)
        assert caught.value.code == code
    await shift.serve(waiting)
    with pytest.raises(Conflict) as caught:
        await ask(shift, waiting, number=NUMBER)
    assert caught.value.code == "illegal_transition", "they are being spoken with"


async def test_whom_no_step_helped_is_told_that_they_may_hang_up(shift: Shift) -> None:
    await in_force(shift, inquiries={"on_exhausted": {"after_seconds": 60, "then": "callback"}})
    staying, leaving, unknown = await call(shift), await call(shift), await shift.arrive("phone")
    await shift.pass_time(61)
    await turns(Exhaustion(shift.db))
    [command] = await shift.commands(staying)
    assert (command["kind"], command["channel"], command["recipient"]) == ("offer_callback", "console", NUMBER)
    await hang_up(shift, leaving)
    assert (await shift.row(leaving))["state"] == "queued"
    await shift.serve(leaving)
    await shift.do(complete, leaving, outcome=None)
    await shift.serve(staying)
    assert [each["kind"] for each in await shift.commands(leaving)] == ["offer_callback", "call_back"]
    assert [each["kind"] for each in await shift.commands(staying)] == ["offer_callback", "connect"], "still there"
    assert (await shift.last(unknown))["kind"] == "escalated", "no number: a supervisor decides"


async def test_there_are_never_more_callbacks_under_way_than_representatives_who_hold_them(shift: Shift) -> None:
    waiting = [await call(shift) for _ in range(6)]
    for each in waiting:
        await ask(shift, each)
        await hang_up(shift, each)
    held = dict(zip(("esther", "ayesha", "farid"), waiting, strict=False))
    for code, each in held.items():
        await shift.serve(each, code)
    calling = await shift.fetch("SELECT interaction_id FROM outbox WHERE kind = 'call_back'")
    assert {row["interaction_id"] for row in calling} == set(held.values())
    with pytest.raises(AssertionError, match="does not hold"):
        await shift.offer(waiting[3], "esther")


async def test_asking_and_hanging_up_at_once_is_a_callback_or_a_departure_never_neither(shift: Shift) -> None:
    seen = set()
    for race in staggered(22):
        waiting = await call(shift)
        asked, gone = await race(ask(shift, waiting), hang_up(shift, waiting))
        assert gone is None
        row = await shift.row(waiting)
        if isinstance(asked, BaseException):
            assert isinstance(asked, Conflict)
            assert row["state"] == "abandoned"
        else:
            assert (row["state"], row["callback"]) == ("queued", True)
        seen.add(row["state"])
    assert seen == {"queued", "abandoned"}, "whichever is wholly first decides"


@pytest.mark.parametrize(("first", "state"), [(ask, "queued"), (hang_up, "abandoned")])
async def test_of_asking_and_hanging_up_who_has_to_wait_finds_what_the_first_has_made_of_it(
    shift: Shift, first: Callable[[Shift, UUID], Coroutine[Any, Any, Any]], state: str
) -> None:
    second = hang_up if first is ask else ask
    waiting = await call(shift)
    async with holding(shift.db.dsn, "SELECT FROM interaction WHERE id = $1 FOR NO KEY UPDATE", waiting):
        both: list[asyncio.Task[Any]] = [asyncio.create_task(first(shift, waiting))]
        await blocked(shift.fetch)
        both.append(asyncio.create_task(second(shift, waiting)))
        await blocked(shift.fetch, 2)
    found = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(each, Conflict) for each in found] == [False, first is hang_up], found
    assert (await shift.row(waiting))["state"] == state


async def test_who_lets_go_of_a_callback_leaves_it_one(shift: Shift) -> None:
    waiting = await call(shift)
    await ask(shift, waiting)
    await shift.serve(waiting)
    await shift.do(hand_back, waiting, reason="test")
    await shift.serve(waiting, "ayesha")
    assert [each["kind"] for each in await shift.commands(waiting)] == ["call_back", "call_back"]
