"""A contact that never came: tried now and at a past moment, by live rules and by drafts, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db import uuid7
from tests.api.conftest import House
from tests.api.test_trace import dispatch

CLAIM = {"channel": "console", "request_type": "claim", "language": "en"}


async def tried(house: House, contact: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await house.call("supervisor", "POST", "/v1/routing/dry-run", {"contact": contact, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def drafted(house: House, on_entry: list[dict[str, Any]]) -> int:
    """A draft with one queue, which is entered by these rules; returns its version."""
    queue = {"name": "Claims", "target_seconds": 5, "offer_timeout_seconds": 20, "on_entry": on_entry}
    labels = {"en": "Claim", "ur": "x", "te": "y"}
    document = {
        "queues": {"claims": queue},
        "request_types": {"claim": {"queue": "claims", "letter": "A", "labels": labels}},
    }
    made = await house.call(
        "supervisor", "POST", "/v1/rules", {"document": document}, headers={"idempotency-key": str(uuid7())}
    )
    assert made.status_code == 201, made.text
    return int(made.json()["version"])


async def refused(house: House, body: dict[str, Any]) -> str:
    answer = await house.call("supervisor", "POST", "/v1/routing/dry-run", body)
    assert answer.status_code == 422, answer.text
    return str(answer.json()["code"])


async def test_a_dry_run_chooses_whom_the_dispatcher_chooses(house: House) -> None:
    await house.available("ayesha", "bilal", "chandra", "esther")
    found = await tried(house, CLAIM)
    told = await house.arrive("letter-1", language="en")
    await dispatch(house)
    [offer] = (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}/trace")).json()["offers"]
    assert found["admission"]["then"] == "join"
    assert found["offer"]["chosen"]["representative"] == offer["representative"]
    assert found["offer"]["ruled_out"] == offer["trace"]["ruled_out"]
    assert found["position"] == 1
    assert found["waiting"] is None
    assert [each["reason"] for each in found["representatives"]] == [None, None, None, "queue"]


async def test_where_nobody_is_free_it_waits_and_says_behind_whom_and_why(house: House) -> None:
    await house.available("farid")
    await house.arrive("letter-1", language="en")
    await dispatch(house)
    await house.arrive("letter-2", language="en")
    found = await tried(house, CLAIM)
    assert found["offer"] is None
    assert found["position"] == 2
    assert found["waiting"]["changes"] == ["free"]
    assert [(each["representative"], each["reason"]) for each in found["representatives"]] == [("farid", "busy")]


async def test_who_waits_already_is_served_before_it(house: House) -> None:
    await house.available("farid")
    await house.arrive("letter-1", language="en")
    found = await tried(house, CLAIM)
    assert found["offer"] is None
    assert {each["representative"]: each["reason"] for each in found["representatives"]} == {"farid": "busy"}


async def test_a_past_moment_is_tried_with_those_who_were_there_then(house: House, sql: Callable[..., Any]) -> None:
    await house.available("ayesha")
    [row] = await sql("SELECT wall_clock() AS at")
    await house.call("supervisor", "PUT", "/v1/representatives/ayesha/presence", {"status": "offline"})
    assert (await tried(house, CLAIM))["waiting"]["changes"] == ["sign_on"]
    then = await tried(house, CLAIM, at=row["at"].isoformat())
    assert then["offer"]["chosen"]["representative"] == "ayesha"
    assert then["wait"] is None


async def test_a_draft_is_tried_without_being_published(house: House) -> None:
    await house.available("ayesha", "farid")
    document = {
        "queues": {"claims": {"name": "Claims", "target_seconds": 5, "offer_timeout_seconds": 20}},
        "request_types": {
            "claim": {
                "queue": "claims",
                "letter": "A",
                "labels": {"en": "Claim", "ur": "x", "te": "y"},
                "skills": {"claims": 4},
            }
        },
    }
    drafted = await house.call(
        "supervisor", "POST", "/v1/rules", {"document": document}, headers={"idempotency-key": str(uuid7())}
    )
    assert drafted.status_code == 201, drafted.text
    found = await tried(house, CLAIM, rules=drafted.json()["version"])
    assert found["rules"] == drafted.json()["version"]
    assert found["filing"]["needs"]["skills"] == {"claims": 4}
    assert {each["representative"]: each["reason"] for each in found["representatives"]} == {
        "ayesha": None,
        "farid": "skills",
    }
    assert (await tried(house, CLAIM))["filing"]["needs"]["skills"] == {"claims": 2}


async def test_one_who_would_be_turned_away_is_told_so(house: House) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    closing = {"until": tomorrow, "message": "Flood in the street."}
    assert (await house.call("supervisor", "PUT", "/v1/queues/claims/closing", closing)).status_code == 200
    found = await tried(house, {**CLAIM, "channel": "phone"})
    assert found["admission"] | {"opens_at": None} == {
        "then": "turn_away",
        "queue": "claims",
        "reason": "closed",
        "message": "Flood in the street.",
        "opens_at": None,
        "overflowed_from": None,
    }
    assert found["filing"] is found["offer"] is found["waiting"] is None
    assert (await tried(house, CLAIM))["admission"]["then"] == "join"  # what is written always joins


async def test_whom_the_customer_must_not_meet_does_not_get_it(house: House, sql: Callable[..., Any]) -> None:
    await house.available("ayesha", "farid")
    told = await house.arrive("letter-1", language="en", customer={"phone": "+923001234567"})
    [row] = await sql("SELECT customer_id FROM interaction WHERE id = $1", told["id"])
    await house.call("supervisor", "PUT", f"/v1/customers/{row['customer_id']}/bars/farid", {"reason": "complaint"})
    found = await tried(house, {**CLAIM, "customer_id": str(row["customer_id"])})
    assert {each["representative"]: each["reason"] for each in found["representatives"]}["farid"] == "barred"


async def test_a_dry_run_writes_nothing_at_all(house: House, sql: Callable[..., Any]) -> None:
    await house.available("ayesha")
    count = (
        "SELECT (SELECT count(*) FROM event) AS events, (SELECT pg_snapshot_xmax(pg_current_snapshot())::text) AS xmax"
    )
    before = await sql(count)
    await tried(house, {**CLAIM, "head_starts": [], "case_id": str(uuid7())})
    await tried(house, CLAIM, at="2026-01-01T00:00:00Z")
    assert [tuple(row) for row in await sql(count)] == [tuple(row) for row in before]


@pytest.mark.parametrize(
    ("contact", "more", "code"),
    [
        ({"channel": "pigeon", "request_type": "claim"}, {}, "unknown_channel"),
        ({"channel": "phone", "request_type": "treasure"}, {}, "unknown_request_type"),
        ({"channel": "phone", "queue": "treasure"}, {}, "unknown_queue"),
        ({"channel": "phone", "queue": "claims", "head_starts": ["rich"]}, {}, "unknown_reason"),
        ({"channel": "phone", "queue": "claims", "language": "fr"}, {}, "unknown_language"),
        ({"channel": "walk_in", "queue": "claims", "office": "paris"}, {}, "unknown_office"),
        ({"channel": "phone"}, {}, "invalid"),
        ({"channel": "phone", "queue": "claims", "request_type": "claim"}, {}, "invalid"),
        ({"channel": "phone", "queue": "claims"}, {"at": "2999-01-01T00:00:00Z"}, "in_the_future"),
        ({"channel": "phone", "queue": "claims"}, {"rules": "past"}, "invalid"),
    ],
)
async def test_what_cannot_be_tried_is_refused_by_name(
    house: House, contact: dict[str, Any], more: dict[str, Any], code: str
) -> None:
    assert await refused(house, {"contact": contact, **more}) == code


async def test_a_version_that_does_not_exist_cannot_be_tried(house: House) -> None:
    body = {"contact": CLAIM, "rules": 99}
    assert (await house.call("supervisor", "POST", "/v1/routing/dry-run", body)).status_code == 404


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z"])
async def test_a_moment_before_anything_was_recorded_is_refused(house: House, at: str) -> None:
    answer = await house.call("supervisor", "POST", "/v1/routing/dry-run", {"contact": CLAIM, "at": at})
    assert (answer.status_code, answer.json()["code"]) == (422, "in_the_past")


async def test_what_is_unknown_is_refused_with_its_field(house: House) -> None:
    body = {"contact": {**CLAIM, "language": "fr"}}
    answer = await house.call("supervisor", "POST", "/v1/routing/dry-run", body)
    assert [fault["where"] for fault in answer.json()["errors"]] == ["body.contact.language"]


async def test_it_is_tried_as_one_who_really_comes_would_be_filed(house: House, sql: Callable[..., Any]) -> None:
    """Where no language or office is said, the first of the house counts; an office binds only who gets a number there."""
    asks = {"request_type": "claim"}
    for contact in ({"channel": "walk_in", "office": "hyderabad"}, {"channel": "walk_in"}, {"channel": "console"}):
        tried_needs = (await tried(house, {**asks, **contact}))["filing"]["needs"]
        if contact["channel"] == "walk_in":
            visit = {"ref": str(uuid7()), **asks, **{name: code for name, code in contact.items() if name == "office"}}
            told = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
            assert told.status_code in (200, 201), told.text
            identity = told.json()["id"]
        else:
            identity = (await house.arrive("letter-1"))["id"]
        [row] = await sql(
            "SELECT CASE WHEN speak THEN language END AS language, CASE WHEN number IS NOT NULL THEN office END AS office"
            " FROM interaction WHERE id = $1::uuid",
            identity,
        )
        assert (tried_needs.get("language"), tried_needs.get("office")) == (row["language"], row["office"])
    phoned = await tried(house, {**asks, "channel": "phone", "office": "hyderabad"})
    assert phoned["filing"]["needs"].get("office") is None


async def test_a_past_moment_knows_which_queues_were_closed_by_hand(house: House, sql: Callable[..., Any]) -> None:
    [before] = await sql("SELECT wall_clock() AS at")
    closing = {"until": (before["at"] + timedelta(hours=1)).isoformat(), "message": "Flood in the street."}
    assert (await house.call("supervisor", "PUT", "/v1/queues/claims/closing", closing)).status_code == 200
    [during] = await sql("SELECT wall_clock() AS at")
    assert (await house.call("supervisor", "DELETE", "/v1/queues/claims/closing")).status_code == 204
    [after] = await sql("SELECT wall_clock() AS at")
    phoned = {**CLAIM, "channel": "phone"}
    answers = [(await tried(house, phoned, at=each["at"].isoformat()))["admission"] for each in (before, during, after)]
    assert [each["then"] for each in answers] == ["join", "turn_away", "join"]
    assert answers[1]["reason"] == "closed"
    assert answers[1]["message"] is None
    assert datetime.fromisoformat(answers[1]["opens_at"]) == before["at"] + timedelta(hours=1)


async def test_at_a_past_moment_counters_that_call_by_themselves_are_somebody(
    house: House, sql: Callable[..., Any]
) -> None:
    await sql("UPDATE representative SET pull = true")
    [empty] = await sql("SELECT wall_clock() AS at")
    await house.available("ayesha")
    [manned] = await sql("SELECT wall_clock() AS at")
    version = await drafted(house, [{"when": "nobody"}])
    phoned = {**CLAIM, "channel": "phone"}
    answers = [await tried(house, phoned, at=each["at"].isoformat(), rules=version) for each in (empty, manned)]
    assert [each["admission"]["then"] for each in answers] == ["turn_away", "join"]
    assert answers[1]["waiting"]["pulling"] == ["ayesha"]


async def test_a_past_moment_whose_answer_hung_on_what_was_told_of_the_wait_is_approximate(
    house: House, sql: Callable[..., Any]
) -> None:
    [row] = await sql("SELECT wall_clock() AS at")
    version = await drafted(house, [{"when": "wait", "over": 60, "then": "callback"}])
    assert (await tried(house, CLAIM, at=row["at"].isoformat(), rules=version))["approximate"] is True
    assert (await tried(house, CLAIM, rules=version))["approximate"] is False
    assert (await tried(house, CLAIM, at=row["at"].isoformat()))["approximate"] is False
