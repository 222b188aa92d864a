"""Before the line: closed, full, nobody there, too long; each told in its own words, on the phone and at the kiosk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import Journey, address
from tests.ruling import document, rule

CALL = "CA1"


async def govern(journey: Journey, queue: dict[str, Any], **others: Any) -> None:
    await rule(journey.db, journey.house.app.state.service.intake, document({"sales": queue, **others}))


async def dial(journey: Journey, call: str, **form: str) -> str:
    """Through the menu in English to an order; returns the document that answers the choice."""
    menu = await journey.ring("voice", call, **form)
    menu = await journey.ring(address(menu, "Gather"), call, Digits="1", **form)
    return await journey.ring(address(menu, "Gather"), call, Digits="4", **form)


async def state_of(journey: Journey, call: str) -> tuple[str, str]:
    (row,) = await journey.fetch("SELECT id, state FROM interaction WHERE contact = $1", call)
    return str(row["id"]), row["state"]


async def _told(journey: Journey) -> int | None:
    """Once the dispatcher has seen that the only one who serves the line is busy."""
    rows = await journey.fetch("SELECT servers FROM queue_estimate WHERE queue = 'sales' AND servers = 1 AND free = 0")
    return len(rows) or None


def shut() -> dict[str, Any]:
    """Closed today and tomorrow, by its hours; open from nine to five on all other days."""
    today = datetime.now(UTC).date()
    closed: dict[str, list[str]] = {(today + timedelta(days=days)).isoformat(): [] for days in (-1, 0, 1)}
    week = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    return {"hours": {"timezone": "UTC", **week, "exceptions": closed}, "on_entry": [{"when": "closed"}]}


@pytest.mark.parametrize(
    ("queue", "said", "seen"),
    [
        (shut(), "We are closed now.", "ہم اس وقت بند ہیں۔"),
        ({"on_entry": [{"when": "nobody"}]}, "There is nobody here who could serve you at the moment.", "اس وقت یہاں کوئی موجود نہیں جو آپ کی مدد کر سکے۔"),
        ({"on_entry": [{"when": "length", "over": 0}]}, "Too many people are waiting at the moment.", "اس وقت بہت زیادہ لوگ انتظار میں ہیں۔"),
        ({"on_entry": [{"when": "wait", "over": 30}]}, "The wait would be too long at the moment.", "اس وقت انتظار بہت لمبا ہوگا۔"),
    ],
)  # fmt: skip
async def test_each_reason_is_told_in_its_own_words(
    journey: Journey, queue: dict[str, Any], said: str, seen: str
) -> None:
    await govern(journey, {})
    await journey.kiosk("visits", ref="k0", request_type="order", language="ur")
    if "wait" in str(queue):
        await journey.presence("farid")  # has his hands full with the first at once
        await journey.until(lambda: _told(journey))
    await govern(journey, queue)
    document = await dial(journey, CALL)
    assert said in document
    assert "<Hangup" in document
    assert "<Redirect" not in document
    ticket = await journey.kiosk("visits", ref="k1", request_type="order", language="ur")
    assert ticket["message"].startswith(seen)
    assert (ticket["number"], ticket["state"]) == (None, "cancelled")
    again = await journey.kiosk("visits", ref="k1", request_type="order", language="ur")
    assert (again["message"], again["refusal"]) == (ticket["message"], ticket["refusal"])
    await journey.ring("status", CALL, CallStatus="completed")
    interaction, state = await state_of(journey, CALL)
    assert state == "cancelled"
    assert await journey.story(interaction) == ["arrived", "turned_away"]


async def test_one_who_comes_when_it_is_closed_is_told_when_it_opens(journey: Journey) -> None:
    await govern(journey, shut())
    opens = (datetime.now(UTC) + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    assert f"We open again on {opens:%A} at 09:00." in await dial(journey, CALL)
    ticket = await journey.kiosk("visits", ref="k1", request_type="order", language="en")
    assert ticket["refusal"]["opens_at"] == opens.isoformat()


async def test_a_supervisor_closes_a_queue_with_words_and_opens_it_again(journey: Journey) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    told = {"until": until, "message": "The office is flooded."}
    await journey.call("supervisor", "PUT", "/v1/queues/sales/closing", told)
    journey.house.app.state.service.intake.forget()
    assert "The office is flooded." in await dial(journey, CALL)
    answer = await journey.house.call("supervisor", "DELETE", "/v1/queues/sales/closing")
    assert answer.status_code == 204
    journey.house.app.state.service.intake.forget()
    assert "<Redirect" in await dial(journey, "CA2")
    for who, status in (("kiosk", 403), ("ayesha", 403), ("integration", 403)):
        assert (await journey.house.call(who, "PUT", "/v1/queues/sales/closing", told)).status_code == status
    past = {"until": "2020-01-01T00:00:00Z"}
    assert (await journey.house.call("admin", "PUT", "/v1/queues/sales/closing", past)).status_code == 422


async def test_a_full_queue_sends_who_comes_to_another(journey: Journey) -> None:
    await govern(journey, {"on_entry": [{"when": "nobody", "then": "overflow", "queue": "inquiries"}]})
    assert "<Redirect" in await dial(journey, CALL)
    interaction, _ = await state_of(journey, CALL)
    assert (await journey.interaction(interaction))["queue"] == "inquiries"


async def test_who_is_offered_a_call_back_hangs_up_and_keeps_the_place(journey: Journey) -> None:
    await govern(journey, {"on_entry": [{"when": "nobody", "then": "callback"}]})
    assert "we will call you back" in await dial(journey, CALL)
    await journey.ring("status", CALL, CallStatus="completed")
    interaction, state = await state_of(journey, CALL)
    assert state == "queued"
    await journey.presence("farid")
    await journey.offered("farid", interaction)


async def test_who_calls_again_within_the_grace_time_stands_where_they_stood(journey: Journey) -> None:
    await dial(journey, CALL)
    await dial(journey, "CA2", From="+923009999999")
    await journey.ring("status", CALL, CallStatus="completed")
    first, _ = await state_of(journey, CALL)
    await journey.becomes(first, "abandoned")
    assert "You are next in line." in await dial(journey, "CA3")
    again, _ = await state_of(journey, "CA3")
    assert (await journey.interaction(again))["due_at"] == (await journey.interaction(first))["due_at"]


async def test_a_head_start_is_given_over_the_api_and_the_answer_says_whether(journey: Journey) -> None:
    interaction = (await journey.kiosk("visits", ref="k1", request_type="order", language="ur"))["id"]
    before = await journey.interaction(interaction)
    path = f"/v1/interactions/{interaction}/head_starts"
    told = await journey.call("ayesha", "POST", path, {"reason": "discretion"})
    assert (told["granted"], told["head_start_seconds"]) == (True, 300)
    after = await journey.interaction(interaction)
    assert datetime.fromisoformat(before["due_at"]) - datetime.fromisoformat(after["due_at"]) == timedelta(seconds=300)
    refused = await journey.house.call("kiosk", "POST", path, {"reason": "discretion"})
    assert refused.status_code == 403


async def test_a_split_queue_that_is_closed_by_hand_lets_nobody_into_its_parts_and_who_gave_up_before_keeps_the_place(
    journey: Journey,
) -> None:
    await govern(journey, {"split": {"north": 50, "south": 50}}, north={}, south={})
    await dial(journey, CALL)
    await journey.ring("status", CALL, CallStatus="completed")
    first, _ = await state_of(journey, CALL)
    await journey.becomes(first, "abandoned")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    told = {"until": until, "message": "The office is flooded."}
    await journey.call("supervisor", "PUT", "/v1/queues/sales/closing", told)
    journey.house.app.state.service.intake.forget()
    assert "The office is flooded." in await dial(journey, "CA2", From="+923009999999")
    assert "<Redirect" in await dial(journey, "CA3")
    again, state = await state_of(journey, "CA3")
    assert state == "queued"
    assert (await journey.interaction(again))["due_at"] == (await journey.interaction(first))["due_at"]
