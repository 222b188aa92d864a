"""On the move: wider circles, other lines, supervisors, colleagues, counters; the customer's clock never restarts."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from tests.journeys.conftest import Journey
from tests.journeys.test_calls import choose
from tests.ruling import document, rule


async def govern(journey: Journey, **queues: dict[str, Any]) -> None:
    await rule(journey.db, journey.house.app.state.service.intake, document(queues))


async def claim(journey: Journey, ref: str, **more: Any) -> str:
    """A claim that software brings in, not live."""
    body = {"channel": "console", "ref": ref, "request_type": "claim", "language": "en", **more}
    return str((await journey.call("integration", "POST", "/v1/interactions", body))["id"])


async def asked(journey: Journey, who: str, path: str, body: Any) -> httpx2.Response:
    """A POST that may be refused."""
    return await journey.house.call(who, "POST", path, body, headers={"idempotency-key": f"{who}{path}{body}"[-120:].replace(" ", "")})  # fmt: skip


async def test_who_waits_long_is_given_to_who_knows_less_and_it_is_on_record(journey: Journey) -> None:
    steps = {
        "steps": [{"after_seconds": 60, "drop_skills": ["sales"], "add_queues": ["inquiries"]}],
        "on_exhausted": {"after_seconds": 600, "then": "any"},
    }
    await govern(journey, sales=steps)
    await journey.presence("chandra")  # serves inquiries, and knows nothing of sales
    caller = await choose(journey, "CA1")
    due = (await journey.interaction(caller))["due_at"]
    await journey.pass_time(61)
    await journey.accept("chandra", caller)
    found = await journey.interaction(caller)
    assert (found["step"], found["due_at"], found["queue"]) == (1, due, "sales")


async def test_who_waits_too_long_is_served_in_another_line_at_the_place_their_wait_gives_them(
    journey: Journey,
) -> None:
    await govern(journey, claims={"overflow": {"after_seconds": 90, "queue": "inquiries"}})
    first = await claim(journey, "c1")
    await journey.pass_time(91)
    await journey.presence("farid", "away")

    async def moved() -> dict[str, Any] | None:
        found = await journey.interaction(first)
        return found if found["queue"] == "inquiries" else None

    found = await journey.until(moved)
    assert "overflowed" in await journey.story(first)
    later = await journey.call("integration", "POST", "/v1/interactions", {"channel": "console", "ref": "c2", "request_type": "inquiry"})  # fmt: skip
    assert (found["position"], later["position"]) == (1, 2), "their clock went on"


async def test_a_supervisor_sees_whom_nobody_takes_and_it_is_offered_on(journey: Journey) -> None:
    await govern(journey, claims={"offers_at_most": 2, "supervisor_seconds": 60})
    waiting = await claim(journey, "c1")
    await journey.presence("esther")
    await journey.decline("esther", waiting)
    await journey.pass_time(60)
    await journey.decline("esther", waiting)
    seen = await journey.call("supervisor", "GET", "/v1/interactions?escalated=true")
    assert [each["id"] for each in seen["items"]] == [waiting]
    feed = await journey.house.feed("supervisor")
    assert "interaction.escalated" in {each["type"] for each in feed}
    await journey.pass_time(61)
    await journey.accept("esther", waiting)
    assert (await journey.call("supervisor", "GET", "/v1/interactions?escalated=true"))["items"] == []


async def test_a_caller_is_handed_over_by_somebody_who_asked_first(journey: Journey) -> None:
    caller = await choose(journey, "CA1")
    place = await journey.interaction(caller)
    await journey.presence("farid")
    await journey.accept("farid", caller)
    await journey.presence("esther")
    body = {"representative": "esther", "reason": "second_opinion"}
    question = str((await journey.call("farid", "POST", f"/v1/interactions/{caller}/consultations", body))["id"])
    await journey.accept("esther", question)
    history = await journey.call("esther", "GET", f"/v1/interactions/{caller}")
    assert history["id"] == caller, "who is asked reads the case"
    over = await journey.call("farid", "POST", f"/v1/interactions/{caller}/transfers", {"consultation": question})
    assert (over["state"], over["assignment"]["representative"]) == ("active", "esther")
    assert (over["queued_at"], over["due_at"]) == (place["queued_at"], place["due_at"])
    await journey.sent(caller, "connect", 2)
    assert (await journey.interaction(question))["state"] == "completed"
    both = await asked(journey, "esther", f"/v1/interactions/{caller}/transfers", {"consultation": question, "queue": "claims"})  # fmt: skip
    assert (both.status_code, both.json()["code"]) == (422, "two_targets")


async def test_what_nobody_could_serve_is_not_handed_to_them(journey: Journey) -> None:
    caller = await choose(journey, "CA1")
    await journey.presence("farid")
    await journey.accept("farid", caller)
    await journey.presence("chandra")
    refused = await asked(journey, "farid", f"/v1/interactions/{caller}/transfers", {"representative": "chandra"})
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_serve")
    await journey.call("farid", "POST", f"/v1/interactions/{caller}/transfers", {"representative": "chandra", "queue": "inquiries"})  # fmt: skip
    await journey.accept("chandra", caller)


async def test_a_supervisor_gives_somebody_more_than_they_may_hold_with_a_reason(journey: Journey) -> None:
    await journey.presence("farid")
    first, second = await claim(journey, "c1"), await claim(journey, "c2")
    await journey.accept("farid", first)
    path = f"/v1/interactions/{second}/assignments"
    refused = await asked(journey, "supervisor", path, {"representative": "farid"})
    assert (refused.status_code, refused.json()["code"]) == (409, "over_capacity")
    assert (await asked(journey, "farid", path, {"representative": "farid"})).status_code == 403
    made = await journey.call("supervisor", "POST", path, {"representative": "farid", "override_reason": "vip"})
    await journey.call("farid", "PUT", f"/v1/assignments/{made['id']}/acceptance")
    items = (await journey.call("supervisor", "GET", f"/v1/interactions/{second}/events"))["items"]
    [offered] = [each["data"] for each in items if each["type"] == "interaction.offered"]
    assert offered["override"] == "vip"


async def test_a_customer_never_meets_whom_they_must_not(journey: Journey) -> None:
    waiting = await claim(journey, "c1", customer={"phone": "+923001112233"})
    await journey.presence("esther")
    await journey.offered("esther", waiting)
    found = await journey.interaction(waiting)
    path = f"/v1/customers/{found['customer']['id']}/bars/esther"
    await journey.call("supervisor", "PUT", path, {"reason": "complaint"})
    again = await claim(journey, "c2", customer={"phone": "+923001112233"})
    await journey.presence("farid")
    await journey.accept("farid", waiting)
    case = await journey.call("supervisor", "GET", f"/v1/cases/{found['case_id']}")
    assert [(each["representative"], each["reason"]) for each in case["bars"]] == [("esther", "complaint")]
    assert (await journey.interaction(again))["assignment"] is None, "esther is free and is not asked"
    assert (await journey.house.call("supervisor", "DELETE", path)).status_code == 204
    await journey.accept("esther", again)


async def test_a_counter_calls_the_next_visitor_and_is_offered_none(journey: Journey) -> None:
    async with journey.db.transaction() as connection:
        await connection.execute("UPDATE representative SET pull = true WHERE code IN ('ayesha', 'farid')")
    await journey.presence("ayesha")
    await journey.presence("farid")
    empty = await journey.call("ayesha", "POST", "/v1/representatives/ayesha/next")
    assert empty == {"assignment": None}
    visits = [
        str((await journey.kiosk("visits", ref=f"k{number}", request_type="claim", language="en"))["id"])
        for number in range(4)
    ]
    called = []
    for _ in range(2):
        pair = await asyncio.gather(
            *(journey.call(code, "POST", f"/v1/representatives/{code}/next") for code in ("ayesha", "farid"))
        )
        called += sorted(each["assignment"]["interaction_id"] for each in pair)
        for code, each in zip(("ayesha", "farid"), pair, strict=True):
            await journey.complete(code, each["assignment"]["interaction_id"])
    assert called == [*sorted(visits[:2]), *sorted(visits[2:])], "the earliest first, nobody twice"
    (row,) = await journey.fetch("SELECT count(*) FROM assignment")
    assert row[0] == 4, "the dispatcher offered nothing to anybody"
