"""An incident, and several who are at it in the same moment: nobody is forgotten, nobody is told twice, nobody hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from app.actions.customers.erase import ask_erasure
from app.actions.incidents import declare as incidents
from app.actions.incidents.declare import Change, Told
from app.actions.incidents.spread import spread_some
from app.db import now
from app.loops.erasing import Erasing
from app.loops.spreading import Spreading
from app.loops.tending import Tending
from tests.app.incidents.test_incidents import attached, clock, declare, house, letter, letters, promises, spread
from tests.moving import turns
from tests.racing import blocked, holding
from tests.shift import Shift
from tests.solving import row, surveys, tend

__all__ = ["house"]
A_CASE = 'SELECT FROM "case" WHERE id = $1 FOR UPDATE'
THE_INCIDENT = "SELECT FROM incident WHERE id = $1 FOR UPDATE"


async def test_who_fits_another_scope_is_attached_though_the_first_was_being_spread(shift: Shift) -> None:
    inquiry = await letter(shift)
    incident = await declare(shift, request_types=["claim"])
    async with shift.db.session() as session:
        while await spread_some(session, limit=10, now=await now(session)):
            pass
        wider = shift.do(incidents.change, incident.id, Change(touched={"request_types": ["claim", "inquiry"]}))
        changing = asyncio.create_task(wider)
        await blocked(shift.fetch, 1)
    await changing
    await spread(shift)
    assert await attached(shift, incident) == {inquiry}


async def test_whoever_changes_what_is_being_spread_waits_and_fails_nobody(shift: Shift) -> None:
    """Both need the incident and what is told of it: they take them in one order."""
    inquiry, claim = await letter(shift), await letter(shift, "devi", request_type="claim")
    incident = await declare(shift)
    async with holding(shift.db.dsn, A_CASE, inquiry):
        spreading = asyncio.create_task(Spreading(shift.db).turn())
        await blocked(shift.fetch, 1)
        wider = shift.do(incidents.change, incident.id, Change(touched={"request_types": ["claim", "inquiry"]}))
        changing = asyncio.create_task(wider)
        await blocked(shift.fetch, 2)
    await changing
    await spreading
    await spread(shift)
    assert await attached(shift, incident) == {inquiry, claim}


async def test_who_is_attached_while_news_are_told_hears_them_once(shift: Shift) -> None:
    """First the news wait for whoever is attached, then whoever is attached waits for the news."""
    incident = await declare(shift, by=timedelta(hours=6))
    await spread(shift)
    by = await clock(shift) + timedelta(hours=9)
    told = Told(words={"en": "It takes longer."}, promised_at=by)
    for first, name in (("attached", "sana"), ("told", "devi")):
        case = await letter(shift, name)
        async with holding(shift.db.dsn, THE_INCIDENT, incident.id):
            sides: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
                "attached": lambda: turns(Tending(shift.db)),
                "told": lambda: shift.do(incidents.update, incident.id, told),
            }
            one = asyncio.create_task(sides.pop(first)())
            await blocked(shift.fetch, 1)
            other = asyncio.create_task(sides.popitem()[1]())
            await blocked(shift.fetch, 2)
        await one
        await other
        await spread(shift)
        said = [str(each["payload"]) for each in await letters(shift, f"{name}@example.test")]
        assert sum("It takes longer." in each for each in said) == 1, first
        assert [due for state, due in await promises(shift, case) if state == "standing"] == [by], first


async def test_two_services_tell_each_customer_once_and_ask_once(shift: Shift) -> None:
    cases = [await letter(shift, f"c{number}") for number in range(12)]
    await tend(shift)
    incident = await declare(shift)
    await asyncio.gather(*(turns(Spreading(shift.db)) for _ in range(3)))
    await shift.do(incidents.update, incident.id, Told(words={"en": "It takes longer."}))
    await shift.do(incidents.close, incident.id, {"en": "It works again."})
    for _ in range(2):
        await asyncio.gather(*(turns(Spreading(shift.db)) for _ in range(3)))
    for number, case in enumerate(cases):
        assert len(await letters(shift, f"c{number}@example.test")) == 3, "that it is out, the news, and the end"
        assert ((await row(shift, case))["state"], len(await surveys(shift, case))) == ("resolved", 1)


async def test_a_customer_who_is_forgotten_in_the_middle_is_told_nothing_more_and_holds_up_nobody(shift: Shift) -> None:
    first, gone, last = [await letter(shift, name) for name in ("sana", "devi", "esha")]
    await tend(shift)
    incident = await declare(shift, by=timedelta(hours=6))
    await spread(shift)
    await shift.do(incidents.update, incident.id, Told(words={"en": "It takes longer."}))
    async with shift.db.session() as session:
        assert await spread_some(session, limit=1, now=await now(session)), "one of them heard it"
    customer = (await row(shift, gone))["customer_id"]
    await shift.do(ask_erasure, customer)
    await turns(Erasing(shift.db))
    before = len(await shift.fetch("SELECT FROM outbox WHERE recipient LIKE 'devi%'"))
    await tend(shift)
    await shift.do(incidents.close, incident.id, {"en": "It works again."})
    await spread(shift)
    assert len(await shift.fetch("SELECT FROM outbox WHERE recipient LIKE 'devi%'")) == before
    assert [len(await letters(shift, f"{name}@example.test")) for name in ("sana", "esha")] == [3, 3]
    assert await shift.fetch("SELECT FROM promise WHERE case_id = $1 AND state = 'standing'", gone) == []
    assert {(await row(shift, each))["state"] for each in (first, last)} == {"resolved"}
    assert await surveys(shift, gone) == []
    assert await shift.fetch("SELECT FROM incident_update WHERE spread_at IS NULL") == []
