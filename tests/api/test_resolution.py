"""Called solved and called unsolved again, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import House

KEY = {"idempotency-key": "k1"}


async def served(house: House, by: str = "ayesha") -> str:
    told = await house.arrive("r1", customer={"name": "Sana", "email": "sana@example.test"})
    assignment = await house.offer(told["id"], by)
    assert (await house.call(by, "PUT", f"/v1/assignments/{assignment}/acceptance")).status_code == 200
    assert (await house.call(by, "PUT", f"/v1/interactions/{told['id']}/completion", {})).status_code == 200
    case: str = told["case_id"]
    return case


async def test_a_resolution_takes_an_outcome_and_a_root_cause(house: House, sql: Callable[..., Any]) -> None:
    case = await served(house)
    given = {"outcome": "refunded", "root_cause": "late_parcel"}
    answer = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", given)
    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (200, "resolved", "refunded")
    (row,) = await sql('SELECT root_cause, resolved_by FROM "case"')
    assert tuple(row) == ("late_parcel", "ayesha")
    again = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", given)
    assert again.json() == answer.json()


async def test_a_resolution_is_held_against_the_version_that_was_read(house: House) -> None:
    case = await served(house)
    stale = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {}, headers={"if-match": '"999"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "Sana was happy"},
        {"root_cause": ""},
        {"root_cause": "x" * 61},
        {"outcome": 3},
        {"solved": True},
        ["outcome"],
    ],
)
async def test_what_is_no_resolution_is_refused(house: House, body: Any) -> None:
    case = await served(house)
    answer = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", body)
    assert answer.status_code == 422, answer.text


async def test_missing_steps_are_named(house: House, sql: Callable[..., Any]) -> None:
    case = await served(house)
    await sql(
        "INSERT INTO playbook (code, version, rules_version, steps, published_at)"
        """ VALUES ('book', 1, 0, '[{"code": "look", "required": true}]', now())"""
    )
    await sql("UPDATE \"case\" SET playbook = 'book', playbook_version = 1")
    answer = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "steps_missing")
    assert [each["where"] for each in answer.json()["errors"]] == ["look"]


async def test_who_has_not_served_it_neither_solves_nor_opens_it(house: House) -> None:
    case = await served(house)
    solving = await house.call("chandra", "PUT", f"/v1/cases/{case}/resolution", {})
    assert (solving.status_code, solving.json()["code"]) == (403, "not_yours")
    await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    opening = await house.call("chandra", "POST", f"/v1/cases/{case}/reopening", {"reason": "test"}, headers=KEY)
    assert (opening.status_code, opening.json()["code"]) == (403, "not_yours")


async def test_it_is_opened_again_once_however_often_that_is_sent(house: House, sql: Callable[..., Any]) -> None:
    case = await served(house)
    await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    given = {"reason": "told_by_phone", "words": "It drips."}
    first = await house.call("ayesha", "POST", f"/v1/cases/{case}/reopening", given, headers=KEY)
    again = await house.call("ayesha", "POST", f"/v1/cases/{case}/reopening", given, headers=KEY)
    assert (first.status_code, first.json()["state"]) == (201, "open")
    assert again.content == first.content
    found = first.json()
    assert [each["state"] for each in found["interactions"]] == ["completed", "queued"]
    assert found["interactions"][-1]["head_start_reasons"] == ["reopened"]
    assert found["messages"][-1]["body"] == "It drips."
    other = await house.call("ayesha", "POST", f"/v1/cases/{case}/reopening", given, headers={"idempotency-key": "k2"})
    assert (other.status_code, other.json()["code"]) == (409, "illegal_transition")
    assert len(await sql("SELECT FROM interaction")) == 2


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, KEY),
        ({"reason": "It drips again"}, KEY),
        ({"reason": "x", "words": "x" * 100_001}, KEY),
        ({"reason": "x", "more": 1}, KEY),
        ({"reason": "x", "words": "\x00"}, KEY),
    ],
)
async def test_what_is_no_reopening_is_refused(house: House, body: Any, headers: dict[str, str]) -> None:
    case = await served(house)
    await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    answer = await house.call("ayesha", "POST", f"/v1/cases/{case}/reopening", body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
