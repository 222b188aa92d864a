"""Customers over the API: made, found, named, described, merged, spoken for."""

from __future__ import annotations

from tests.api.conftest import House
from tests.api.test_cases import SANA, served

VISIT = {"channel": "console", "request_type": "claim"}


async def test_a_visitor_is_named_and_recognised_the_next_time(house: House) -> None:
    visit = await served(house, "visit")
    body = {"name": "Amina", "phone": "0092 300 1234567".replace("0092 ", "+92"), "needs": ["elderly"]}
    named = await house.call("ayesha", "PUT", f"/v1/interactions/{visit['id']}/customer", body)
    assert (named.status_code, named.json()["identities"]) == (200, [{"kind": "phone", "value": "+923001234567"}])
    call = await house.arrive("call", customer={"phone": "+923001234567"})
    seen = (await house.call("ayesha", "GET", f"/v1/interactions/{call['id']}")).json()
    assert seen["customer"]["id"] == named.json()["id"]
    both = {"customer_id": named.json()["id"], "name": "x"}
    other = await house.call("ayesha", "PUT", f"/v1/interactions/{visit['id']}/customer", both)
    assert other.json()["code"] == "two_people"
    same = await house.call(
        "ayesha", "PUT", f"/v1/interactions/{visit['id']}/customer", {"customer_id": named.json()["id"]}
    )
    assert same.status_code == 200


async def test_a_customer_is_found_by_number_or_address_by_those_who_may_look(house: House) -> None:
    made = await house.call("supervisor", "POST", "/v1/customers", SANA, headers={"idempotency-key": "c"})
    assert made.status_code == 201
    found = (await house.call("integration", "GET", "/v1/customers?phone=%2B923001234567")).json()
    assert [each["id"] for each in found["items"]] == [made.json()["id"]]
    assert (await house.call("supervisor", "GET", "/v1/customers?email=nobody@example.test")).json()["items"] == []
    assert (await house.call("ayesha", "GET", "/v1/customers?phone=%2B923001234567")).status_code == 403
    both = await house.call("supervisor", "GET", "/v1/customers?phone=%2B923001234567&email=a@example.test")
    assert both.json()["code"] == "two_identities"
    known = await house.call("supervisor", "POST", "/v1/customers", SANA, headers={"idempotency-key": "d"})
    assert (known.status_code, known.json()["code"], known.json()["customer_id"]) == (
        409, "identity_known", made.json()["id"],
    )  # fmt: skip


async def test_customers_are_merged_by_supervisors_and_parted_by_them(house: House) -> None:
    ids = [
        (await house.call("supervisor", "POST", "/v1/customers", {"name": name}, headers={"idempotency-key": f"k{len(name)}"})).json()["id"]
        for name in ("Amina", "Amina Bibi")
    ]  # fmt: skip
    path = f"/v1/customers/{ids[0]}/merges"
    assert (await house.call("ayesha", "POST", path, {"customer_id": ids[1]},
                             headers={"idempotency-key": "m"})).status_code == 403  # fmt: skip
    made = await house.call("supervisor", "POST", path, {"customer_id": ids[1]}, headers={"idempotency-key": "m"})
    assert made.status_code == 201
    merged = (await house.call("supervisor", "GET", f"/v1/customers/{ids[1]}")).json()
    assert (merged["state"], merged["merged_into"], merged["known_as"]) == ("merged", ids[0], ids)
    gone = await house.call("supervisor", "PATCH", f"/v1/customers/{ids[1]}", {"name": "x"})
    assert (gone.json()["code"], gone.json()["survivor"]) == ("already_merged", ids[0])
    assert (await house.call("ayesha", "DELETE", f"/v1/merges/{made.json()['id']}")).status_code == 404
    assert len((await house.call("supervisor", "GET", path)).json()["items"]) == 1
    assert (await house.call("supervisor", "DELETE", f"/v1/merges/{made.json()['id']}")).status_code == 200
    assert (await house.call("supervisor", "GET", f"/v1/customers/{ids[1]}")).json()["state"] == "known"


async def test_a_proxy_is_noted_shown_on_both_sides_and_ended(house: House) -> None:
    parent, child = [
        (await house.call("supervisor", "POST", "/v1/customers", {"name": name}, headers={"idempotency-key": f"k{len(name)}"})).json()["id"]
        for name in ("Amina", "Bushra")
    ]  # fmt: skip
    body = {"proxy_id": child, "relation": "child", "consent": "in_person"}
    note = await house.call(
        "supervisor", "POST", f"/v1/customers/{parent}/proxies", body, headers={"idempotency-key": "p"}
    )
    assert note.status_code == 201
    assert (await house.call("supervisor", "GET", f"/v1/customers/{parent}")).json()["proxies"] == [note.json()]
    assert (await house.call("supervisor", "GET", f"/v1/customers/{child}")).json()["speaks_for"] == [note.json()]
    for _ in range(2):
        ended = await house.call("supervisor", "DELETE", f"/v1/customers/{parent}/proxies/{note.json()['id']}")
        assert ended.status_code == 200
    assert (await house.call("supervisor", "GET", f"/v1/customers/{parent}")).json()["proxies"] == []


async def test_a_customer_is_described_only_as_they_were_read(house: House) -> None:
    made = await served(house, "a", customer=SANA)
    case = (await house.call("ayesha", "GET", f"/v1/cases/{made['case_id']}")).json()
    path = f"/v1/customers/{case['customer']['id']}"
    read = await house.call("ayesha", "GET", path)
    assert (await house.call("ayesha", "PATCH", path, {"name": "x"}, headers={"if-match": '"9"'})).status_code == 412
    fresh = {"if-match": read.headers["etag"]}
    answer = await house.call("ayesha", "PATCH", path, {"name": "Sana T.", "news_by": "person"}, headers=fresh)
    assert (answer.json()["name"], answer.json()["news_by"]) == ("Sana T.", "person")
    assert (await house.call("ayesha", "PATCH", path, {"needs": ["rich"]})).status_code == 422


async def test_the_contacts_of_one_who_was_two_are_listed_together(house: House) -> None:
    contacts = [
        await house.arrive(ref, customer={"phone": phone})
        for ref, phone in (("a", "+923001234567"), ("b", "+923007654321"))
    ]
    ids = [
        (await house.call("supervisor", "GET", f"/v1/interactions/{each['id']}")).json()["customer"]["id"]
        for each in contacts
    ]
    merged = await house.call("supervisor", "POST", f"/v1/customers/{ids[0]}/merges", {"customer_id": ids[1]},
                              headers={"idempotency-key": "m"})  # fmt: skip
    assert merged.status_code == 201
    for customer in ids:
        listed = (await house.call("supervisor", "GET", f"/v1/interactions?customer_id={customer}")).json()["items"]
        assert {each["id"] for each in listed} == {each["id"] for each in contacts}
