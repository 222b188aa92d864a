"""Touches and clocks over HTTP: how often, why, by when."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import Database, uuid7
from app.loops.tending import Tending
from tests.api.conftest import House
from tests.moving import turns
from tests.ruling import document


async def tend(house: House) -> None:
    async with Database(house.database) as db:
        await turns(Tending(db))


async def twice(house: House) -> str:
    """A case whose customer came again; ayesha has served it."""
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    await house.arrive("r2", case_id=told["case_id"])
    await tend(house)
    case: str = told["case_id"]
    return case


async def test_the_touches_of_a_case_are_told_with_its_budget(house: House) -> None:
    case = await twice(house)
    answer = await house.call("ayesha", "GET", f"/v1/cases/{case}/touches")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    assert (found["count"], found["budget"], found["supervised"], found["next"]) == (1, 4, False, None)
    (touch,) = found["items"]
    assert (touch["number"], touch["kind"], touch["caused_by"], touch["case_id"]) == (1, "contact", "rule", case)


async def test_a_cause_is_said_by_whoever_served_it_and_said_again_it_is_the_same(house: House) -> None:
    case = await twice(house)
    address = f"/v1/cases/{case}/touches/1/cause"
    first = await house.call("ayesha", "PUT", address, {"cause": "rude"})
    assert (first.status_code, first.json()["cause"]) == (200, "rude")
    assert first.json()["caused_by"] == "representative:ayesha"
    assert (await house.call("ayesha", "PUT", address, {"cause": "rude"})).json() == first.json()


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [
        ("2", {"cause": "rude"}, 404),
        ("0", {"cause": "rude"}, 404),
        ("99999999999", {"cause": "rude"}, 404),
        ("x", {"cause": "rude"}, 404),
        ("1", {"cause": "They were rude!"}, 422),
        ("1", {"cause": "x" * 61}, 422),
        ("1", {}, 422),
        ("1", {"cause": "rude", "more": 1}, 422),
    ],
)
async def test_what_is_no_touch_or_no_code_is_refused(house: House, number: str, body: Any, status: int) -> None:
    case = await twice(house)
    answer = await house.call("supervisor", "PUT", f"/v1/cases/{case}/touches/{number}/cause", body)
    assert answer.status_code == status


async def test_who_never_served_it_is_told_nothing(house: House) -> None:
    case = await twice(house)
    for method, path, body in (
        ("GET", "touches", None), ("GET", "clocks", None), ("PUT", "touches/1/cause", {"cause": "rude"}),
    ):  # fmt: skip
        assert (await house.call("bilal", method, f"/v1/cases/{case}/{path}", body)).status_code == 404
    for path in ("touches", "clocks"):
        assert (await house.call("supervisor", "GET", f"/v1/cases/{uuid7()}/{path}")).status_code == 404


async def test_the_clocks_of_a_case_are_told(house: House) -> None:
    draft = {"document": document(resolution={"targets": {"resolution_seconds": 3600}})}
    made = await house.call("admin", "POST", "/v1/rules", draft, headers={"idempotency-key": "one"})
    assert made.status_code == 201, made.text
    await house.call("admin", "PUT", f"/v1/rules/{made.json()['version']}/publication")
    case = await twice(house)
    answer = await house.call("ayesha", "GET", f"/v1/cases/{case}/clocks")
    assert answer.status_code == 200
    (clock,) = answer.json()["items"]
    assert (clock["kind"], clock["state"], clock["target_seconds"]) == ("resolution", "running", 3600)
