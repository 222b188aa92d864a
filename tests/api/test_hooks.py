"""The channels' doors, over HTTP."""

from __future__ import annotations

from tests.api.conftest import House


async def test_a_visitor_gets_a_numbered_ticket(house: House) -> None:
    visit = {"ref": "kiosk-1-1", "request_type": "suggestion", "language": "te", "name": "Lakshmi"}
    answer = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
    assert answer.status_code == 201, answer.text
    assert answer.json()["number"] == "B001"
    again = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
    assert again.status_code == 200
    assert again.json()["id"] == answer.json()["id"]
