"""Cases, customers, merges and timelines over the API: shapes, limits, and who may know of what."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import House

SANA = {"name": "Sana Tariq", "phone": "+923001234567"}


async def served(house: House, ref: str, who: str = "ayesha", **more: Any) -> dict[str, Any]:
    """A contact that this representative took."""
    made = await house.arrive(ref, **more)
    assignment = await house.offer(made["id"], who)
    answer = await house.call(who, "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert answer.status_code == 200, answer.text
    return made


async def test_a_case_is_described_only_as_it_was_read(house: House) -> None:
    case = (await served(house, "a"))["case_id"]
    read = await house.call("ayesha", "GET", f"/v1/cases/{case}")
    stale = {"if-match": '"999"'}
    assert (await house.call("ayesha", "PATCH", f"/v1/cases/{case}", {"area": "x"}, headers=stale)).status_code == 412
    fresh = {"if-match": read.headers["etag"]}
    answer = await house.call("ayesha", "PATCH", f"/v1/cases/{case}", {"area": "x", "amount": 5}, headers=fresh)
    assert (answer.status_code, answer.json()["area"], answer.json()["amount"]) == (200, "x", 5)
    assert answer.headers["etag"] != read.headers["etag"]
    assert "token" not in answer.text


@pytest.mark.parametrize(
    "body", [{"amount": -1}, {"amount": 1e300}, {"area": "A sentence"}, {"state": "closed"}, {"subject": "x" * 501}]
)
async def test_what_has_the_wrong_shape_changes_no_case(house: House, body: dict[str, Any]) -> None:
    case = (await house.arrive("a"))["case_id"]
    assert (await house.call("supervisor", "PATCH", f"/v1/cases/{case}", body)).status_code == 422


async def test_a_case_waits_for_the_customer_and_not(house: House) -> None:
    case = (await served(house, "a"))["case_id"]
    for _ in range(2):
        answer = await house.call("ayesha", "PUT", f"/v1/cases/{case}/awaiting", {"cause": "missing_document"})
        assert (answer.status_code, answer.json()["state"]) == (200, "awaiting_customer")
    for _ in range(2):
        answer = await house.call("ayesha", "DELETE", f"/v1/cases/{case}/awaiting")
        assert (answer.status_code, answer.json()["state"]) == (200, "open")


async def test_cases_are_listed_by_owner_state_and_customer_newest_first(house: House) -> None:
    first, second = [await house.arrive(ref, customer=SANA) for ref in ("a", "b")]
    await house.call("supervisor", "PATCH", f"/v1/cases/{first['case_id']}", {"owner": "ayesha"})
    mine = (await house.call("ayesha", "GET", "/v1/cases")).json()["items"]
    assert [each["id"] for each in mine] == [first["case_id"]]
    customer = mine[0]["customer"]["id"]
    path = f"/v1/cases?customer_id={customer}&limit=1"
    page = (await house.call("supervisor", "GET", path)).json()
    rest = (await house.call("supervisor", "GET", f"{path}&after={page['next']}")).json()
    assert [each["id"] for each in (*page["items"], *rest["items"])] == [second["case_id"], first["case_id"]]
    assert rest["next"] is None
    assert (await house.call("supervisor", "GET", "/v1/cases?state=resolved")).json()["items"] == []
    assert (await house.call("ayesha", "GET", f"/v1/cases?customer_id={customer}")).status_code == 404
    assert (await house.call("ayesha", "GET", "/v1/cases?owner=bilal")).json()["code"] == "not_yours"


async def test_merges_are_made_read_and_undone_over_the_api(house: House) -> None:
    first, second = [await served(house, ref, customer=SANA) if ref == "a" else await house.arrive(ref, customer=SANA)
                     for ref in ("a", "b")]  # fmt: skip
    path = f"/v1/cases/{first['case_id']}/merges"
    once = {"idempotency-key": "one"}
    made = await house.call("ayesha", "POST", path, {"case_id": second["case_id"]}, headers=once)
    again = await house.call("ayesha", "POST", path, {"case_id": second["case_id"]}, headers=once)
    assert (made.status_code, again.json()) == (201, made.json())
    assert "moved" not in made.json()
    case = (await house.call("ayesha", "GET", f"/v1/cases/{first['case_id']}")).json()
    assert {each["id"] for each in case["interactions"]} == {first["id"], second["id"]}
    gone = await house.call("supervisor", "PATCH", f"/v1/cases/{second['case_id']}", {"area": "x"})
    assert (gone.json()["code"], gone.json()["survivor"]) == ("already_merged", first["case_id"])
    listed = (await house.call("ayesha", "GET", path)).json()["items"]
    assert [each["id"] for each in listed] == [made.json()["id"]]
    assert (await house.call("bilal", "DELETE", f"/v1/merges/{made.json()['id']}")).status_code == 404
    undone = await house.call("ayesha", "DELETE", f"/v1/merges/{made.json()['id']}")
    assert undone.json()["undone_by"] == "representative:ayesha"


async def test_contacts_leave_a_case_and_join_another_over_the_api(house: House) -> None:
    first = await served(house, "a", customer=SANA)
    second = await house.arrive("b", customer=SANA, case_id=first["case_id"])
    made = await house.call("ayesha", "POST", f"/v1/cases/{first['case_id']}/splits", {"interactions": [second["id"]]},
                            headers={"idempotency-key": "s"})  # fmt: skip
    assert (made.status_code, [each["id"] for each in made.json()["interactions"]]) == (201, [second["id"]])
    back = await house.call("ayesha", "PUT", f"/v1/interactions/{second['id']}/case", {"case_id": first["case_id"]})
    assert (back.status_code, back.json()["id"]) == (200, first["case_id"])
    none = await house.call("ayesha", "POST", f"/v1/cases/{first['case_id']}/splits", {"interactions": []},
                            headers={"idempotency-key": "t"})  # fmt: skip
    assert none.status_code == 422


async def test_a_timeline_is_read_both_ways_over_the_api(house: House) -> None:
    case = (await served(house, "a", body="It is broken"))["case_id"]
    newest = (await house.call("ayesha", "GET", f"/v1/cases/{case}/timeline")).json()
    oldest = (await house.call("ayesha", "GET", f"/v1/cases/{case}/timeline?order=oldest")).json()
    assert newest["items"] == oldest["items"][::-1]
    assert "It is broken" in [item["words"] for item in newest["items"]]
    only = (await house.call("ayesha", "GET", f"/v1/cases/{case}/timeline?kind=offer&limit=1")).json()
    assert only["items"][0]["name"] == "Ayesha Malik"
    assert (await house.call("ayesha", "GET", f"/v1/cases/{case}/timeline?kind=nonsense")).status_code == 422
    assert (await house.call("ayesha", "GET", f"/v1/cases/{case}/timeline?after=x")).json()["code"] == "bad_cursor"


async def test_who_has_not_served_a_case_or_a_customer_is_told_that_there_is_none(house: House) -> None:
    made = await served(house, "a", customer=SANA)
    case = (await house.call("supervisor", "GET", f"/v1/cases/{made['case_id']}")).json()
    customer = case["customer"]["id"]
    other = (await served(house, "b", "bilal", request_type="technical_service"))["case_id"]
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/v1/cases/{made['case_id']}", None),
        ("PATCH", f"/v1/cases/{made['case_id']}", {"area": "x"}),
        ("GET", f"/v1/cases/{made['case_id']}/timeline", None),
        ("GET", f"/v1/cases/{made['case_id']}/merges", None),
        ("PUT", f"/v1/cases/{made['case_id']}/awaiting", {"cause": "x"}),
        ("DELETE", f"/v1/cases/{made['case_id']}/awaiting", None),
        ("POST", f"/v1/cases/{other}/merges", {"case_id": made["case_id"]}),
        ("POST", f"/v1/cases/{made['case_id']}/splits", {"interactions": [made["id"]]}),
        ("PUT", f"/v1/interactions/{made['id']}/case", {"case_id": other}),
        ("PUT", f"/v1/interactions/{made['id']}/customer", {"name": "x"}),
        ("GET", f"/v1/customers/{customer}", None),
        ("PATCH", f"/v1/customers/{customer}", {"name": "x"}),
        ("PUT", f"/v1/customers/{customer}/identities", {"email": "x@example.test"}),
        ("POST", f"/v1/customers/{customer}/proxies", {"proxy_id": str(uuid4()), "relation": "child", "consent": "x"}),
    ]
    for method, path, body in calls:
        headers = {"idempotency-key": path} if method == "POST" else {}
        refused = await house.call("bilal", method, path, body, headers=headers)
        assert (method, path, refused.status_code) == (method, path, 404)
        missing = await house.call("bilal", method, path.replace(made["case_id"], str(uuid4())).replace(
            customer, str(uuid4())).replace(made["id"], str(uuid4())), body and {**body, **(
                {"case_id": str(uuid4())} if body.get("case_id") == made["case_id"] else {})},
            headers={"idempotency-key": f"{path}-"} if method == "POST" else {})  # fmt: skip
        assert missing.status_code == 404
        assert missing.json()["code"] == refused.json()["code"]


async def test_an_offer_shows_what_it_is_about_and_lets_nothing_be_changed_before_it_is_taken(house: House) -> None:
    told, other = [await house.arrive(ref, customer=SANA) for ref in ("a", "b")]
    case = (await house.call("supervisor", "GET", f"/v1/cases/{told['case_id']}")).json()
    customer = case["customer"]["id"]
    visit = await served(house, "c")
    assignment = await house.offer(told["id"], "ayesha")
    cases = [f"/v1/cases/{each['case_id']}" for each in (told, other)]
    calls: list[tuple[str, str, Any]] = [
        *(("PATCH", path, {"area": "x"}) for path in cases),
        *(("PUT", f"{path}/awaiting", {"cause": "x"}) for path in cases),
        *(("DELETE", f"{path}/awaiting", None) for path in cases),
        ("PUT", f"{cases[0]}/touches/1/cause", {"cause": "x"}),
        ("POST", f"{cases[0]}/merges", {"case_id": other["case_id"]}),
        ("POST", f"{cases[0]}/splits", {"interactions": [told["id"]]}),
        ("PUT", f"/v1/interactions/{told['id']}/case", {"case_id": other["case_id"]}),
        ("PATCH", f"/v1/customers/{customer}", {"name": "x"}),
        ("PUT", f"/v1/customers/{customer}/identities", {"email": "x@example.test"}),
        ("POST", f"/v1/customers/{customer}/proxies", {"proxy_id": customer[:-1] + "0", "relation": "child", "consent": "x"}),
        ("PUT", f"/v1/interactions/{visit['id']}/customer", {"customer_id": customer}),
    ]  # fmt: skip
    for path in (*cases, f"{cases[1]}/timeline", f"{cases[0]}/touches", f"/v1/customers/{customer}"):
        assert (await house.call("ayesha", "GET", path)).status_code == 200
    for method, path, body in calls:
        headers = {"idempotency-key": path} if method == "POST" else {}
        refused = await house.call("ayesha", method, path, body, headers=headers)
        assert (path, refused.status_code, refused.json()["code"]) == (path, 403, "not_accepted")
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    for path in cases:
        assert (await house.call("ayesha", "PATCH", path, {"area": "x"})).status_code == 200
    assert (await house.call("ayesha", "PATCH", f"/v1/customers/{customer}", {"name": "x"})).status_code == 200
