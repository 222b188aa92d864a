"""Who may do what: the whole access table, over real requests, for every role."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from app.db import uuid7
from app.deps import Access, Guarded
from app.deps.limits import Buckets
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import House
from tests.racing import HANG_SECONDS, LOOK_SECONDS

CALLERS = {"admin": "admin", "supervisor": "supervisor", "integration": "integration", "kiosk": "kiosk", "ayesha": "representative"}  # fmt: skip
APP = create_app(Settings())
ROWS: dict[tuple[str, str], Access] = {
    row: access for row, access in APP.state.service.access.items() if row[1].startswith("/v1") or row[1] in {
        "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"
    }
}  # fmt: skip


def served(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods or ()
    }


def test_every_route_has_a_row_in_the_access_table_and_stands_behind_the_door() -> None:
    assert served(APP) == set(APP.state.service.access)
    for route in APP.routes:
        assert isinstance(route, Guarded | Mount), f"{route} is not behind the door"


def test_a_route_without_a_row_cannot_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.api import access

    rows = dict(access.TABLE)
    del rows["GET", "/v1/queues"]
    monkeypatch.setattr(access, "TABLE", rows)
    with pytest.raises(LookupError, match="/v1/queues has no row"):
        create_app(Settings())


async def test_every_row_lets_in_exactly_the_roles_it_names(house: House) -> None:
    house.app.state.service.stop()  # a stream that is let in ends at once
    wrong: list[str] = []
    for (method, path), row in ROWS.items():
        for caller, role in CALLERS.items():
            status = await attempt(house, method, path, row, headers=house.headers(caller))
            if row.roles is None:
                right = (status == 403) == (row.media_type is not None)  # a door that checks signatures believes no key
            elif role in row.roles:
                right = status not in {401, 403}
            else:
                right = status == 403
            if not right:
                wrong.append(f"{method} {path} as {caller}: {status}")
    assert wrong == []


async def test_without_a_key_only_what_is_for_everybody_answers(house: House) -> None:
    keyring = house.app.state.service.keyring
    keyring._failures = Buckets(per_second=1.0, burst=3.0 * len(ROWS))  # there are more doors than failures in a minute
    wrong: list[str] = []
    for (method, path), row in ROWS.items():
        for headers in ({}, {"authorization": "Bearer rk_unknown"}, {"authorization": "Basic dTpw"}):
            status = await attempt(house, method, path, row, headers=headers)
            right = (status == 403) == (row.media_type is not None) if row.roles is None else status == 401
            if not right:
                wrong.append(f"{method} {path} with {headers}: {status}")
    assert wrong == []


async def attempt(house: House, method: str, path: str, row: Access, *, headers: dict[str, str]) -> int:
    """The status of a request that is well formed enough to reach the door's decision."""
    address = path.replace("{id}", "ayesha" if "/representatives/" in path else str(uuid7()))
    sent: dict[str, Any] = {"headers": dict(headers)}
    if row.media_type is not None:
        sent["headers"]["content-type"] = row.media_type
        sent["content"] = b"x=1"
    elif method in {"POST", "PUT"}:
        sent["json"] = {}
    return (await house.client.request(method, address, **sent)).status_code


async def test_a_representative_acts_on_their_own_assignments_alone(house: House) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    for attack in (
        ("PUT", f"/v1/assignments/{assignment}/acceptance", None),
        ("PUT", f"/v1/assignments/{assignment}/rejection", {"reason": "busy"}),
        ("PUT", "/v1/representatives/ayesha/presence", {"status": "offline"}),
        ("POST", "/v1/representatives/ayesha/heartbeat", None),
        ("PUT", f"/v1/interactions/{told['id']}/cancellation", {"reason": "spite"}),
        ("PUT", f"/v1/cases/{told['case_id']}/resolution", {}),
    ):
        answer = await house.call("farid", *attack)
        assert answer.status_code == 403, f"{attack}: {answer.text}"
        assert answer.json()["code"] == "not_yours"
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    for method, verb, body in (
        ("PUT", "completion", {}),
        ("PUT", "parking", {}),
        ("DELETE", "parking", None),
        ("PUT", "no_show", None),
        ("POST", "transfers", {"queue": "sales"}),
        ("POST", "messages", {"body": "x"}),
        ("POST", "messages", {"direction": "note", "body": "x"}),
    ):
        headers = {"idempotency-key": f"{verb}{body}".replace(" ", "")}
        answer = await house.call("farid", method, f"/v1/interactions/{told['id']}/{verb}", body, headers=headers)
        assert answer.status_code == 403, f"{verb}: {answer.text}"
        assert answer.json()["code"] == "not_yours"
    after = (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}")).json()
    assert after["state"] == "active"


