"""What integrations and representatives may rely on: one interaction from arrival to completion, over HTTP."""

from __future__ import annotations

from tests.api.conftest import House


async def test_a_contact_becomes_one_interaction_that_waits(house: House) -> None:
    answer = await house.call(
        "integration",
        "POST",
        "/v1/interactions",
        {
            "channel": "console",
            "ref": "r1",
            "request_type": "claim",
            "language": "ur",
            "subject": "Roof",
            "body": "It leaks.",
            "customer": {"name": "Sana", "phone": "+923001234567", "email": "sana@example.org", "needs": ["elderly"]},
            "office": "hyderabad",
            "attributes": {"policy": 7},
        },
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["channel"] == "console"
    assert told["state"] == "queued"
    assert told["queue"] == "claims"
    assert told["position"] == 1
    asked = {"id", "case_id", "channel", "state", "queue", "position", "wait", "number"}
    assert set(told) == {*asked, "callback", "refusal", "notices"}
    found = (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}")).json()
    assert found["customer"]["name"] == "Sana"
    assert found["head_start_reasons"] == ["elderly"]
    assert found["attributes"] == {"policy": 7}
    assert found["office"] == "hyderabad"
    words = (await house.call("supervisor", "GET", f"/v1/interactions/{told['id']}/messages")).json()
    assert [(word["direction"], word["body"]) for word in words["items"]] == [("in", "It leaks.")]


async def test_the_same_ref_again_is_the_same_interaction(house: House) -> None:
    first = await house.arrive("r1")
    again = await house.call(
        "integration", "POST", "/v1/interactions", {"channel": "console", "ref": "r1", "request_type": "claim"}
    )
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]


async def test_one_contact_is_served_from_offer_to_completion(house: House) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    taken = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert taken.status_code == 200, taken.text
    assert taken.json()["state"] == "accepted"
    again = await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert again.json() == taken.json()
    held = await house.call("ayesha", "GET", "/v1/representatives/ayesha/assignments", params={"live": True})
    assert [each["id"] for each in held.json()["items"]] == [assignment]
    done = await house.call("ayesha", "PUT", f"/v1/interactions/{told['id']}/completion", {"outcome": "answered"})
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "completed"
    repeated = await house.call("ayesha", "PUT", f"/v1/interactions/{told['id']}/completion", {"outcome": "answered"})
    assert repeated.json() == done.json()
    story = (await house.call("ayesha", "GET", f"/v1/interactions/{told['id']}/events")).json()["items"]
    assert [event["type"] for event in story] == [
        "interaction.queued", "interaction.offered", "interaction.accepted", "interaction.completed",
    ]  # fmt: skip
    assert [event["version"] for event in story] == [1, 2, 3, 4]
