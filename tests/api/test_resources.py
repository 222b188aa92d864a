"""The contract of each resource: pages, filters, verbs that repeat, ETags, and commits that come before answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from app.deps.session import session as session_of_requests
from tests.api.conftest import House
from tests.racing import HANG_SECONDS


async def pages(house: House, path: str, *, limit: int, who: str = "supervisor", **query: Any) -> list[list[Any]]:
    """Every page of a list, as the caller walks it."""
    found, after = [], None
    while True:
        asked = {**query, "limit": limit} | ({"after": after} if after else {})
        page = (await house.call(who, "GET", path, params=asked)).json()
        assert set(page) == {"items", "next"}, page
        found.append(page["items"])
        after = page["next"]
        if after is None:
            return found


async def test_a_list_is_walked_page_by_page_without_gap_or_repeat(house: House) -> None:
    made = [(await house.arrive(f"r{number}"))["id"] for number in range(7)]
    walked = await pages(house, "/v1/interactions", limit=3)
    assert [len(page) for page in walked] == [3, 3, 1]
    assert [each["id"] for page in walked for each in page] == made[::-1]
    assert len(await pages(house, "/v1/interactions", limit=7)) == 1
    people = await pages(house, "/v1/representatives", limit=4)
    assert [each["id"] for page in people for each in page] == sorted(house.keys.keys() - {"admin", "supervisor", "integration", "kiosk"})  # fmt: skip
    lines = await pages(house, "/v1/queues", limit=2)
    assert [each["id"] for page in lines for each in page] == ["claims", "feedback", "inquiries", "sales", "technical"]


async def test_what_arrives_meanwhile_does_not_shift_the_pages(house: House) -> None:
    made = [(await house.arrive(f"r{number}"))["id"] for number in range(4)]
    first = (await house.call("supervisor", "GET", "/v1/interactions", params={"limit": 2})).json()
    await house.arrive("later")
    second = await house.call("supervisor", "GET", "/v1/interactions", params={"limit": 2, "after": first["next"]})
    assert [each["id"] for each in second.json()["items"]] == [made[1], made[0]]


async def test_filters_narrow_a_list(house: House) -> None:
    claim = await house.arrive("r1", request_type="claim")
    order = await house.arrive("r2", request_type="order", customer={"phone": "+923001234567"})
    await house.call("supervisor", "PUT", f"/v1/interactions/{claim['id']}/cancellation", {"reason": "test"})
    seen = (await house.call("supervisor", "GET", f"/v1/interactions/{order['id']}")).json()
    for query, expected in (
        ({"state": "cancelled"}, [claim]),
        ({"state": ["cancelled", "queued"]}, [order, claim]),
        ({"queue": "sales"}, [order]),
        ({"request_type": "claim"}, [claim]),
        ({"channel": "console"}, [order, claim]),
        ({"channel": "email"}, []),
        ({"case_id": claim["case_id"]}, [claim]),
        ({"customer_id": seen["customer"]["id"]}, [order]),
        ({"representative": "ayesha"}, []),
    ):
        page = (await house.call("supervisor", "GET", "/v1/interactions", params=query)).json()
        assert [each["id"] for each in page["items"]] == [each["id"] for each in expected], query
    unknown = await house.call("supervisor", "GET", "/v1/interactions", params={"state": "lost"})
    assert unknown.status_code == 422


async def test_queues_tell_who_waits_how_long_and_who_serves(house: House, sql: Any) -> None:
    await house.available("ayesha", "farid")
    await house.call("supervisor", "PUT", "/v1/representatives/esther/presence", {"status": "away", "reason": "lunch"})
    told = [await house.arrive(f"r{number}") for number in range(3)]
    await house.offer(told[2]["id"], "farid")
    await sql(
        "UPDATE interaction SET queued_at = queued_at - interval '90 seconds' WHERE id = $1::text::uuid", told[0]["id"]
    )
    (claims,) = [
        each for each in (await house.call("admin", "GET", "/v1/queues")).json()["items"]
        if each["id"] == "claims"
    ]  # fmt: skip
    assert (claims["waiting"], claims["offered"]) == (2, 1)
    assert 90 <= claims["longest_wait_seconds"] < 120
    assert claims["representatives"] == {"available": 2, "away": 1, "offline": 1}
    assert claims["target_seconds"] == 120


async def test_presence_repeats_without_writing_again(house: House) -> None:
    address = "/v1/representatives/ayesha/presence"
    first = await house.call("ayesha", "PUT", address, {"status": "available"})
    assert (first.status_code, first.json()["presence"]) == (200, "available")
    again = await house.call("ayesha", "PUT", address, {"status": "available"})
    assert again.json() == first.json()
    away = await house.call("supervisor", "PUT", address, {"status": "away", "reason": "lunch"})
    assert (away.json()["presence"], away.json()["presence_reason"]) == ("away", "lunch")
    story = await house.feed("ayesha")
    mine = [(event["type"], event["actor"].partition(":")[0]) for event in story]
    assert mine == [
        ("representative.joined", "system"), ("representative.available", "representative"), ("representative.away", "supervisor"),
    ]  # fmt: skip


async def test_heartbeats_are_written_together_by_the_service_itself(house: House, sql: Any) -> None:
    await house.available("ayesha")
    await sql("UPDATE representative SET heartbeat_at = NULL")
    for who in ("ayesha", "ayesha", "supervisor"):
        assert (await house.call(who, "POST", "/v1/representatives/ayesha/heartbeat")).status_code == 204
    async with asyncio.timeout(HANG_SECONDS):
        while (await sql("SELECT heartbeat_at FROM representative WHERE code = 'ayesha'"))[0]["heartbeat_at"] is None:
            await asyncio.sleep(0.05)


async def test_every_verb_repeats_with_the_same_answer(house: House) -> None:
    for number, (verb, body, served) in enumerate(
        (
            ("completion", {"outcome": "answered"}, True),
            ("parking", {"until": "2099-01-01T00:00:00Z", "reason": "papers"}, True),
            ("no_show", None, True),
            ("cancellation", {"reason": "test"}, False),
        )
    ):
        told = await house.arrive(f"r{number}")
        who = "supervisor"
        if served:
            assignment = await house.offer(told["id"], "esther")
            await house.call("esther", "PUT", f"/v1/assignments/{assignment}/acceptance")
            who = "esther"
        first = await house.call(who, "PUT", f"/v1/interactions/{told['id']}/{verb}", body)
        again = await house.call(who, "PUT", f"/v1/interactions/{told['id']}/{verb}", body)
        assert first.status_code == 200, first.text
        assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])


async def test_a_rejection_repeats_and_an_acceptance_after_it_is_too_late(house: House) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    first = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/rejection", {"reason": "busy"})
    again = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/rejection", {"reason": "busy"})
    assert (first.status_code, again.json()) == (200, first.json())
    late = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert (late.status_code, late.json()["code"]) == (409, "offer_gone")


async def test_an_expired_offer_is_gone(house: House, sql: Any) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    await sql("UPDATE assignment SET offered_at = offered_at - interval '1 hour', expires_at = wall_clock()")
    late = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert (late.status_code, late.json()["code"]) == (409, "offer_gone")


async def test_what_the_lifecycle_forbids_is_a_conflict_and_changes_nothing(house: House) -> None:
    told = await house.arrive("r1")
    before = (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}")).json()
    for verb, body in (("completion", {}), ("parking", {}), ("no_show", None)):
        answer = await house.call("supervisor", "PUT", f"/v1/interactions/{told['id']}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition"), verb
    assert (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}")).json() == before


async def test_a_parked_interaction_is_taken_up_again(house: House) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    parked = await house.call("ayesha", "PUT", f"/v1/interactions/{told['id']}/parking")
    assert (parked.json()["state"], parked.json()["preferred"]) == ("parked", "ayesha")
    woken = await house.call("ayesha", "DELETE", f"/v1/interactions/{told['id']}/parking")
    assert (woken.status_code, woken.json()["state"]) == (200, "queued")
    again = await house.call("ayesha", "DELETE", f"/v1/interactions/{told['id']}/parking")
    assert again.json() == woken.json()
    past = await house.call(
        "supervisor", "PUT", f"/v1/interactions/{told['id']}/parking", {"until": "2001-01-01T00:00:00Z"}
    )
    assert past.status_code in {409, 422}


async def test_a_transfer_moves_it_to_another_line(house: House) -> None:
    told = await house.arrive("r1")
    address, headers = f"/v1/interactions/{told['id']}/transfers", {"idempotency-key": "k1"}
    moved = await house.call(
        "supervisor", "POST", address, {"queue": "technical", "reason": "wrong_queue"}, headers=headers
    )
    assert (moved.status_code, moved.json()["queue"], moved.json()["position"]) == (201, "technical", 1)
    for body in ({"queue": "nowhere"}, {"representative": "nobody"}, {}):
        headers = {"idempotency-key": str(body).replace(" ", "")}
        answer = await house.call("supervisor", "POST", address, body, headers=headers)
        assert answer.status_code in {404, 422}, answer.text


async def test_a_case_tells_its_whole_story(house: House) -> None:
    told = await house.arrive(
        "r1", body="It leaks.", subject="Roof", customer={"name": "Sana", "email": "s@example.org"}
    )
    second = await house.arrive("r2", case_id=told["case_id"], body="It still leaks.")
    assert second["case_id"] == told["case_id"]
    note = {"direction": "note", "body": "Called the roofer."}
    await house.call(
        "supervisor", "POST", f"/v1/interactions/{told['id']}/messages", note, headers={"idempotency-key": "k1"}
    )
    found = (await house.call("supervisor", "GET", f"/v1/cases/{told['case_id']}")).json()
    assert [each["id"] for each in found["interactions"]] == [told["id"], second["id"]]
    assert [each["body"] for each in found["messages"]] == ["It leaks.", "It still leaks.", "Called the roofer."]
    assert found["customer"]["name"] == "Sana"
    assert found["more"] is False
    assert "token" not in found
    first = await house.call("supervisor", "PUT", f"/v1/cases/{told['case_id']}/resolution", {"outcome": "repaired"})
    again = await house.call("supervisor", "PUT", f"/v1/cases/{told['case_id']}/resolution", {"outcome": "repaired"})
    assert (first.status_code, first.json()["state"], again.json()) == (200, "resolved", first.json())


async def test_an_etag_guards_against_changing_what_somebody_else_changed(house: House) -> None:
    told = await house.arrive("r1")
    address = f"/v1/interactions/{told['id']}"
    etag = (await house.call("supervisor", "GET", address)).headers["etag"]
    assignment = await house.offer(told["id"], "ayesha")
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    stale = await house.call("supervisor", "PUT", f"{address}/completion", {}, headers={"if-match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    now = (await house.call("supervisor", "GET", address)).headers["etag"]
    fresh = await house.call("supervisor", "PUT", f"{address}/completion", {}, headers={"if-match": f'"0", {now}'})
    assert fresh.status_code == 200
    any_version = await house.call("supervisor", "PUT", f"{address}/completion", {}, headers={"if-match": "*"})
    assert any_version.status_code == 200


async def test_whoever_is_told_of_a_change_can_rely_on_it(house: House, sql: Any) -> None:
    """The commit comes before the first byte of the answer: FastAPI's default would be the other way round."""
    await house.available("ayesha")
    committed: list[str] = []

    async def at_the_first_byte(message: Message) -> None:
        if message["type"] == "http.response.start":
            committed.append((await sql("SELECT presence FROM representative WHERE code = 'ayesha'"))[0]["presence"])

    body = b'{"status": "away"}'
    headers = {**house.headers("ayesha"), "content-type": "application/json"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT", "scheme": "http",
        "path": "/v1/representatives/ayesha/presence", "raw_path": b"/", "root_path": "", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    await house.app(scope, receive, at_the_first_byte)
    assert committed == ["away"]


def test_every_transaction_of_a_request_ends_with_its_function() -> None:
    """The order above holds for all routes only if none uses the session of requests in another way."""
    from fastapi.routing import APIRoute

    from app.main import create_app
    from app.settings import Settings

    seen = 0
    for route in create_app(Settings()).routes:
        if not isinstance(route, APIRoute):
            continue
        waiting = list(route.dependant.dependencies)
        while waiting:
            dependency = waiting.pop()
            waiting.extend(dependency.dependencies)
            if dependency.call is session_of_requests:
                seen += 1
                assert dependency.scope == "function", route.path
    assert seen > 10


async def test_health_is_told_without_a_key(house: House, sql: Any) -> None:
    assert (await house.client.get("/healthz")).json() == {"status": "alive"}
    ready = await house.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    await house.arrive("r1")
    text = (await house.client.get("/metrics")).text
    assert 'raabta_waiting{queue="claims"} 1.0' in text
    assert 'raabta_requests_total{method="POST",route="/v1/interactions",status="201"} 1.0' in text
    assert "raabta_feed_lag_seconds" in text
    await sql("UPDATE alembic_version SET version_num = '0000'")
    old = await house.client.get("/readyz")
    assert (old.status_code, old.json()["code"]) == (503, "not_migrated")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_api_describes_itself(house: House, path: str) -> None:
    answer = await house.client.get(path)
    assert answer.status_code == 200
    assert "/v1/interactions/{id}/transfers" in answer.text
    assert "<script" not in answer.text


async def test_a_misspelt_filter_is_refused_and_does_not_show_everything(house: House) -> None:
    answer = await house.call("admin", "GET", "/v1/interactions?staet=queued")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert answer.json()["errors"][0]["where"] == "query.staet"
