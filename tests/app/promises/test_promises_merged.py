"""Promises where cases become one, or two: a word that was given is held to its time wherever its matter goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.resolve import resolve
from app.actions.cases.split import split
from app.actions.line.callback import request_callback
from app.actions.promises.given import make_promise
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.db import now
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.loops.waking import Waking
from app.tables import Case, Merge
from tests.moving import turns
from tests.ruling import document
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import on_their_page

HOUR = 3_600.0
NUMBER = "+923001234567"


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Without quiet hours, so that no test depends on the time of day."""
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never"}))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()


async def tend(shift: Shift) -> None:
    await turns(Tending(shift.db))


async def go_on(shift: Shift, seconds: float) -> None:
    """So much time passes, and what is due is done."""
    await shift.pass_time(seconds)
    await turns(Waking(shift.db))
    await turns(Timers(shift.db))
    await tend(shift)


async def begin(shift: Shift, channel: str = "email", **more: Any) -> tuple[UUID, UUID]:
    contact = await shift.arrive(channel, **more)
    await tend(shift)
    return contact, (await shift.row(contact))["case_id"]


async def states(shift: Shift, kind: str) -> list[str]:
    rows = await shift.fetch("SELECT state FROM promise WHERE kind = $1 ORDER BY made_at, id", kind)
    return [row["state"] for row in rows]


async def undo(session: Any, made: UUID, **more: Any) -> Any:
    return await unmerge(session, await session.get_one(Merge, made), **more)


async def called_back(shift: Shift, call: UUID, *, hours: float = 2) -> None:
    """They ask to be called in some hours."""
    (row,) = await shift.fetch("SELECT wall_clock() AS now")
    at: datetime = row["now"] + timedelta(hours=hours)
    await shift.do(request_callback, call, number=NUMBER, at=at)
    await tend(shift)


async def promised(shift: Shift, case: UUID, *, hours: float, kind: str = "solution") -> None:
    async with shift.db.session() as session:
        moment = await now(session)
        await make_promise(
            session, await locked(session, Case, case), kind=kind, due_at=moment + timedelta(hours=hours),
            words=None, representative="esther", actor=SUPERVISOR, now=moment,
        )  # fmt: skip


async def test_a_callback_whose_call_was_split_off_is_kept_by_taking_the_call(shift: Shift) -> None:
    _, case = await begin(shift)
    call = await shift.arrive("phone", case_id=case, reply_to=NUMBER)
    await tend(shift)
    await called_back(shift, call)
    made = await shift.do(split, case, [call], reason=None)
    await tend(shift)
    await go_on(shift, 2 * HOUR)
    await shift.serve(call)
    await tend(shift)
    assert await states(shift, "callback") == ["kept"]
    rows = await shift.fetch("SELECT case_id FROM promise WHERE kind = 'callback'")
    assert [row["case_id"] for row in rows] == [made.id], "a word about a call goes where the call goes"


async def test_a_callback_whose_call_was_split_off_is_still_held_to_its_time(shift: Shift) -> None:
    _, case = await begin(shift)
    call = await shift.arrive("phone", case_id=case, reply_to=NUMBER)
    await tend(shift)
    await called_back(shift, call)
    await shift.do(split, case, [call], reason=None)
    await tend(shift)
    await go_on(shift, 2 * HOUR + 400)
    assert await states(shift, "callback") == ["broken"]


async def test_a_callback_promised_while_two_were_one_is_kept_after_they_are_two_again(shift: Shift) -> None:
    _, survivor = await begin(shift)
    call, merged = await begin(shift, "phone", reply_to=NUMBER)
    made = await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await called_back(shift, call)
    await shift.do(undo, made.id)
    await tend(shift)
    await go_on(shift, 2 * HOUR)
    await shift.serve(call)
    await tend(shift)
    assert await states(shift, "callback") == ["kept"]


async def test_a_callback_promised_before_a_merge_is_kept_after_it(shift: Shift) -> None:
    _, survivor = await begin(shift)
    call, merged = await begin(shift, "phone", reply_to=NUMBER)
    await called_back(shift, call)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await go_on(shift, 2 * HOUR)
    await shift.serve(call)
    await tend(shift)
    assert await states(shift, "callback") == ["kept"]


@pytest.mark.parametrize("heard", [True, False])
async def test_a_solution_promised_on_a_case_that_was_taken_in_is_kept_by_the_resolution_of_both(
    shift: Shift, heard: bool
) -> None:
    contact, survivor = await begin(shift)
    _, merged = await begin(shift)
    await promised(shift, merged, hours=5)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await shift.serve(contact)
    await shift.do(resolve, survivor, outcome="mended", actor=person("esther"))
    if heard:
        await tend(shift)
    await go_on(shift, 5 * HOUR + 10)
    assert await states(shift, "solution") == ["kept"]


async def test_a_solution_promised_on_a_case_that_was_taken_in_is_broken_where_nothing_is_solved(shift: Shift) -> None:
    _, survivor = await begin(shift)
    _, merged = await begin(shift)
    await promised(shift, merged, hours=5)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await go_on(shift, 5 * HOUR + 10)
    assert await states(shift, "solution") == ["broken"]


async def test_when_the_customer_ends_the_matter_nothing_is_owed_on_a_case_that_was_taken_in(shift: Shift) -> None:
    contact, survivor = await begin(shift)
    _, merged = await begin(shift)
    await promised(shift, merged, hours=500, kind="visit")
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await shift.serve(contact)
    await shift.do(resolve, survivor, outcome="mended", actor=person("esther"))
    await tend(shift)
    assert await states(shift, "visit") == ["standing"]
    await on_their_page(shift, survivor, "yes")
    await tend(shift)
    assert await states(shift, "visit") == ["released"]
