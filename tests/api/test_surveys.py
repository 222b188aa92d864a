"""What customers said of a resolution, as people of the house read it: reading changes nothing and nobody reads of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from app.actions.surveys.ask import answer
from app.db import now
from app.security import Actor
from app.tables import Survey
from tests.api.conftest import House
from tests.api.test_resolution import served


async def answered(house: House) -> str:
    case = await served(house)
    assert (await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})).status_code == 200
    return case


async def say(house: House, sql: Callable[..., Any], **given: Any) -> None:
    (found,) = await sql("SELECT id FROM survey")
    async with house.app.state.service.database.session() as session:
        survey = await session.get_one(Survey, UUID(int=found["id"].int))
        who = Actor(role="system", key_id="page")
        await answer(session, survey, actor=who, now=await now(session), **{"mark": None, "words": None, **given})


async def test_reading_asks_nothing_and_answers_nothing(house: House, sql: Callable[..., Any]) -> None:
    case = await answered(house)
    before = await sql('SELECT s::text FROM survey s UNION ALL SELECT c::text FROM "case" c')
    first = await house.call("supervisor", "GET", f"/v1/cases/{case}/surveys")
    assert first.status_code == 200
    (item,) = first.json()["items"]
    assert (item["state"], item["round"], item["channel"], item["representative"]) == ("asked", 1, "email", "ayesha")
    assert (item["solved"], item["mark"], item["words"]) == (None, None, None)
    for _ in range(3):
        await house.call("supervisor", "GET", f"/v1/cases/{case}/surveys")
    assert before == await sql('SELECT s::text FROM survey s UNION ALL SELECT c::text FROM "case" c')


async def test_what_was_said_of_a_representative_is_for_those_who_lead(house: House, sql: Callable[..., Any]) -> None:
    case = await answered(house)
    await say(house, sql, solved="yes", mark=2, words="In a hurry")
    shown = [
        (await house.call(who, "GET", f"/v1/cases/{case}/surveys")).json()["items"][0]
        for who in ("supervisor", "ayesha")
    ]
    assert [(each["solved"], each["mark"], each["words"]) for each in shown] == [
        ("yes", 2, "In a hurry"),
        ("yes", None, None),
    ]


async def test_who_has_nothing_to_do_with_the_case_reads_nothing(house: House) -> None:
    case = await answered(house)
    assert (await house.call("chandra", "GET", f"/v1/cases/{case}/surveys")).status_code == 404
    unknown = await house.call("supervisor", "GET", f"/v1/cases/{UUID(int=7)}/surveys")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_an_answer_cannot_be_given_with_a_key_of_the_house(house: House) -> None:
    case = await answered(house)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = await house.call("admin", method, f"/v1/cases/{case}/surveys", {"solved": "yes"})
        assert refused.status_code == 405
