"""A callback's way: the caller hangs up, the place stays, and somebody calls them when it is their turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.journeys.conftest import Journey
from tests.journeys.test_calls import choose
from tests.ruling import document, rule

HIS = "+923001234567"


async def hang_up(journey: Journey, call: str) -> None:
    await journey.ring("status", call, CallStatus="completed")


async def test_a_caller_hangs_up_keeps_the_place_and_is_called_before_who_came_later(journey: Journey) -> None:
    first, second = await choose(journey, "CA1"), await choose(journey, "CA2")
    place = await journey.interaction(first)
    told = await journey.call("integration", "PUT", f"/v1/interactions/{first}/callback", {})
    assert (told["callback"], told["position"], told["reply_to"]) == (True, 1, HIS)
    await hang_up(journey, "CA1")
    found = await journey.interaction(first)
    assert (found["state"], found["position"], found["due_at"]) == ("queued", 1, place["due_at"])
    await journey.presence("farid")
    assignment = await journey.accept("farid", first)
    command = await journey.sent(first, "call_back")
    assert (command["channel"], command["dedupe_key"]) == ("console", f"accepted:{assignment}")
    assert command["payload"] == {"contact": "CA1", "desk": "+924212345678", "number": HIS}
    await journey.complete("farid", first)
    await journey.accept("farid", second)
    await journey.sent(second, "connect")


async def test_who_is_not_reached_is_tried_again_after_a_gap_and_then_given_up(journey: Journey) -> None:
    rules = document({"sales": {"callback": {"attempts": 2, "gap_seconds": 120}}})
    await rule(journey.db, journey.house.app.state.service.intake, rules)
    caller = await choose(journey, "CA1")
    await journey.call("integration", "PUT", f"/v1/interactions/{caller}/callback", {})
    await hang_up(journey, "CA1")
    await journey.presence("farid")
    await journey.accept("farid", caller)
    path = f"/v1/interactions/{caller}/callback_attempts"
    told = await journey.call("farid", "POST", path, {"result": "no_answer"})
    assert (told["state"], told["callback_attempts"]) == ("queued", 1)
    await journey.pass_time(121)
    await journey.accept("farid", caller)
    told = await journey.call("farid", "POST", path, {"result": "busy"})
    assert told["state"] == "abandoned"
    assert await journey.story(caller) == [
        "arrived", "queued", "callback_requested", "callback_requested", "offered", "accepted", "unreached",
        "offered", "accepted", "no_show",
    ]  # fmt: skip


async def test_a_callback_for_a_later_hour_waits_for_it_by_itself(journey: Journey) -> None:
    caller = await choose(journey, "CA1")
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    told = await journey.call("integration", "PUT", f"/v1/interactions/{caller}/callback", {"at": at})
    assert told["state"] == "scheduled"
    await hang_up(journey, "CA1")
    await journey.presence("farid")
    await journey.pass_time(3601)
    await journey.accept("farid", caller)
    await journey.sent(caller, "call_back")


async def test_whom_no_step_has_helped_is_offered_a_callback(journey: Journey) -> None:
    rules = document({"sales": {"on_exhausted": {"after_seconds": 60, "then": "callback"}}})
    await rule(journey.db, journey.house.app.state.service.intake, rules)
    caller = await choose(journey, "CA1")
    await journey.pass_time(61)
    command = await journey.sent(caller, "offer_callback")
    assert command["recipient"] == HIS
    await hang_up(journey, "CA1")
    await journey.presence("farid")
    await journey.accept("farid", caller)
    await journey.sent(caller, "call_back")
