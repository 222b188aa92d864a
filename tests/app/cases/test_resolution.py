"""A case is called solved: by whom, with what came of it, after what must be done, and about whom the customer is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.actions.cases.merge import merge
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, send_back, take
from app.db import uuid7
from app.errors import Conflict, Forbidden, NotFound
from tests import ruling
from tests.shift import SUPERVISOR, Shift
from tests.solving import CHANDRA, call_solved, newest, row, say, served, solved, surveys, tend, timer

CHECKED = {"resolution": {"request_types": {"inquiry": {"checks": [{"before": "resolution"}]}}}}


async def rule(shift: Shift, **more: Any) -> None:
    await ruling.rule(shift.db, shift.intake, ruling.document(**more))


async def test_a_resolution_says_what_came_of_it_why_it_had_happened_and_whose_word_it_is(shift: Shift) -> None:
    case = await solved(shift)
    found, told = await row(shift, case), (await shift.fetch("SELECT * FROM event WHERE kind = 'resolved'"))[0]
    assert (found["state"], found["outcome"], found["root_cause"]) == ("resolved", "mended", "worn_out")
    assert (found["resolved_by"], found["resolved_at"]) == ("esther", told["at"])
    assert told["data"] == {"outcome": "mended", "root_cause": "worn_out", "representative": "esther"}
    assert told["actor"] == "representative:esther"


async def test_what_a_supervisor_calls_solved_is_the_word_of_whoever_served_it_last(shift: Shift) -> None:
    interaction = await served(shift)
    case = (await shift.case(interaction))["id"]
    again = await served(shift, code="ayesha", case_id=case)
    assert (await shift.case(again))["id"] == case
    await shift.do(resolve, case, outcome=None, actor=SUPERVISOR)
    assert (await row(shift, case))["resolved_by"] == "ayesha"
    assert (await surveys(shift, case))[0]["representative"] == "ayesha"


async def test_the_same_resolution_again_changes_nothing(shift: Shift) -> None:
    case = await solved(shift)
    before = await shift.everything()
    await call_solved(shift, case, outcome="something_else")
    assert await shift.everything() == before


async def test_nobody_solves_what_they_neither_served_nor_own(shift: Shift) -> None:
    case = (await shift.case(await served(shift)))["id"]
    before = await shift.everything()
    with pytest.raises(Forbidden) as caught:
        await call_solved(shift, case, "ayesha")
    assert (caught.value.code, await shift.everything()) == ("not_yours", before)
    await shift.execute("UPDATE \"case\" SET owner = 'ayesha' WHERE id = $1", case)
    await call_solved(shift, case, "ayesha")
    assert (await row(shift, case))["resolved_by"] == "ayesha"


async def test_required_steps_that_are_not_done_keep_it_open_and_are_named(shift: Shift) -> None:
    interaction = await served(shift)
    case = (await shift.case(interaction))["id"]
    await shift.execute(
        "INSERT INTO playbook (code, version, rules_version, steps, published_at) VALUES ('book', 1, 0,"
        """ '[{"code": "look", "required": true}, {"code": "smile", "required": false}, {"code": "test", "required": true}]',"""
        " wall_clock())"
    )
    await shift.execute("UPDATE \"case\" SET playbook = 'book', playbook_version = 1 WHERE id = $1", case)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await call_solved(shift, case)
    assert caught.value.code == "steps_missing"
    assert [each["where"] for each in caught.value.errors] == ["look", "test"]
    assert await shift.everything() == before
    await shift.execute(
        "INSERT INTO playbook_tick (case_id, step, at, by)"
        " SELECT $1, step, wall_clock(), 'test' FROM unnest('{look,test}'::text[]) AS step", case,
    )  # fmt: skip
    await call_solved(shift, case)
    assert (await row(shift, case))["state"] == "resolved"


async def test_a_case_that_was_taken_into_another_is_not_solved_by_itself(shift: Shift) -> None:
    one, other = [(await shift.case(await served(shift)))["id"] for _ in range(2)]
    await shift.do(merge, one, other, reason=None)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await call_solved(shift, other)
    assert (caught.value.code, await shift.everything()) == ("merged", before)


async def test_a_second_person_looks_first_where_the_rules_say_so_and_only_then_is_the_customer_asked(
    shift: Shift,
) -> None:
    await rule(shift, **CHECKED)
    case = await solved(shift)
    assert (await row(shift, case))["state"] == "checking"
    assert (await surveys(shift, case), await timer(shift, case)) == ([], None)
    before = await shift.everything()
    await call_solved(shift, case)
    assert await shift.everything() == before, "saying it again changes nothing"
    await tend(shift)
    check = (await shift.fetch("SELECT id FROM second_check"))[0]["id"]
    await shift.come_to_work("chandra")
    await shift.do(take, check, actor=CHANDRA)
    await shift.do(approve, check, actor=CHANDRA)
    found = await row(shift, case)
    assert (found["state"], found["outcome"], found["root_cause"]) == ("resolved", "mended", "worn_out")
    assert found["resolved_by"] == "esther"
    asked = (await surveys(shift, case))[0]
    assert (asked["state"], asked["representative"]) == ("asked", "esther"), "who did it is asked about, not who looked"


async def test_what_a_second_person_returns_is_open_and_nobody_is_asked(shift: Shift) -> None:
    await rule(shift, **CHECKED)
    case = await solved(shift)
    await tend(shift)
    check = (await shift.fetch("SELECT id FROM second_check"))[0]["id"]
    await shift.do(take, check, actor=CHANDRA)
    await shift.do(send_back, check, comment="Look again", actor=CHANDRA)
    assert ((await row(shift, case))["state"], await surveys(shift, case)) == ("open", [])


async def test_after_a_no_a_second_person_looks_before_it_is_called_solved_again(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    again = (await newest(shift, case))["id"]
    await shift.serve(again, "ayesha")
    await call_solved(shift, case, "ayesha")
    assert (await row(shift, case))["state"] == "checking"
    check = (await shift.fetch("SELECT * FROM second_check"))[0]
    assert (check["reason"], check["representative"]) == ("reopened", "ayesha")


@pytest.mark.parametrize("state", ["closed", "checking"])
async def test_what_is_over_or_being_looked_at_is_not_solved_once_more(shift: Shift, state: str) -> None:
    case = await solved(shift)
    await tend(shift)
    await say(shift, case, "yes")
    if state == "checking":
        await rule(shift, **CHECKED)
        case = (await shift.case(await served(shift)))["id"]
        await shift.do(resolve, case, outcome=None)
        await shift.execute("DELETE FROM second_check")  # a message is looked at, say, and not the resolution
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await call_solved(shift, case)
    assert (caught.value.code, await shift.everything()) == ("illegal_transition", before)


async def test_two_who_call_it_solved_at_once_ask_the_customer_once(shift: Shift) -> None:
    interaction = await served(shift)
    case = (await shift.case(interaction))["id"]
    await served(shift, code="ayesha", case_id=case)
    await asyncio.gather(call_solved(shift, case, "esther"), call_solved(shift, case, "ayesha"))
    assert len(await surveys(shift, case)) == 1
    assert (await shift.story(case)).count("resolved") == 1
    assert (await row(shift, case))["resolved_by"] == (await surveys(shift, case))[0]["representative"]


async def test_an_unknown_case_is_not_found(shift: Shift) -> None:
    with pytest.raises(NotFound):
        await call_solved(shift, uuid7())
