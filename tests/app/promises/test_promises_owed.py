"""Whom nobody served and nobody is to serve is promised nothing: no letter says that we are still working on it."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from app.actions.contacts.cancel import cancel
from app.actions.contacts.depart import depart
from app.loops.tending import Tending
from app.loops.timers import Timers
from channels.base import Wrote
from tests.moving import turns
from tests.shift import Shift


@pytest.mark.parametrize("end", ["left", "cancelled"])
async def test_who_went_before_anybody_served_them_is_owed_no_news_until_they_come_again(
    shift: Shift, end: str
) -> None:
    waiting = await shift.arrive("phone")
    case = (await shift.row(waiting))["case_id"]
    await turns(Tending(shift.db))
    assert [row["state"] for row in await of_case(shift, case)] == ["standing"]
    if end == "left":
        await shift.do(depart, waiting, reason="hung_up")
    else:
        await shift.do(cancel, waiting, reason="mistake")
    await turns(Tending(shift.db))
    assert [(row["state"], row["reason"]) for row in await of_case(shift, case)] == [("released", "gone")]
    await shift.pass_time(10 * 86_400)
    await turns(Timers(shift.db))
    await turns(Tending(shift.db))
    assert len(await of_case(shift, case)) == 1, "nobody is told that we are still working"
    await shift.arrive("phone", case_id=case)
    await turns(Tending(shift.db))
    assert [row["state"] for row in await of_case(shift, case)] == ["released", "standing"]


async def test_a_machines_letter_is_promised_nothing(shift: Shift) -> None:
    bounce = Wrote(ref="<b>", contact="<b>", content="x", body="I am away", automatic=True, reply_to="a@example.org")
    outcome = await shift.take("email", bounce)
    await turns(Tending(shift.db))
    assert outcome.case_id is not None
    assert await of_case(shift, outcome.case_id) == []


async def test_who_is_still_in_the_menu_is_promised_nothing(shift: Shift) -> None:
    choosing = await shift.arrive("phone", None)
    await turns(Tending(shift.db))
    assert await of_case(shift, (await shift.row(choosing))["case_id"]) == []


async def of_case(shift: Shift, case: UUID) -> list[asyncpg.Record]:
    return await shift.fetch("SELECT * FROM promise WHERE case_id = $1 ORDER BY made_at", case)
