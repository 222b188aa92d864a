from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from channels.base import Arrived, Command, Outcome, Person, Refusal, Refused, Reply, Wait
from tests.channels.sampling import NOW, make, webhook

ID = UUID("01890000-0000-7000-8000-000000000001")
VISIT: dict[str, Any] = {"ref": "kiosk-1-1", "request_type": "claim"}


def arrive(body: Any, channel: str = "walk_in", hook: str = "visits") -> Arrived:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (signal,) = make(channel).receive(webhook(channel, hook, raw), now=NOW)
    assert isinstance(signal, Arrived)
    return signal


def ticket(hook: str = "visits", **outcome: Any) -> tuple[Reply, dict[str, Any]]:
    reply = make("walk_in").reply(webhook("walk_in", hook, b"{}"), [Outcome(contact="c", **outcome)])
    return reply, json.loads(reply.body)


def test_a_visit_carries_who_came_and_what_they_need() -> None:
    visit = arrive(
        VISIT | {"name": " Sara ", "phone": "040 2345 6789", "needs": ["elderly", "elderly"], "language": "ur"}
    )
    assert visit.person == Person(name="Sara", phone="+914023456789", needs=("elderly",))
    assert (visit.contact, visit.language) == ("kiosk-1-1", "ur")


def test_a_visitor_may_have_no_name_and_no_number() -> None:
    assert arrive(VISIT | {"name": "", "phone": None}).person is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"[" * 16_000, "bad_json"),
        (b"[]", "bad_json"),
        (b'{"ref": "a", "request_type": "\\ud800"}', "bad_json"),
        (b'{"ref": "a", "request_type": "\xff"}', "bad_json"),
        (b'{"ref": NaN}', "bad_json"),
        ({"ref": "a"}, "missing_field"),
        ({"request_type": "claim"}, "missing_field"),
        (VISIT | {"ref": None}, "missing_field"),
        (VISIT | {"colour": "red"}, "unknown_field"),
        (VISIT | {"email": "a@b.example"}, "unknown_field"),
        (VISIT | {"ref": 7}, "wrong_type"),
        (VISIT | {"name": ["Sara"]}, "wrong_type"),
        (VISIT | {"needs": "elderly"}, "wrong_type"),
        (VISIT | {"needs": [7]}, "wrong_type"),
        (VISIT | {"needs": ["haste"]}, "unknown_need"),
        (VISIT | {"ref": "x" * 101}, "too_long"),
        (VISIT | {"name": "x" * 201}, "too_long"),
        (VISIT | {"name": "Sa\x00ra"}, "bad_text"),
        (VISIT | {"name": "\u202eara"}, "bad_text"),
        (VISIT | {"ref": "a b"}, "bad_text"),
        (VISIT | {"ref": ""}, "bad_text"),
        (VISIT | {"request_type": "juggling"}, "unknown_request_type"),
        (VISIT | {"language": "fr"}, "unknown_language"),
        (VISIT | {"office": "moon"}, "unknown_office"),
        (VISIT | {"phone": "call me"}, "bad_phone"),
        (VISIT | {"phone": "1"}, "bad_phone"),
    ],
)
def test_what_cannot_be_is_refused_with_a_code(body: Any, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        arrive(body)
    assert refusal.value.code == code
    assert not refusal.value.forbidden


def test_every_node_of_the_request_tree_can_be_chosen() -> None:
    assert arrive(VISIT | {"request_type": "claim_status"}).request_type == "claim_status"


def test_a_new_visit_is_answered_with_its_ticket_in_the_visitors_language() -> None:
    wait = Wait(low_seconds=300, high_seconds=720)
    reply, found = ticket(
        state="queued",
        number="B007",
        position=3,
        wait=wait,
        language="ur",
        queue="claims",
        interaction_id=ID,
        case_id=ID,
    )
    assert reply.status == 201
    assert found == {
        "id": str(ID), "case_id": str(ID), "number": "B007", "queue": "claims", "state": "queued", "position": 3,
        "wait": {"low_seconds": 300, "high_seconds": 720}, "language": "ur",
        "message": "آپ کا نمبر B007 ہے۔ قطار میں آپ کا نمبر 3 ہے۔ تقریباً 5 سے 12 منٹ لگیں گے۔",
        "refusal": None,
    }  # fmt: skip


def test_a_repeated_visit_is_answered_as_it_stands_now() -> None:
    reply, found = ticket(state="active", number="B007", desk="Counter 3", repeated=True)
    assert reply.status == 200
    assert found["message"] == "Your number is B007. Please go to Counter 3."


def test_an_incident_is_told_on_the_ticket() -> None:
    assert ticket(state="queued", notices=("The lift is broken.",))[1]["message"].endswith("The lift is broken.")


def test_a_ticket_without_an_estimate_says_so() -> None:
    assert "cannot say yet" in ticket(state="queued", position=2)[1]["message"]


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"state": "active", "number": "B007"}, "Your number is B007. Please take a seat. We will call you."),
        ({"state": "offered", "desk": "Counter 3"}, "Please go to Counter 3."),
        ({"state": "abandoned", "number": "B007"}, "We have noted that you left. Come back soon and you keep your place."),
        ({"state": "completed", "number": "B007"}, "This visit is over. Thank you for coming."),
        ({"state": "cancelled"}, "This visit is over. Thank you for coming."),
        ({"state": "parked", "number": "B007"}, "Your number is B007. We have received your request."),
    ],
)  # fmt: skip
def test_a_ticket_says_what_to_do_in_whatever_state_the_visit_is(outcome: dict[str, Any], message: str) -> None:
    assert ticket(**outcome)[1]["message"] == message


