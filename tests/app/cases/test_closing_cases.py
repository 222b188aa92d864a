"""A resolved case is closed once: in time, by silence or by nobody's word, across kills and two processes."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import close, shut
from app.actions.firing import HANDLERS, due
from app.actions.firing import fire as fire_all
from app.actions.record import locked
from app.actions.surveys import end as survey_end
from app.actions.surveys.end import survey_closes
from app.actions.tending import CONCERNS
from app.db import now
from app.errors import Conflict
from app.loops.timers import Timers
from app.security import SYSTEM
from app.tables import Case
from channels.base import Wrote
from tests.moving import turns
from tests.shift import Shift
from tests.solving import DAY, fire, row, say, served, solved, surveys, tend, timer


class Killed(Exception):
    """The process died before the commit."""


async def silent(shift: Shift, count: int) -> list[UUID]:
    """So many cases that are called solved, and whose customers said nothing until the window was over."""
    cases = [await solved(shift, channel="walk_in") for _ in range(count)]
    await shift.pass_time(5 * DAY + 1)
    return cases


async def test_before_the_window_is_over_nothing_is_closed(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY - 60)
    await fire(shift)
    assert ((await row(shift, case))["state"], (await surveys(shift, case))[0]["state"]) == ("resolved", "asked")


async def test_silence_closes_and_is_not_the_customers_word(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    found = await row(shift, case)
    assert (found["state"], found["closed_by"], found["closed_at"] > found["resolved_at"]) == (
        "closed",
        "silence",
        True,
    )
    assert (await shift.story(case))[-2:] == ["survey_lapsed", "lapsed"]


async def test_two_processes_close_each_once(shift: Shift) -> None:
    cases = await silent(shift, 6)
    await asyncio.gather(*[turns(Timers(shift.db)) for _ in range(3)])
    await fire(shift)
    for case in cases:
        assert (await shift.story(case)).count("not_asked") == 1
        assert await timer(shift, case) is None


async def test_a_kill_in_the_middle_closes_nothing_and_the_next_closes_all_once(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = await silent(shift, 3)
    done = 0

    def dying(session: AsyncSession, case: Case, *args: object, **more: object) -> None:
        nonlocal done
        done += 1
        if done > 1:
            raise Killed
        shut(session, case, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(survey_end, "shut", dying)
    before = await shift.everything()
    async with shift.db.connection() as connection:
        found = await due(connection, limit=100)
    with pytest.raises(Killed):
        async with shift.db.session() as session:
            await fire_all(session, found, now=await now(session))
    assert await shift.everything() == before
    monkeypatch.setattr(survey_end, "shut", shut)
    await fire(shift)
    assert [(await shift.story(case)).count("not_asked") for case in cases] == [1, 1, 1]


async def test_a_case_that_is_open_again_is_left_alone_whatever_timer_is_left(shift: Shift) -> None:
    case = await solved(shift)
    token = (await row(shift, case))["token"]
    await shift.take("email", Wrote(ref="<n>", contact="<n>", content="n", body="No", case_token=token))
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert (await row(shift, case))["state"] == "open"


async def test_what_is_not_resolved_is_not_closed(shift: Shift) -> None:
    interaction = await served(shift)
    case = (await shift.case(interaction))["id"]
    before = await shift.everything()
    with pytest.raises(Conflict):
        async with shift.db.session() as session:
            await close(session, await locked(session, Case, case), "lapsed", actor=SYSTEM, now=await now(session))
    assert await shift.everything() == before


async def test_an_answer_just_before_the_timer_is_the_customers_word(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY - 60)
    await say(shift, case, "yes")
    await shift.pass_time(DAY)
    await fire(shift)
    await tend(shift)
    assert (await row(shift, case))["closed_by"] == "customer"
    assert (await shift.story(case)).count("confirmed") == 1


def test_the_handler_is_registered() -> None:
    assert HANDLERS[survey_end.KIND] is survey_closes
    assert survey_end.heed in CONCERNS
