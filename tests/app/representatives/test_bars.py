"""Not this representative: for a customer or for a case, standing, whatever is relaxed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.complete import complete
from app.actions.line.requeue import hand_back, transfer
from app.actions.representatives.bar import AT_MOST, Whose, bar, unbar
from app.errors import Conflict, NotFound
from app.loops.bars import Bars
from channels.base import Person
from tests.moving import turns
from tests.racing import staggered
from tests.shift import Shift

SANA = Person(phone="+923001234567")


async def sana_calls(shift: Shift, channel: str = "phone", **more: Any) -> UUID:
    return await shift.arrive(channel, person=SANA, **more)


async def of_customer(shift: Shift, interaction: UUID) -> Whose:
    return Whose(customer_id=(await shift.row(interaction))["customer_id"])


async def of_case(shift: Shift, interaction: UUID) -> Whose:
    return Whose(case_id=(await shift.row(interaction))["case_id"])


async def forbid(shift: Shift, whose: Whose, code: str = "esther") -> Any:
    return await shift.do(bar, whose, code, reason="complaint")


async def test_a_customers_bar_reaches_all_they_have_waiting_and_all_that_comes(shift: Shift) -> None:
    first, second = await sana_calls(shift), await sana_calls(shift)
    stranger = await shift.arrive("phone")
    await forbid(shift, await of_customer(shift, first))
    third = await sana_calls(shift)
    assert [(await shift.row(each))["barred"] for each in (first, second, third, stranger)] == [["esther"]] * 3 + [[]]
    for each in (first, second, third):
        with pytest.raises(AssertionError, match="does not hold"):
            await shift.offer(each)
    await shift.serve(stranger)


async def test_a_cases_bar_is_about_that_case_only(shift: Shift) -> None:
    one, other = await sana_calls(shift), await sana_calls(shift)
    whose = await of_case(shift, one)
    await forbid(shift, whose)
    again = await sana_calls(shift, case_id=whose.case_id)
    assert [(await shift.row(each))["barred"] for each in (one, again, other)] == [["esther"], ["esther"], []]


async def test_an_offer_to_whoever_is_barred_is_taken_back_at_once(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    await shift.offer(waiting)
    await forbid(shift, await of_customer(shift, waiting))
    assert await shift.story(waiting) == ["queued", "offered", "barred", "withdrawn"]
    staff = await shift.staff("esther")
    assert (staff["live"], staff["units"]) == (0, 0)
    assert (await shift.holder(waiting))["reason"] == "barred"


async def test_who_serves_them_now_finishes_and_never_gets_them_again(shift: Shift) -> None:
    served = await sana_calls(shift)
    await shift.serve(served)
    await forbid(shift, await of_customer(shift, served))
    assert (await shift.row(served))["state"] == "active"
    await shift.do(hand_back, served, reason="test")
    with pytest.raises(AssertionError, match="does not hold"):
        await shift.offer(served)
    with pytest.raises(Conflict) as caught:
        await shift.do(transfer, served, queue=None, representative="esther", reason=None)
    assert caught.value.code == "cannot_serve"


async def test_nobody_waits_for_a_preferred_one_who_is_barred(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    await shift.come_to_work("esther")
    await shift.do(transfer, waiting, queue=None, representative="esther", reason=None)
    await forbid(shift, await of_customer(shift, waiting))
    row = await shift.row(waiting)
    assert (row["preferred"], row["preferred_until"]) == (None, None)


async def test_a_bar_is_put_once_and_lifted_once(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    whose = await of_customer(shift, waiting)
    once = await forbid(shift, whose)
    before = await shift.everything()
    assert (await forbid(shift, whose)).id == once.id
    assert await shift.everything() == before
    await shift.do(unbar, whose, "esther")
    before = await shift.everything()
    await shift.do(unbar, whose, "esther")
    assert await shift.everything() == before
    assert await shift.story(waiting) == ["queued", "barred", "unbarred"]
    await shift.serve(waiting)


async def test_what_another_bar_forbids_stays_forbidden(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    await forbid(shift, await of_customer(shift, waiting))
    await forbid(shift, await of_case(shift, waiting))
    await shift.do(unbar, await of_customer(shift, waiting), "esther")
    assert (await shift.row(waiting))["barred"] == ["esther"]
    await shift.do(unbar, await of_case(shift, waiting), "esther")
    assert (await shift.row(waiting))["barred"] == []


async def test_there_is_an_end_to_bars(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    whose = await of_customer(shift, waiting)
    await shift.execute(
        "INSERT INTO representative (code, name, capacity, ceiling, version)"
        " SELECT 'x' || n, 'X', 1, 1, 1 FROM generate_series(1, 20) AS n"
    )
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " SELECT 'representative', 'x' || n, 1, 'joined', wall_clock(), 'system' FROM generate_series(1, 20) AS n"
    )
    case = await of_case(shift, waiting)
    made = await asyncio.gather(
        *(forbid(shift, case if number % 2 else whose, f"x{number}") for number in range(1, 21)), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, BaseException)]
    assert {getattr(each, "code", each) for each in refused} == {"too_many_bars"}
    assert len(made) - len(refused) == AT_MOST == len((await shift.row(waiting))["barred"])


async def test_nobody_unknown_is_barred_and_nobody_unknown_bars(shift: Shift) -> None:
    waiting = await sana_calls(shift)
    nobody = UUID("00000000-0000-7000-8000-000000000000")
    for whose, code in (
        (await of_case(shift, waiting), "nobody"),
        (Whose(case_id=nobody), "esther"),
        (Whose(customer_id=nobody), "esther"),
    ):
        with pytest.raises(NotFound):
            await forbid(shift, whose, code)


async def test_a_bar_and_an_offer_at_the_same_moment_end_without_the_offer(shift: Shift) -> None:
    await shift.come_to_work("esther")
    for race in staggered(22):
        waiting = await sana_calls(shift)
        whose = await of_case(shift, waiting)
        forbidden, _ = await race(forbid(shift, whose), shift.offer(waiting))
        assert not isinstance(forbidden, BaseException), forbidden
        row = await shift.row(waiting)
        assert (row["state"], row["barred"]) == ("queued", ["esther"])
        await shift.do(unbar, whose, "esther")  # there is an end to bars


async def test_who_came_in_at_the_very_moment_hears_of_the_bar_a_little_later(shift: Shift) -> None:
    await shift.pass_time(3600)  # the clock of the process that makes the bar does not count
    known = await sana_calls(shift)
    await forbid(shift, await of_customer(shift, known))
    late = await sana_calls(shift)
    await shift.execute("UPDATE interaction SET barred = '{}' WHERE id = $1", late)
    await shift.offer(late)
    await turns(Bars(shift.db))
    row = await shift.row(late)
    assert (row["state"], row["barred"]) == ("queued", ["esther"])
    before = await shift.everything()
    await turns(Bars(shift.db))
    assert await shift.everything() == before


async def test_what_is_over_hears_of_nothing(shift: Shift) -> None:
    over = await sana_calls(shift)
    await shift.serve(over)
    await shift.do(complete, over, outcome=None)
    await forbid(shift, await of_customer(shift, over))
    assert (await shift.row(over))["barred"] == []
