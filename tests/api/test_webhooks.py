"""Receivers over the API: one is changed only as it was read."""

from __future__ import annotations

from tests.api.conftest import House

KEY = {"idempotency-key": "k"}


async def receiver(house: House) -> str:
    body = {"url": "https://93.184.215.14/raabta", "kinds": ["case.confirmed"]}
    made = await house.call("admin", "POST", "/v1/webhooks", body, headers=KEY)
    assert made.status_code == 201, made.text
    return f"/v1/webhooks/{made.json()['id']}"


async def test_a_receiver_is_changed_only_as_it_was_read(house: House) -> None:
    path = await receiver(house)
    read = await house.call("admin", "GET", path)
    tag = {"if-match": read.headers["etag"]}
    assert (await house.call("admin", "GET", path)).headers["etag"] == read.headers["etag"]
    changed = await house.call("admin", "PATCH", path, {"state": "off"}, headers=tag)
    assert (changed.status_code, changed.json()["state"]) == (200, "off")
    stale = await house.call("admin", "PATCH", path, {"kinds": []}, headers=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    now = await house.call("admin", "GET", path)
    assert (now.json()["kinds"], now.headers["etag"]) == (["case.confirmed"], changed.headers["etag"])
    fresh = {"if-match": f'"0", {changed.headers["etag"]}'}
    assert (await house.call("admin", "PATCH", path, {"kinds": []}, headers=fresh)).json()["kinds"] == []


async def test_a_receiver_whose_secret_was_renewed_was_changed(house: House) -> None:
    path = await receiver(house)
    for _ in range(2):
        tag = {"if-match": (await house.call("admin", "GET", path)).headers["etag"]}
        assert (await house.call("admin", "PUT", f"{path}/secret", {})).status_code == 200
        assert (await house.call("admin", "PATCH", path, {"state": "off"}, headers=tag)).status_code == 412
    assert (await house.call("admin", "PATCH", path, {"state": "off"}, headers={"if-match": "*"})).status_code == 200
    assert (await house.call("admin", "PATCH", path, {"state": "on"})).json()["state"] == "on"
