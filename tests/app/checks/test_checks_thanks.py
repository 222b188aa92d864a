"""A letter after the resolution opens a case again; a second person looks unless somebody said that it was about something else."""

from __future__ import annotations

from uuid import UUID

from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.touches.causes import set_cause
from tests.shift import Shift, person
from tests.solving import call_solved, row, say, solved, tend


async def writes_again(shift: Shift, case: UUID) -> None:
    again = await shift.arrive("email", case_id=case)
    await shift.serve(again)
    await shift.do(complete, again, outcome=None, actor=person("esther"))
    await tend(shift)
    assert (await row(shift, case))["state"] == "open"


async def named(shift: Shift, case: UUID, number: int, cause: str) -> None:
    await shift.do(set_cause, case, number, cause=cause, actor=person("esther"))


async def resolved_at_once(shift: Shift, case: UUID) -> bool:
    await shift.do(resolve, case, outcome=None, actor=person("esther"))
    return bool((await row(shift, case))["state"] == "resolved")


async def test_who_only_wrote_thanks_did_not_come_back(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks")
    assert await resolved_at_once(shift, case)


async def test_what_nobody_has_said_the_cause_of_is_looked_at(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    assert not await resolved_at_once(shift, case)


async def test_every_letter_since_must_have_been_about_something_else(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks")
    await writes_again(shift, case)
    assert not await resolved_at_once(shift, case)


async def test_a_person_who_says_that_it_is_not_solved_is_believed(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks")
    await named(shift, case, 1, "not_solved")
    assert not await resolved_at_once(shift, case)


async def test_a_customer_who_answered_no_came_back_whatever_is_said_of_their_letters(shift: Shift) -> None:
    case = await solved(shift)
    await tend(shift)
    await say(shift, case, "no")
    await tend(shift)
    again = await shift.arrive("email", case_id=case)
    await shift.serve(again)
    await shift.do(complete, again, outcome=None, actor=person("esther"))
    await tend(shift)
    touches = await shift.fetch("SELECT number FROM touch WHERE case_id = $1", case)
    for each in touches:
        await named(shift, case, each["number"], "thanks")
    assert touches
    assert not await resolved_at_once(shift, case)


async def test_thanks_for_what_was_looked_at_once_are_thanks(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks")
    await call_solved(shift, case)
    await writes_again(shift, case)
    await named(shift, case, 2, "thanks")
    assert await resolved_at_once(shift, case)