async def test_a_representative_reads_what_they_serve_and_nothing_else(house: House) -> None:
    mine, other = await house.arrive("r1"), await house.arrive("r2")
    assignment = await house.offer(mine["id"], "ayesha")
    for path in (f"/v1/interactions/{mine['id']}", f"/v1/cases/{mine['case_id']}", f"/v1/assignments/{assignment}"):
        assert (await house.call("ayesha", "GET", path)).status_code == 200
        assert (await house.call("farid", "GET", path)).status_code == 404
    for path in ("", "/events", "/messages"):
        answer = await house.call("ayesha", "GET", f"/v1/interactions/{other['id']}{path}")
        assert answer.status_code == 404
    assert (await house.call("ayesha", "GET", "/v1/representatives/farid")).status_code == 404
    assert (await house.call("ayesha", "GET", "/v1/representatives/farid/assignments")).status_code == 404
    listed = (await house.call("ayesha", "GET", "/v1/interactions")).json()["items"]
    assert [each["id"] for each in listed] == [mine["id"]]
    people = (await house.call("ayesha", "GET", "/v1/representatives")).json()["items"]
    assert [each["id"] for each in people] == ["ayesha"]


async def test_whoever_serves_a_customer_reads_their_whole_history(house: House) -> None:
    customer = {"phone": "+923001234567", "name": "Sana"}
    earlier = await house.arrive("r1", customer=customer)
    now = await house.arrive("r2", customer=customer)
    await house.offer(now["id"], "ayesha")
    found = (await house.call("ayesha", "GET", f"/v1/interactions/{now['id']}")).json()
    history = (await house.call("ayesha", "GET", found["customer"]["history"])).json()["items"]
    assert [each["id"] for each in history] == [now["id"], earlier["id"]]


async def test_a_revoked_key_stops_though_it_is_used_all_the_time(house: House, sql: Any) -> None:
    assert (await house.call("supervisor", "GET", "/v1/queues")).status_code == 200
    await sql("UPDATE api_key SET revoked_at = wall_clock() WHERE name = 'supervisor'")
    async with asyncio.timeout(HANG_SECONDS):
        while (await house.call("supervisor", "GET", "/v1/queues")).status_code != 401:
            await asyncio.sleep(LOOK_SECONDS)


async def test_a_retired_representatives_key_is_nobodys(house: House, sql: Any) -> None:
    await sql("UPDATE representative SET retired = true WHERE code = 'devi'")
    assert (await house.call("devi", "GET", "/v1/queues")).status_code == 401


async def test_a_new_key_works_at_once(house: House, sql: Any) -> None:
    from app.security import digest

    key = {"authorization": "Bearer rk_brand_new"}
    assert (await house.client.get("/v1/queues", headers=key)).status_code == 401
    await sql(
        "INSERT INTO api_key (id, name, role, prefix, digest) VALUES ($1, 'new', 'supervisor', 'rk', $2)",
        uuid7(),
        digest("rk_brand_new"),
    )
    assert (await house.client.get("/v1/queues", headers=key)).status_code == 200


async def test_a_page_may_change_things_only_with_its_token(house: House) -> None:
    from app.deps import COOKIE, csrf_token

    cookie = {"cookie": f"other=1; {COOKIE}={house.keys['ayesha']}"}
    address, body = "/v1/representatives/ayesha/presence", {"status": "away"}
    assert (await house.client.get("/v1/queues", headers=cookie)).status_code == 200
    refused = await house.client.put(address, headers=cookie, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    wrong = {**cookie, "x-csrf-token": csrf_token(house.keys["farid"])}
    assert (await house.client.put(address, headers=wrong, json=body)).status_code == 403
    form = {**cookie, "content-type": "application/x-www-form-urlencoded"}
    for fields in (b"&".join(b"a=1" for _ in range(300)), b"csrf_token=%00", b"csrf_token=\xed\xa0\x80", b"&" * 99_999):
        odd = await house.client.post("/v1/representatives/ayesha/heartbeat", headers=form, content=fields)
        assert (odd.status_code, odd.json()["code"]) == (403, "csrf")
    right = {**cookie, "x-csrf-token": csrf_token(house.keys["ayesha"])}
    assert (await house.client.put(address, headers=right, json=body)).status_code == 200
