"""A letter after the resolution opens a case again; a second person looks unless another person said that it was about something else."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest

from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.keys import create_key
from app.actions.touches.causes import set_cause
from app.db import now
from app.security import Actor
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import call_solved, row, say, solved, tend

ESTHER: Final = person("esther")
LEAD: Final = Actor(role="supervisor", key_id="1", name="shift-lead")
SOFTWARE: Final = Actor(role="integration", key_id="2", name="telephony")


async def writes_again(shift: Shift, case: UUID) -> None:
    again = await shift.arrive("email", case_id=case)
    await shift.serve(again)
    await shift.do(complete, again, outcome=None, actor=person("esther"))
    await tend(shift)
    assert (await row(shift, case))["state"] == "open"


async def named(shift: Shift, case: UUID, number: int, cause: str, *, by: Actor = SUPERVISOR) -> None:
    await shift.do(set_cause, case, number, cause=cause, actor=by)


async def a_key(shift: Shift, name: str) -> Actor:
    """Another key of this supervisor's."""
    async with shift.db.session() as session:
        row, _ = await create_key(session, name, role="supervisor", representative=None, now=await now(session))
        return Actor(role="supervisor", key_id=str(row.id), name=name)


async def resolved_at_once(shift: Shift, case: UUID, *, by: Actor = ESTHER) -> bool:
    await shift.do(resolve, case, outcome=None, actor=by)
    return bool((await row(shift, case))["state"] == "resolved")


async def test_who_only_wrote_thanks_did_not_come_back(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks")
    assert await resolved_at_once(shift, case)


@pytest.mark.parametrize("asks", [ESTHER, LEAD])
async def test_who_served_it_does_not_spare_themselves_by_naming_it_thanks(shift: Shift, asks: Actor) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks", by=ESTHER)
    assert not await resolved_at_once(shift, case, by=asks)


async def test_another_who_says_so_too_is_believed(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks", by=ESTHER)
    await named(shift, case, 1, "thanks", by=LEAD)
    assert await resolved_at_once(shift, case)


async def test_who_calls_it_solved_is_no_other_under_a_renewed_key(shift: Shift) -> None:
    keys = [await a_key(shift, "shift-lead") for _ in range(2)]
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks", by=keys[0])
    assert not await resolved_at_once(shift, case, by=keys[1])


async def test_what_software_says_is_nobody_s_word(shift: Shift) -> None:
    case = await solved(shift)
    await writes_again(shift, case)
    await named(shift, case, 1, "thanks", by=SOFTWARE)
    assert not await resolved_at_once(shift, case)


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
