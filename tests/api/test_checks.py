"""The second person's look over the API: listed to who may look, taken by one, approved or returned."""

from __future__ import annotations

from itertools import count
from typing import Any

from app.loops.tending import Tending
from tests.api.conftest import House
from tests.api.test_playbooks import published
from tests.moving import turns

NUMBERS = count(1)


async def served(house: House, *checks: dict[str, Any]) -> dict[str, Any]:
    """A claim of Ayesha's, under these checks."""
    await published(house, resolution={"request_types": {"claim": {"checks": list(checks)}}})
    told = await house.arrive(f"check-{next(NUMBERS)}")
    assignment = await house.offer(told["id"], "ayesha")
    assert (await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")).status_code == 200
    await turns(Tending(house.app.state.service.database))
    return told


async def resolving(house: House) -> tuple[str, str]:
    """A case that waits for a second person: its id and the check's."""
    case = (await served(house, {"skill": "claims", "level": 3}))["case_id"]
    body = {"outcome": "paid", "root_cause": "storm"}
    answer = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "checking")
    (item,) = (await house.call("chandra", "GET", "/v1/checks")).json()["items"]
    return case, item["id"]


async def test_what_waits_is_listed_to_who_may_look_taken_and_approved(house: House) -> None:
    case, check = await resolving(house)
    assert (await house.call("farid", "GET", "/v1/checks")).json()["items"] == []
    assert (await house.call("farid", "GET", f"/v1/checks/{check}")).status_code == 404
    shown = (await house.call("ayesha", "GET", f"/v1/checks?case={case}")).json()["items"]
    assert [(each["id"], each["outcome"], each["root_cause"], each["reason"]) for each in shown] == [
        (check, "paid", "storm", "always")
    ]
    mine = await house.call("ayesha", "PUT", f"/v1/checks/{check}/taking", {})
    assert (mine.status_code, mine.json()["code"]) == (403, "same_person")
    for _ in range(2):
        taken = await house.call("chandra", "PUT", f"/v1/checks/{check}/taking")
        assert (taken.status_code, taken.json()["checker"]) == (200, "chandra")
    other = await house.call("esther", "PUT", f"/v1/checks/{check}/taking")
    assert (other.status_code, other.json()["code"]) == (409, "taken")
    for _ in range(2):
        done = await house.call("chandra", "PUT", f"/v1/checks/{check}/approval", {"comment": " Right "})
        assert (done.status_code, done.json()["state"], done.json()["comment"]) == (200, "passed", "Right")
    assert (await house.call("supervisor", "GET", f"/v1/cases/{case}")).json()["state"] == "resolved"
    assert (await house.call("chandra", "GET", "/v1/checks")).json()["items"] == []
    assert len((await house.call("chandra", "GET", "/v1/checks?state=passed")).json()["items"]) == 1


async def test_who_looks_reads_what_it_is_about_while_they_look(house: House) -> None:
    case, check = await resolving(house)
    paths = (f"/v1/cases/{case}", f"/v1/cases/{case}/timeline", f"/v1/cases/{case}/playbook")
    for method, status in (("GET", 404), ("PUT", 200), ("DELETE", 404)):
        if method != "GET":
            await house.call("chandra", method, f"/v1/checks/{check}/taking")
        assert [(await house.call("chandra", "GET", path)).status_code for path in paths] == [status] * 3


async def test_work_is_returned_with_words_and_never_without(house: House) -> None:
    case, check = await resolving(house)
    await house.call("chandra", "PUT", f"/v1/checks/{check}/taking")
    for body in ({}, {"comment": ""}, {"comment": "  "}, {"comment": "x" * 4001}, {"comment": "No", "more": 1}):
        assert (await house.call("chandra", "PUT", f"/v1/checks/{check}/return", body)).status_code == 422
    done = await house.call("chandra", "PUT", f"/v1/checks/{check}/return", {"comment": "The photo is missing"})
    assert (done.status_code, done.json()["state"]) == (200, "returned")
    assert (await house.call("supervisor", "GET", f"/v1/cases/{case}")).json()["state"] == "open"
    mine = (await house.call("ayesha", "GET", f"/v1/checks/{check}")).json()
    assert mine["comment"] == "The photo is missing"


