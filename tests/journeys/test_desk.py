"""What representatives do, and what that means to who waits: handing on, declining, going away, lying low."""

from __future__ import annotations

from typing import Any

from tests.journeys.conftest import Journey


async def arrive(journey: Journey, ref: str, request_type: str = "order", **more: Any) -> str:
    body = {"channel": "console", "ref": ref, "request_type": request_type, "language": "en", **more}
    return str((await journey.call("integration", "POST", "/v1/interactions", body))["id"])


async def test_a_transfer_keeps_the_clock(journey: Journey) -> None:
    await journey.presence("farid")
    moved = await arrive(journey, "1")
    await journey.accept("farid", moved)
    later = await arrive(journey, "2", "claim")
    before = await journey.interaction(moved)
    await journey.call(
        "farid", "POST", f"/v1/interactions/{moved}/transfers", {"queue": "claims", "reason": "wrong_queue"}
    )
    found = await journey.interaction(moved)
    assert (found["queue"], found["queued_at"]) == ("claims", before["queued_at"])
    assert found["position"] == 1, "came first, stands first, though it joined this line last"
    await journey.presence("ayesha")
    await journey.accept("ayesha", moved)
    assert (await journey.interaction(later))["state"] in ("queued", "offered")


async def test_who_hands_it_on_is_not_the_next_to_be_asked(journey: Journey) -> None:
    await journey.presence("farid")
    moved = await arrive(journey, "1")
    await journey.accept("farid", moved)
    await journey.call("farid", "POST", f"/v1/interactions/{moved}/transfers", {"queue": "inquiries"})
    other = await arrive(journey, "2", "inquiry")
    await journey.accept("farid", other)
    assert (await journey.interaction(moved))["state"] == "queued"
    await journey.presence("ayesha")
    await journey.accept("ayesha", moved)


async def test_a_transfer_to_a_colleague_waits_for_them_though_others_are_free(journey: Journey) -> None:
    await journey.presence("farid")
    moved = await arrive(journey, "1")
    await journey.accept("farid", moved)
    await journey.presence("esther")
    await journey.presence("ayesha")
    await journey.call("farid", "POST", f"/v1/interactions/{moved}/transfers", {"representative": "ayesha"})
    await journey.accept("ayesha", moved)


async def test_a_declined_offer_goes_to_another_and_keeps_its_place(journey: Journey) -> None:
    await journey.presence("farid")
    await journey.presence("ayesha", "away")
    first = await arrive(journey, "1")
    due = (await journey.interaction(first))["due_at"]
    await journey.decline("farid", first)
    await journey.presence("ayesha")
    await journey.accept("ayesha", first)
    assert (await journey.interaction(first))["due_at"] == due
    assert await journey.story(first) == ["queued", "offered", "declined", "offered", "accepted"]


async def test_where_only_one_can_their_refusal_is_not_the_end_of_the_wait(journey: Journey) -> None:
    await journey.presence("farid")
    first = await arrive(journey, "1")
    await journey.decline("farid", first)
    await journey.becomes(first, "offered")
    await journey.accept("farid", first)


async def test_a_refusal_lapses_even_while_others_could_have_taken_it(journey: Journey) -> None:
    await journey.presence("farid")
    await journey.presence("esther", "away")
    first = await arrive(journey, "1")
    await journey.decline("farid", first)
    second = await arrive(journey, "2")
    await journey.accept("farid", second)
    await journey.complete("farid", second)
    assert (await journey.interaction(first))["state"] == "queued"
    await journey.pass_time(130)
    await journey.accept("farid", first)


async def test_an_offer_nobody_answers_goes_on_by_itself(journey: Journey) -> None:
    await journey.presence("farid")
    first = await arrive(journey, "1")
    assignment = await journey.offered("farid", first)
    await journey.pass_time(16)
    await journey.becomes(first, "queued")
    late = await journey.house.call("farid", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert (late.status_code, late.json()["code"]) == (409, "offer_gone")
    await journey.presence("farid", "away")
    await journey.presence("ayesha")
    await journey.pass_time(6)
    await journey.accept("ayesha", first)


async def test_who_goes_away_gives_back_offers_at_once_and_letters_after_a_while_and_keeps_the_visitor(
    journey: Journey,
) -> None:
    await journey.presence("ayesha")
    letter = await arrive(journey, "1")
    await journey.accept("ayesha", letter)
    offered = await arrive(journey, "2")
    await journey.offered("ayesha", offered)
    # A visit may come beside letters; no letter comes into a visit.
    visit = str((await journey.kiosk("visits", ref="k-1", request_type="order", language="en"))["id"])
    await journey.accept("ayesha", visit)
    due = {each: (await journey.interaction(each))["due_at"] for each in (letter, offered)}

    await journey.presence("ayesha", "away")
    assert (await journey.interaction(offered))["state"] == "queued"
    assert (await journey.interaction(letter))["state"] == "active"
    await journey.presence("esther")
    await journey.accept("esther", offered)

    await journey.pass_time(121)
    await journey.accept("esther", letter)
    assert {each: (await journey.interaction(each))["due_at"] for each in due} == due
    assert (await journey.interaction(visit))["state"] == "active", "a visitor is never taken away from who serves them"

    await journey.complete("ayesha", visit)
    later = await arrive(journey, "3")
    await journey.presence("esther", "away")
    await journey.presence("ayesha")
    await journey.accept("ayesha", later)


async def test_the_feed_tells_the_whole_story_once(journey: Journey) -> None:
    await journey.presence("farid")
    first = await arrive(journey, "1")
    await journey.accept("farid", first)
    await journey.complete("farid", first)

    async def told() -> list[str] | None:
        items = (await journey.call("supervisor", "GET", "/v1/events?limit=200"))["items"]
        kinds = [each["type"] for each in items if each["subject_id"] == first]
        return kinds if "interaction.completed" in kinds else None

    assert await journey.until(told) == [
        "interaction.queued", "interaction.offered", "interaction.accepted", "interaction.completed",
    ]  # fmt: skip
