"""A cursor is ours to make: whatever stands in one that somebody forged, the list answers."""

from __future__ import annotations

import itertools
from typing import Any

from app.db import uuid7
from app.queries import cursors
from tests.api.conftest import House

HUGE = (2**31, 2**40, 2**57, 2**63 - 1)
KEY = {"idempotency-key": "forged-1"}
INCIDENT: dict[str, Any] = {
    "words": {"en": "The mast is down."}, "request_types": ["claim"], "areas": [], "products": [],
}  # fmt: skip


async def test_no_number_in_a_cursor_is_too_large_for_any_list(house: House) -> None:
    lists = await every_list(house)
    assert len(lists) > 15
    for path, number in itertools.product(lists, HUGE):
        statuses = set()
        for parts in ((number,), (number, number), (number, number, number), (number, uuid7())):
            answer = await house.call("admin", "GET", path, params={"after": cursors.encode(*parts)})
            assert answer.status_code in {200, 422}, (path, parts, answer.text)
            statuses.add(answer.status_code)
        assert 422 in statuses, f"{path} reads whatever it is given"


async def every_list(house: House) -> list[str]:
    """Each list that is read page by page, of something there is."""
    told = await house.arrive("r1")
    made = await house.call(
        "admin", "POST", "/v1/webhooks", {"url": "https://93.184.215.14/r", "kinds": []}, headers=KEY
    )
    declared = await house.call("supervisor", "POST", "/v1/incidents", INCIDENT, headers=KEY)
    ids = {
        "cases": told["case_id"],
        "interactions": told["id"],
        "representatives": "ayesha",
        "webhooks": made.json()["id"],
        "incidents": declared.json()["id"],
    }
    paths = [path for path, verbs in house.app.openapi()["paths"].items() if _walked(verbs.get("get", {}))]
    return [path.replace("{id}", ids.get(path.split("/")[2], "")) for path in paths if path != "/v1/stream"]


def _walked(verb: dict[str, Any]) -> bool:
    return any(each["name"] == "after" for each in verb.get("parameters", ()))
