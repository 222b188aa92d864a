"""A visitor's way: the ticket, the call to the counter, the empty chair, the return."""

from __future__ import annotations

from tests.journeys.conftest import Journey


async def tickets(journey: Journey, count: int) -> list[dict[str, object]]:
    """Visitors with suggestions, one after the other: the second service in the menu, so B."""
    return [
        await journey.kiosk("visits", ref=f"kiosk-1-{number}", request_type="suggestion", language="en")
        for number in range(1, count + 1)
    ]


async def test_the_visitor_with_b007_does_not_come_returns_and_stands_where_they_stood(journey: Journey) -> None:
    given = await tickets(journey, 9)
    assert [ticket["number"] for ticket in given] == [f"B00{number}" for number in range(1, 10)]
    assert [ticket["position"] for ticket in given] == list(range(1, 10))
    seventh = given[6]
    visit = str(seventh["id"])
    place = await journey.interaction(visit)
    await journey.presence("ayesha")
    for ticket in given[:6]:
        await journey.accept("ayesha", str(ticket["id"]))
        await journey.complete("ayesha", str(ticket["id"]))
    assignment = await journey.accept("ayesha", visit)
    called = await journey.sent(visit, "call_to_counter")
    assert called["dedupe_key"] == f"accepted:{assignment}"
    assert called["payload"] == {"contact": "kiosk-1-7", "desk": "1", "number": "B007", "office": "lahore"}
    await journey.call("ayesha", "PUT", f"/v1/interactions/{visit}/no_show")
    eighth = str(given[7]["id"])
    await journey.accept("ayesha", eighth)
    back = await journey.kiosk("returns", ref="kiosk-1-7")
    assert (back["number"], back["state"], back["position"]) == ("B007", "queued", 1), "before B009, who came later"
    found = await journey.interaction(visit)
    assert (found["due_at"], found["queued_at"]) == (place["due_at"], place["queued_at"])
    await journey.complete("ayesha", eighth)
    await journey.accept("ayesha", visit)
    await journey.sent(visit, "call_to_counter", 2)
    await journey.complete("ayesha", visit)
    await journey.accept("ayesha", str(given[8]["id"]))
    assert await journey.story(visit) == [
        "queued", "offered", "accepted", "no_show", "returned", "offered", "accepted", "completed",
    ]  # fmt: skip


async def test_who_returns_too_late_stands_at_the_end(journey: Journey) -> None:
    first, second = await tickets(journey, 2)
    await journey.kiosk("departures", ref="kiosk-1-1")
    await journey.becomes(str(first["id"]), "abandoned")
    await journey.pass_time(301)
    back = await journey.kiosk("returns", ref="kiosk-1-1")
    assert (back["number"], back["position"]) == ("B001", 2)
    await journey.presence("ayesha")
    await journey.accept("ayesha", str(second["id"]))


async def test_the_elderly_are_called_earlier_and_the_reason_is_on_record(journey: Journey) -> None:
    young = await journey.kiosk("visits", ref="k-1", request_type="suggestion", language="en")
    old = await journey.kiosk("visits", ref="k-2", request_type="suggestion", language="en", needs=["elderly"])
    assert old["position"] == 1
    await journey.presence("ayesha")
    await journey.accept("ayesha", str(old["id"]))
    await journey.complete("ayesha", str(old["id"]))
    await journey.accept("ayesha", str(young["id"]))
    found = await journey.interaction(str(old["id"]))
    assert (found["head_start_seconds"], found["head_start_reasons"]) == (300, ["elderly"])


async def test_a_visitor_is_served_in_the_office_they_stand_in(journey: Journey) -> None:
    visit = await journey.kiosk("visits", ref="k-1", request_type="order", language="en", office="hyderabad")
    await journey.presence("ayesha")  # has all that is needed, in another city
    await journey.presence("esther")
    await journey.accept("esther", str(visit["id"]))


async def test_a_ticket_printed_twice_is_one_ticket(journey: Journey) -> None:
    first = await journey.kiosk("visits", ref="k-1", request_type="claim", language="ur")
    again = await journey.kiosk("visits", ref="k-1", request_type="claim", language="ur")
    assert again == first
    assert (await journey.kiosk("visits", ref="k-2", request_type="claim", language="ur"))["number"] == "A002"
