"""Alarms over HTTP: each sees their own, supervisors all, and what was looked at is gone from the list."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from app.actions.alarms import NewAlarm, raise_alarms
from app.db import Database, now, uuid7
from app.tables import Case
from tests.api.conftest import House


async def raised(house: House, *people: str | None) -> str:
    """An alarm for each, a second apart; returns the case they are about."""
    case_id: str = (await house.arrive("r1"))["case_id"]
    async with Database(house.database) as db, db.session() as session:
        case = await session.get_one(Case, UUID(case_id), with_for_update=True)
        moment = await now(session)
        for number, person in enumerate(people):
            new = NewAlarm(kind=f"kind_{number}", key=f"key-{number}", case=case, representative=person)
            await raise_alarms(session, [new, new], now=moment + timedelta(seconds=number))
    return case_id


async def kinds(house: House, who: str, query: str = "") -> list[str]:
    answer = await house.call(who, "GET", f"/v1/alarms{query}")
    assert answer.status_code == 200, answer.text
    return [item["kind"] for item in answer.json()["items"]]


async def test_each_sees_their_own_and_supervisors_see_all(house: House) -> None:
    await raised(house, "ayesha", None, "bilal")
    assert await kinds(house, "ayesha") == ["kind_0"]
    assert await kinds(house, "ayesha", "?representative=bilal") == []
    assert await kinds(house, "ayesha", "?supervisors=true") == []
    assert await kinds(house, "supervisor") == ["kind_0", "kind_1", "kind_2"]
    assert await kinds(house, "supervisor", "?supervisors=true") == ["kind_1"]
    assert await kinds(house, "supervisor", "?representative=bilal") == ["kind_2"]
    assert await kinds(house, "supervisor", "?kind=kind_1") == ["kind_1"]


async def test_pages_neither_repeat_nor_miss(house: House) -> None:
    await raised(house, *["ayesha"] * 5)
    seen: list[str] = []
    after = ""
    while True:
        found = (await house.call("ayesha", "GET", f"/v1/alarms?limit=2{after}")).json()
        seen += [item["kind"] for item in found["items"]]
        if found["next"] is None:
            break
        after = f"&after={found['next']}"
    assert seen == [f"kind_{number}" for number in range(5)]
    assert (await house.call("ayesha", "GET", "/v1/alarms?after=nonsense")).json()["code"] == "bad_cursor"


async def test_what_was_looked_at_is_gone_from_the_list_and_stays_with_its_case(house: House) -> None:
    case = await raised(house, "ayesha", None)
    (alarm,) = (await house.call("ayesha", "GET", "/v1/alarms")).json()["items"]
    first = await house.call("ayesha", "PUT", f"/v1/alarms/{alarm['id']}/done")
    assert (first.status_code, first.json()["done_by"]) == (200, "representative:ayesha")
    assert (await house.call("ayesha", "PUT", f"/v1/alarms/{alarm['id']}/done")).json() == first.json()
    assert await kinds(house, "ayesha") == []
    assert await kinds(house, "supervisor", f"?case_id={case}") == ["kind_0", "kind_1"]


async def test_nobody_ends_the_alarm_of_another(house: House) -> None:
    await raised(house, "ayesha", None)
    for item in (await house.call("supervisor", "GET", "/v1/alarms")).json()["items"]:
        answer = await house.call("bilal", "PUT", f"/v1/alarms/{item['id']}/done")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    assert (await house.call("supervisor", "PUT", f"/v1/alarms/{uuid7()}/done")).status_code == 404
    assert len(await kinds(house, "supervisor")) == 2