def test_who_is_turned_away_reads_why_when_it_opens_and_what_the_house_says() -> None:
    refusal = Refusal(reason="closed", message="Water in the office.", opens_at=NOW, opens_in_days=1)
    found = ticket(state="cancelled", number="B007", refusal=refusal)[1]
    assert found["message"] == "We are closed now. We open tomorrow at 09:30. Water in the office."
    assert found["refusal"] == {"reason": "closed", "message": "Water in the office.", "opens_at": NOW.isoformat()}


def test_a_ticket_without_a_language_speaks_the_first_of_the_house() -> None:
    found = ticket(state=None)[1]
    assert found["title"] == "Unknown visit"
    assert found["detail"] == "We do not know this visit. Please ask at the desk."
    assert ticket(state="queued")[1]["language"] == "en"


async def test_a_visit_can_be_called_to_the_counter_and_to_nothing_else() -> None:
    visit = Command(
        key="k:1", kind="call_to_counter", channel="walk_in", interaction_id=ID, to=None, language="en",
        payload={"number": "B007", "desk": "Counter 3", "office": "main"},
    )  # fmt: skip
    await make("walk_in").deliver(visit)
    with pytest.raises(Refused) as refusal:
        await make("walk_in").deliver(replace(visit, kind="send"))
    assert refusal.value.code == "unknown_command"


@pytest.mark.parametrize("hook", ["departures", "returns"])
def test_a_report_about_an_unknown_visit_is_not_found(hook: str) -> None:
    reply, found = ticket(hook, state=None)
    assert (reply.status, reply.media_type, found["code"]) == (404, "application/problem+json", "unknown_visit")


def test_a_departure_is_no_new_contact() -> None:
    assert ticket("departures", state="abandoned")[0].status == 200


def test_the_console_takes_a_letter_typed_by_hand() -> None:
    typed = VISIT | {"subject": "Hours", "body": "Open on\nFriday?", "email": "Sara@Example.org"}
    contact = arrive(typed, "console", "contacts")
    assert (contact.subject, contact.body) == ("Hours", "Open on\nFriday?")
    assert contact.person == Person(email="sara@example.org")


def test_the_console_can_be_live() -> None:
    assert not make("console").info.live
    assert make("console", {"CONSOLE_LIVE": "1"}).info.live


def test_the_console_refuses_an_address_that_is_none() -> None:
    with pytest.raises(Refused, match="not an email address"):
        arrive(VISIT | {"email": "a@[b"}, "console", "contacts")