async def test_a_supervisor_takes_it_out_of_anybodys_hands_and_software_says_for_whom(house: House) -> None:
    _, check = await resolving(house)
    nameless = await house.call("integration", "PUT", f"/v1/checks/{check}/taking", {})
    assert (nameless.status_code, nameless.json()["code"]) == (422, "who_looks")
    theirs = await house.call("integration", "PUT", f"/v1/checks/{check}/taking", {"representative": "ayesha"})
    assert (theirs.status_code, theirs.json()["code"]) == (403, "same_person")
    named = await house.call("integration", "PUT", f"/v1/checks/{check}/taking", {"representative": "chandra"})
    assert named.json()["checker"] == "chandra"
    dropped = await house.call("supervisor", "DELETE", f"/v1/checks/{check}/taking")
    assert (dropped.status_code, dropped.json()["state"], dropped.json()["checker"]) == (200, "waiting", None)
    assert (await house.call("supervisor", "PUT", f"/v1/checks/{check}/taking")).status_code == 200


async def test_an_answer_that_is_held_says_so_and_what_it_asks(house: House) -> None:
    told = await served(house, {"before": "message"})
    headers = {"idempotency-key": f"words-{next(NUMBERS)}"}
    body = {"body": "Send the photo", "asks": "missing_document"}
    made = await house.call("ayesha", "POST", f"/v1/interactions/{told['id']}/messages", body, headers=headers)
    assert made.status_code == 201, made.text
    check = made.json()["held"]
    assert made.json()["asks"] == "missing_document"
    (item,) = (await house.call("chandra", "GET", "/v1/checks")).json()["items"]
    assert (item["id"], item["message"]["body"], item["message"]["held"]) == (check, "Send the photo", check)
    await house.call("chandra", "PUT", f"/v1/checks/{check}/taking")
    assert (await house.call("chandra", "PUT", f"/v1/checks/{check}/approval")).status_code == 200
    case = (await house.call("supervisor", "GET", f"/v1/cases/{told['case_id']}")).json()
    assert case["state"] == "awaiting_customer"
    assert [(each["held"], each["asks"]) for each in case["messages"]] == [(None, "missing_document")]
    note = {"direction": "note", "body": "Words", "asks": "papers"}
    headers = {"idempotency-key": f"words-{next(NUMBERS)}"}
    refused = await house.call("ayesha", "POST", f"/v1/interactions/{told['id']}/messages", note, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "asks_nobody")


async def test_how_often_work_is_returned_is_told_to_those_who_decide(house: House) -> None:
    _, check = await resolving(house)
    await house.call("chandra", "PUT", f"/v1/checks/{check}/taking")
    await house.call("chandra", "PUT", f"/v1/checks/{check}/return", {"comment": "No"})
    said = {
        "representative": "ayesha",
        "request_type": "claim",
        "queue": "claims",
        "office": "lahore",
        "channel": "console",
    }
    for by, code in said.items():
        found = (await house.call("supervisor", "GET", f"/v1/reports/checks?by={by}")).json()
        assert found["items"] == [
            {
                "code": code,
                "decided": 1,
                "returned": None,
                "return_rate": None,
                "late_rate": None,
                "median_seconds": None,
            }
        ]
    table = await house.call("supervisor", "GET", "/v1/reports/checks?by=queue&format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[1] == "claims,1,,,,"
    assert (await house.call("ayesha", "GET", "/v1/reports/checks")).status_code == 403
    assert (await house.call("supervisor", "GET", "/v1/reports/checks?by=mood")).status_code == 422
