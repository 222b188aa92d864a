"""Clocks where contacts change their case: whoever waits for an answer waits where their contact is, and nowhere else."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.split import move, split
from app.actions.contacts.complete import complete
from channels.base import Wrote
from tests.shift import Shift, person
from tests.ticking import HOUR, alarms, answer, begin, clocks, say_rules, tend, timers


@pytest.fixture
async def two(shift: Shift) -> tuple[UUID, UUID]:
    """A case whose first letter was answered, and a second letter on it that was not: the case, the second letter."""
    await say_rules(shift)
    first, case = await begin(shift)
    await answer(shift, first)
    second = await shift.arrive("email", case_id=case)
    await tend(shift)
    assert await clocks(shift, case) == {"first_response": "met", "next_response": "running", "resolution": "running"}
    return case, second


async def test_what_was_split_off_is_owed_no_answer_on_the_case_it_left(shift: Shift, two: tuple[UUID, UUID]) -> None:
    case, second = two
    made = await shift.do(split, case, [second], reason=None)
    await tend(shift)
    assert (await clocks(shift, case))["next_response"] == "stopped"
    assert (await clocks(shift, made.id))["first_response"] == "running"


async def test_who_was_answered_before_they_were_split_off_waits_for_no_first_answer(
    shift: Shift, two: tuple[UUID, UUID]
) -> None:
    case, second = two
    await answer(shift, second)
    made = await shift.do(split, case, [second], reason=None)
    await tend(shift)
    assert "first_response" not in await clocks(shift, made.id)
    await timers(shift, 2 * HOUR)
    assert await alarms(shift, "clock_breached") == []


@pytest.mark.parametrize("answered", [False, True])
async def test_who_was_put_on_another_case_waits_there_if_nobody_answered_them(
    shift: Shift, two: tuple[UUID, UUID], answered: bool
) -> None:
    _, second = two
    if answered:
        await answer(shift, second)
    first, other = await begin(shift)
    await answer(shift, first)
    await shift.do(move, second, other, reason=None)
    await tend(shift)
    assert ("next_response" in await clocks(shift, other)) is not answered


async def test_who_waits_for_the_rest_of_it_still_waits_there(shift: Shift, two: tuple[UUID, UUID]) -> None:
    case, second = two
    await shift.arrive("email", case_id=case)
    await tend(shift)
    await shift.do(split, case, [second], reason=None)
    await tend(shift)
    assert (await clocks(shift, case))["next_response"] == "running"


async def test_who_was_put_elsewhere_has_waited_since_they_wrote(shift: Shift, two: tuple[UUID, UUID]) -> None:
    _, second = two
    first, other = await begin(shift)
    await answer(shift, first)
    await shift.pass_time(HOUR)
    await shift.do(move, second, other, reason=None)
    await timers(shift, HOUR + 60)
    assert (await clocks(shift, other))["next_response"] == "breached"


async def test_who_writes_again_after_the_answer_waits_for_the_next_one(shift: Shift, two: tuple[UUID, UUID]) -> None:
    case, second = two
    await answer(shift, second)
    (first,) = await shift.fetch("SELECT id FROM interaction WHERE case_id = $1 AND id <> $2", case, second)
    await shift.do(complete, first["id"], outcome=None, actor=person("esther"))
    token = (await shift.case(second))["token"]
    again = Wrote(ref="again", contact="again", content="again", body="And now?", case_token=token)
    assert (await shift.take("email", again)).interaction_id == second
    await tend(shift)
    made = await shift.do(split, case, [second], reason=None)
    await tend(shift)
    found = await clocks(shift, made.id)
    assert ("first_response" in found, found["next_response"]) == (False, "running")
