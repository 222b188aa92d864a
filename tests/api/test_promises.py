"""Promises over the API: given, listed, moved, kept and released, each by whoever may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.loops.tending import Tending
from tests.api.conftest import House
from tests.moving import turns


def due(hours: float = 5) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def begin(house: House, *, server: str | None = "ayesha") -> str:
    """A contact on a case of its own, served by `server`; the case."""
    contact = await house.arrive(uuid4().hex)
    if server is not None:
        offered = await house.offer(contact["id"], server)
        assert (await house.call(server, "PUT", f"/v1/assignments/{offered}/acceptance")).status_code == 200
    await turns(Tending(house.app.state.service.database))
    return str(contact["case_id"])


async def give(house: House, case: str, who: str = "supervisor", **said: Any) -> Any:
    body = {"kind": "visit", "due_at": due(), **said}
    return await house.call(
        who, "POST", f"/v1/cases/{case}/promises", body, headers={"idempotency-key": said.pop("key", uuid4().hex)}
    )


async def listed(house: House, case: str, who: str = "supervisor", **query: Any) -> list[dict[str, Any]]:
    answer = await house.call(who, "GET", f"/v1/cases/{case}/promises", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_new_case_shows_by_when_the_customer_hears_again(house: House) -> None:
    [news] = await listed(house, await begin(house, server=None))
    assert (news["kind"], news["state"], news["made_by"]) == ("news", "standing", "system")


async def test_a_promise_is_whose_word_it_is(house: House) -> None:
    case = await begin(house)
    mine = (await give(house, case, "ayesha", words="The part is fitted.")).json()
    named = (await give(house, case, representative="bilal")).json()
    owners = (await give(house, case)).json()
    assert [each["representative"] for each in (mine, named, owners)] == ["ayesha", "bilal", "ayesha"]
    assert mine["words"] == "The part is fitted."
    nobody = await give(house, case, representative="nobody")
    assert (nobody.status_code, nobody.json()["code"]) == (422, "unknown_representative")


async def test_the_same_key_gives_one_promise(house: House) -> None:
    case = await begin(house)
    body = {"kind": "visit", "due_at": due()}
    answers = [
        await house.call(
            "ayesha", "POST", f"/v1/cases/{case}/promises", body, headers={"idempotency-key": "the-same"}
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len([each for each in await listed(house, case) if each["kind"] == "visit"]) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"due_at": "2020-01-01T00:00:00Z"}, "in_the_past"),
        ({"due_at": "2099-01-01T00:00:00Z"}, "too_far"),
        ({"kind": "callback"}, "not_yours_to_promise"),
        ({"kind": "incident"}, "not_yours_to_promise"),
        ({"kind": "No Code"}, "bad_request"),
        ({"due_at": "tomorrow"}, "bad_request"),
        ({"words": "x" * 501}, "bad_request"),
        ({"unknown": 1}, "bad_request"),
    ],
)
async def test_what_cannot_be_promised_is_refused_and_writes_nothing(
    house: House, sql: Callable[..., Any], said: dict[str, Any], code: str
) -> None:
    case = await begin(house)
    before = await sql("SELECT count(*) FROM promise")
    refused = await give(house, case, **said)
    assert refused.status_code == 422, refused.text
    assert code in (refused.json()["code"], "bad_request")
    assert await sql("SELECT count(*) FROM promise") == before


async def test_who_has_nothing_to_do_with_a_case_neither_reads_nor_gives(house: House) -> None:
    case = await begin(house)
    visit = (await give(house, case)).json()["id"]
    assert (await house.call("farid", "GET", f"/v1/cases/{case}/promises")).status_code == 404
    assert (await give(house, case, "farid")).status_code == 403
    for method, path, body in (
        ("PUT", f"/v1/promises/{visit}/kept", None),
        ("PUT", f"/v1/promises/{visit}/move", {"due_at": due(9), "reason": "part_missing"}),
        ("DELETE", f"/v1/promises/{visit}", None),
    ):
        assert (await house.call("farid", method, path, body)).status_code == 403
    assert (await listed(house, case, state="standing"))[0]["id"] == visit


async def test_moving_says_why_and_whether_the_customer_is_told(house: House) -> None:
    case = await begin(house)
    visit = (await give(house, case)).json()["id"]
    later = due(30)
    body = {"due_at": later, "reason": "part_missing", "words": "The part comes tomorrow."}
    moved = await house.call("ayesha", "PUT", f"/v1/promises/{visit}/move", body)
    assert (moved.status_code, moved.json()["told"]) == (200, False), "nobody can be written to"
    again = await house.call("ayesha", "PUT", f"/v1/promises/{visit}/move", body)
    assert again.json()["id"] == moved.json()["id"]
    old = next(each for each in await listed(house, case) if each["id"] == visit)
    assert (old["state"], old["reason"], old["moved_to"]) == ("moved", "part_missing", moved.json()["id"])


async def test_what_is_kept_or_released_is_so_once_and_for_all(house: House) -> None:
    case = await begin(house)
    kept, released = [(await give(house, case)).json()["id"] for _ in range(2)]
    for _ in range(2):
        answer = await house.call("ayesha", "PUT", f"/v1/promises/{kept}/kept")
        assert (answer.status_code, answer.json()["state"]) == (200, "kept")
        gone = await house.call("ayesha", "DELETE", f"/v1/promises/{released}", params={"reason": "not_needed"})
        assert gone.status_code == 204
    late = await house.call("ayesha", "PUT", f"/v1/promises/{released}/kept")
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")


async def test_the_next_news_of_an_open_case_are_always_owed(house: House) -> None:
    case = await begin(house)
    [news] = await listed(house, case)
    refused = await house.call("ayesha", "DELETE", f"/v1/promises/{news['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "always_owed")
    said = await give(house, case, "ayesha", kind="news")
    assert said.status_code == 201
    states = {each["id"]: each["state"] for each in await listed(house, case)}
    assert states == {news["id"]: "moved", said.json()["id"]: "standing"}


async def test_pages_neither_repeat_nor_miss(house: House) -> None:
    case = await begin(house)
    given = [(await give(house, case)).json()["id"] for _ in range(5)]
    seen: list[str] = []
    after = None
    while True:
        answer = await house.call(
            "supervisor",
            "GET",
            f"/v1/cases/{case}/promises",
            params={"limit": 2, **({"after": after} if after else {})},
        )
        seen += [each["id"] for each in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(
        [*given, *(each["id"] for each in await listed(house, case) if each["kind"] == "news")]
    )


async def test_what_is_not_there_is_not_found(house: House) -> None:
    nothing = uuid4()
    assert (await house.call("supervisor", "GET", f"/v1/cases/{nothing}/promises")).status_code == 404
    assert (await give(house, str(nothing))).status_code == 404
    assert (await house.call("supervisor", "PUT", f"/v1/promises/{nothing}/kept")).status_code == 404
