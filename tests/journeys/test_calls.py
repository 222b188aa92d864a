"""A caller's way: the menu, the line, the bridge, the end."""

from __future__ import annotations

import asyncio

from tests.journeys.conftest import Journey, address


async def choose(journey: Journey, call: str, *, language: str = "1", request: str = "4") -> str:
    """Through the menu: 1 is English, 4 an order. Returns the interaction."""
    menu = await journey.ring("voice", call)
    menu = await journey.ring(address(menu, "Gather"), call, Digits=language)
    waiting = await journey.ring(address(menu, "Gather"), call, Digits=request)
    assert "<Redirect" in waiting
    (row,) = await journey.fetch("SELECT id FROM interaction WHERE contact = $1", call)
    return str(row["id"])


async def test_a_caller_walks_the_menu_waits_is_bridged_and_hangs_up(journey: Journey) -> None:
    interaction = await choose(journey, "CA1")
    found = await journey.interaction(interaction)
    assert (found["state"], found["queue"], found["language"], found["position"]) == ("queued", "sales", "en", 1)
    waiting = await journey.ring("wait", "CA1")
    assert "<Say" in waiting
    await journey.presence("farid")
    assignment = await journey.accept("farid", interaction)
    command = await journey.sent(interaction, "connect")
    assert command["dedupe_key"] == f"accepted:{assignment}"
    assert command["payload"]["desk"] == "+924212345678"
    connecting = await journey.ring("wait", "CA1")
    assert address(connecting, "Redirect").startswith("https://calls.example.org/v1/channels/phone/wait")
    goodbye = await journey.ring("wait", "CA1", DialCallStatus="completed", DialCallSid="CA2", CallStatus="in-progress")
    assert "<Hangup" in goodbye
    await journey.ring("status", "CA1", CallStatus="completed")
    await journey.becomes(interaction, "completed")
    assert await journey.story(interaction) == ["arrived", "queued", "offered", "accepted", "ended", "completed"]
    (row,) = await journey.fetch("SELECT live, units FROM representative WHERE code = 'farid'")
    assert tuple(row) == (0, 0)


async def test_every_webhook_twice_changes_nothing_the_second_time(journey: Journey) -> None:
    menu = await journey.ring("voice", "CA1")
    assert await journey.ring("voice", "CA1") == menu
    chosen = address(await journey.ring(address(menu, "Gather"), "CA1", Digits="1"), "Gather")
    for _ in range(2):
        await journey.ring(chosen, "CA1", Digits="4")
    await journey.ring(chosen, "CA1", Digits="1")
    for _ in range(2):
        await journey.ring("status", "CA1", CallStatus="completed")
    (row,) = await journey.fetch("SELECT id, queue, state FROM interaction")
    assert (row["queue"], row["state"]) == ("sales", "abandoned")
    assert await journey.story(str(row["id"])) == ["arrived", "queued", "left"]


async def test_who_hangs_up_while_waiting_is_offered_to_nobody_and_told_goodbye_ever_after(journey: Journey) -> None:
    interaction = await choose(journey, "CA1")
    await journey.ring("status", "CA1", CallStatus="completed")
    await journey.becomes(interaction, "abandoned")
    await journey.presence("farid")
    other = await choose(journey, "CA2")
    await journey.accept("farid", other)
    assert "<Hangup" in await journey.ring("wait", "CA1")
    assert (await journey.interaction(interaction))["state"] == "abandoned"


async def test_who_hangs_up_while_it_rings_frees_the_representative_at_once(journey: Journey) -> None:
    await journey.presence("farid")
    interaction = await choose(journey, "CA1")
    assignment = await journey.offered("farid", interaction)
    await journey.ring("status", "CA1", CallStatus="completed")
    answer = await journey.house.call("farid", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert (answer.status_code, answer.json()["code"]) == (409, "offer_gone")
    other = await choose(journey, "CA2")
    await journey.accept("farid", other)


async def test_a_phone_that_is_not_answered_gives_the_caller_the_old_place_and_another_representative(
    journey: Journey,
) -> None:
    await journey.presence("farid")
    interaction = await choose(journey, "CA1")
    due = (await journey.interaction(interaction))["due_at"]
    await journey.accept("farid", interaction)
    await journey.sent(interaction, "connect")
    waiting = await journey.ring("wait", "CA1", DialCallStatus="no-answer", DialCallSid="CA9")
    assert "<Redirect" in waiting
    found = await journey.becomes(interaction, "queued")
    assert found["due_at"] == due
    await journey.presence("farid", "away")
    await journey.presence("esther")
    await journey.pass_time(6)
    await journey.accept("esther", interaction)
    command = await journey.sent(interaction, "connect", 2)
    assert command["payload"]["desk"] == "+914023456789"


async def test_a_call_that_is_handed_on_waits_again_and_is_bridged_to_the_next(journey: Journey) -> None:
    await journey.presence("farid")
    interaction = await choose(journey, "CA1")
    await journey.accept("farid", interaction)
    await journey.sent(interaction, "connect")
    before = await journey.fetch("SELECT queued_at FROM interaction")
    await journey.call("farid", "POST", f"/v1/interactions/{interaction}/transfers", {"queue": "claims"})
    waiting = await journey.ring("wait", "CA1", DialCallStatus="completed", DialCallSid="CA8")
    assert "<Redirect" in waiting, "the caller is still there"
    found = await journey.interaction(interaction)
    assert (found["state"], found["queue"]) == ("queued", "claims")
    assert await journey.fetch("SELECT queued_at FROM interaction") == before
    await journey.presence("esther")
    await journey.accept("esther", interaction)
    await journey.sent(interaction, "connect", 2)
    await journey.ring("wait", "CA1", DialCallStatus="completed", DialCallSid="CA9")
    await journey.ring("status", "CA1", CallStatus="completed")
    await journey.becomes(interaction, "completed")
    kinds = await journey.story(interaction)
    assert kinds == [
        "arrived",
        "queued",
        "offered",
        "accepted",
        "transferred",
        "offered",
        "accepted",
        "ended",
        "completed",
    ]


async def test_ten_callers_at_once_are_served_in_the_order_of_their_due_times(journey: Journey) -> None:
    interactions = [await choose(journey, f"CA{number}") for number in range(10)]
    await journey.presence("farid")
    for interaction in interactions:
        await journey.accept("farid", interaction)
        await asyncio.gather(
            journey.complete("farid", interaction), journey.ring("status", "CA-unknown", CallStatus="completed")
        )


async def test_a_representative_without_a_telephone_does_not_keep_the_caller_waiting_for_ever(journey: Journey) -> None:
    """Ayesha sits at counter 1, which no call can be led to."""
    await journey.presence("ayesha")
    interaction = await choose(journey, "CA1")
    due = (await journey.interaction(interaction))["due_at"]
    await journey.accept("ayesha", interaction)
    found = await journey.becomes(interaction, "queued")
    assert found["due_at"] == due
    assert "<Redirect" in await journey.ring("wait", "CA1")
    await journey.presence("ayesha", "away")
    await journey.presence("farid")
    await journey.pass_time(11)
    await journey.accept("farid", interaction)
    await journey.sent(interaction, "connect")
    assert (await journey.story(interaction))[:5] == ["arrived", "queued", "offered", "accepted", "handed_back"]
