"""Incidents over HTTP: who may declare one, what every door says then, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest

from app.loops.spreading import Spreading
from app.loops.tending import Tending
from tests.api.conftest import House
from tests.moving import turns

OUT: Final = "Television is out in the north."
NEW: Final = {
    "words": {"en": OUT, "ur": "ٹیلی ویژن بند ہے۔"},
    "request_types": ["claim"],
}


async def declare(house: House, **more: Any) -> dict[str, Any]:
    answer = await post(house, "supervisor", NEW | more)
    assert answer.status_code == 201, answer.text
    house.app.state.service.intake.forget()
    found: dict[str, Any] = answer.json()
    return found


async def post(house: House, who: str, body: Any, path: str = "/v1/incidents") -> Any:
    return await house.call(who, "POST", path, body, headers={"idempotency-key": str(uuid4())})


async def spread(house: House) -> None:
    db = house.app.state.service.database
    await turns(Tending(db))
    await turns(Spreading(db))


async def ask(house: House, method: str, path: str, body: Any = None) -> Any:
    headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
    answer = await house.call("supervisor", method, path, body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def test_what_is_declared_is_said_at_every_door_at_once(house: House) -> None:
    found = await declare(house)
    assert (found["state"], found["attached"], len(found["updates"])) == ("declared", 0, 1)
    told = await house.arrive("r1", language="en")
    assert told["notices"] == [OUT]
    visit = {"ref": "kiosk-1", "request_type": "claim", "language": "ur"}
    ticket = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
    assert ticket.json()["message"].endswith("ٹیلی ویژن بند ہے۔")
    assert (await house.arrive("r2", request_type="inquiry"))["notices"] == []


async def test_its_life_from_declaration_to_end(house: House) -> None:
    case = (await house.arrive("r0"))["case_id"]
    incident = await declare(house)
    path = f"/v1/incidents/{incident['id']}"
    new = (await house.arrive("r1"))["case_id"]
    await spread(house)
    await house.call("supervisor", "PUT", f"{path}/cases/{case}")
    items = (await ask(house, "GET", f"{path}/cases"))["items"]
    assert {item["id"] for item in items} == {case, new}
    assert (await house.call("supervisor", "DELETE", f"{path}/cases/{case}")).status_code == 204
    assert (await ask(house, "GET", path))["attached"] == 1
    updated = await ask(house, "POST", f"{path}/updates", {"words": {"en": "A part is on its way."}})
    assert [each["words"]["en"] for each in updated["updates"]] == ["A part is on its way.", OUT]
    closed = await ask(house, "PUT", f"{path}/closing", {"words": {"en": "It is mended."}})
    again = await ask(house, "PUT", f"{path}/closing", {"words": {"en": "Twice."}})
    assert (closed["state"], again) == ("closed", closed)
    house.app.state.service.intake.forget()
    assert (await house.arrive("r2"))["notices"] == []
    await spread(house)
    assert all(each["spread_at"] for each in (await ask(house, "GET", path))["updates"])
    assert (await ask(house, "GET", f"/v1/cases/{new}"))["state"] == "resolved"
    story = [item["type"] for item in (await ask(house, "GET", f"/v1/cases/{new}/timeline"))["items"]]
    assert story.count("case.attached") == story.count("case.resolved") == 1


async def test_it_is_changed_only_as_it_was_read(house: House) -> None:
    incident = await declare(house)
    path = f"/v1/incidents/{incident['id']}"
    tag = (await house.call("supervisor", "GET", path)).headers["etag"]
    changed = await house.call("supervisor", "PATCH", path, {"words": {"en": "All is out."}}, headers={"if-match": tag})
    assert changed.json()["words"] == {"en": "All is out."}
    stale = await house.call("supervisor", "PATCH", path, {"words": {"en": "No."}}, headers={"if-match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


async def test_who_is_likely_touched_is_listed_and_told(house: House) -> None:
    customer = {"name": "Asha", "email": "asha@example.test"}
    await house.arrive("r1", customer=customer)
    incident = await declare(house, since=datetime.now(UTC).isoformat())
    path = f"/v1/incidents/{incident['id']}/reach"
    (likely,) = (await ask(house, "GET", path))["items"]
    assert likely["told_at"] is None
    for _ in range(2):
        told = await ask(house, "POST", path, {"customers": [likely["customer_id"]]})
        assert told == {"told": [likely["customer_id"]], "not_told": []}
    assert (await ask(house, "GET", path))["items"][0]["told_at"]
    bad = {"idempotency-key": "two words"}
    assert (await house.call("supervisor", "POST", path, {"customers": [str(uuid4())]}, headers=bad)).status_code == 422
    unknown = await house.call("supervisor", "POST", path, {"customers": [str(uuid4())]})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"words": {}}, 422, "invalid"),
        ({"words": {"en": "x" * 1_001}}, 422, "invalid"),
        ({"words": {"English please": "Out."}}, 422, "invalid"),
        ({"request_types": []}, 422, "touches_everybody"),
        ({"request_types": ["nonsense"]}, 422, "unknown_request_type"),
        ({"channels": ["telex"]}, 422, "unknown_channel"),
        ({"promised_at": "2020-01-01T00:00:00Z"}, 422, "in_the_past"),
        ({"since": "2020-01-01T00:00:00Z"}, 422, "too_far"),
        ({"color": "red"}, 422, "invalid"),
    ],
)
async def test_what_is_wrong_is_refused(house: House, change: dict[str, Any], status: int, code: str) -> None:
    answer = await post(house, "supervisor", NEW | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_those_who_decide_declare_and_those_who_serve_read(house: House) -> None:
    incident = await declare(house)
    for who in ("ayesha", "integration", "kiosk"):
        assert (await post(house, who, NEW)).status_code == 403
        closing = f"/v1/incidents/{incident['id']}/closing"
        assert (await house.call(who, "PUT", closing, {"words": {"en": "Over."}})).status_code == 403
    assert (await house.call("ayesha", "GET", "/v1/incidents?state=declared")).json()["items"][0]["id"] == incident[
        "id"
    ]
    assert (await house.call("ayesha", "GET", f"/v1/incidents/{uuid4()}")).status_code == 404


async def test_a_declaration_sent_twice_is_one_incident(house: House) -> None:
    headers = {"idempotency-key": "declare-1"}
    first = await house.call("supervisor", "POST", "/v1/incidents", NEW, headers=headers)
    second = await house.call("supervisor", "POST", "/v1/incidents", NEW, headers=headers)
    assert first.json() == second.json()
    assert len((await ask(house, "GET", "/v1/incidents"))["items"]) == 1


async def test_what_is_over_or_not_there_is_told_by_its_code(house: House) -> None:
    incident = await declare(house)
    path = f"/v1/incidents/{incident['id']}"
    assert (await house.call("supervisor", "PUT", f"{path}/dismissal")).json()["code"] == "illegal_transition"
    await ask(house, "PUT", f"{path}/closing", {"words": {"en": "Over."}})
    answer = await post(house, "supervisor", {"words": {"en": "News."}}, f"{path}/updates")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_declared")
    assert (await house.call("supervisor", "PUT", f"{path}/cases/{uuid4()}")).status_code == 404
    assert (await house.call("supervisor", "GET", "/v1/incidents?after=nonsense")).json()["code"] == "bad_cursor"
