"""A callback at a time is a promise: kept by taking the call, moved by the customer, broken where nobody calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.actions.contacts.cancel import cancel
from app.actions.line.callback import request_callback
from app.actions.line.requeue import park
from app.loops.waking import Waking
from tests.app.promises.test_promises import begin, clock, promises, rule, standing, states, tend, wait
from tests.moving import turns
from tests.shift import Shift


@pytest.fixture
async def shift(shift: Shift) -> Shift:
    await rule(shift, {})
    return shift


async def test_a_callback_at_a_time_is_a_promise_and_taking_the_call_keeps_it(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    at = await clock(shift) + timedelta(hours=2)
    await shift.do(request_callback, call, number=None, at=at)
    await tend(shift)
    row = await standing(shift, case, "callback")
    assert (row["interaction_id"], row["due_at"]) == (call, at + timedelta(seconds=180)), "and the queue's target"
    await shift.pass_time(2 * 3_600)
    await turns(Waking(shift.db))
    await shift.serve(call)
    await tend(shift)
    assert await states(shift, case, "callback") == ["kept"]


async def test_a_callback_nobody_takes_in_time_is_a_broken_promise(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    await shift.do(request_callback, call, number=None, at=await clock(shift) + timedelta(hours=2))
    await tend(shift)
    await wait(shift, 2 * 3_600 + 200)
    assert await states(shift, case, "callback") == ["broken"]


async def test_a_callback_is_moved_by_the_customer_and_released_when_they_give_up(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    at = await clock(shift) + timedelta(hours=2)
    await shift.do(request_callback, call, number=None, at=at)
    await shift.do(request_callback, call, number=None, at=at + timedelta(hours=1))
    await tend(shift)
    first, second = await promises(shift, case, "callback")
    assert (first["state"], first["reason"], first["moved_to"]) == ("moved", "customer_asked", second["id"])
    await shift.do(cancel, call, reason="solved")
    await tend(shift)
    assert await states(shift, case, "callback") == ["moved", "released"]


async def test_when_a_parked_contact_wakes_was_told_to_nobody_and_is_no_promise(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.serve(contact)
    await shift.do(park, contact, until=await clock(shift) + timedelta(hours=5), reason=None)
    call, called = await begin(shift, "phone", reply_to="+923001234567")
    await shift.do(request_callback, call, number=None, at=None)  # as soon as possible: no time was told
    await tend(shift)
    found = await shift.fetch("SELECT kind FROM promise WHERE case_id = ANY ($1::uuid[])", [case, called])
    assert [row["kind"] for row in found] == ["news", "news"]
