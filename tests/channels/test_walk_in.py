from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from channels.base import Arrived, Outcome, Person, Refused, Reply, Wait
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
