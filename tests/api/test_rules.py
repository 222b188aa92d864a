"""The rules over the API: a wrong document is refused whole, a right one is tried, published and rolled back."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.api.conftest import House
from tests.documents import SPARE, document

NUMBERS = count(1)


async def call(house: House, method: str, path: str, json: Any = None, *, who: str = "supervisor") -> Any:
    headers = {"idempotency-key": f"rules-{next(NUMBERS)}"} if method == "POST" else {}
    return await house.call(who, method, f"/v1/rules{path}", json, headers=headers)


async def drafted(house: House, wanted: dict[str, Any], **more: Any) -> int:
    answer = await call(house, "POST", "", {"document": wanted, **more})
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["version"]
    return found


async def published(house: House, wanted: dict[str, Any]) -> int:
    version = await drafted(house, wanted)
    answer = await call(house, "PUT", f"/{version}/publication")
    assert answer.status_code == 200, answer.text
    return version


async def everything(house: House) -> dict[str, Any]:
    async with house.app.state.service.database.connection() as connection:
        return {
            table: await connection.fetchval(f"SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM \"{table}\" t")
            for table in ("rule_set", "queue", "request_type", "interaction", "event")
        }


async def test_a_draft_is_tried_published_and_rolled_back(house: House) -> None:
    assert (await call(house, "GET", "/live")).json()["code"] == "unknown_rules"
    assert await published(house, document()) == 1
    second = await drafted(house, document(claims={"target_seconds": 60}), based_on=1, note="within a minute")
    tried = (await call(house, "POST", f"/{second}/dry-run")).json()
    assert tried["differences"] == [{"path": "queues.claims.target_seconds", "old": 120, "new": 60}]
    made = (await call(house, "PUT", f"/{second}/publication", {"recompute": True})).json()
    assert (made["state"], made["refiled"], made["left"], made["note"]) == ("live", 0, 0, "within a minute")
    live = (await call(house, "GET", "/live", who="ayesha")).json()
    assert (live["version"], live["document"]["queues"]["claims"]["target_seconds"]) == (2, 60)
    back = await call(house, "POST", "/1/rollback")
    assert (back.status_code, back.json()["version"], back.json()["state"]) == (201, 3, "live")
    assert (await call(house, "GET", "/live")).json()["document"] == document()
    listed = (await call(house, "GET", "")).json()["items"]
    assert [(each["version"], each["state"]) for each in listed] == [(3, "live"), (2, "past"), (1, "past")]


async def test_publishing_again_answers_the_same(house: House) -> None:
    version = await drafted(house, document())
    first = await call(house, "PUT", f"/{version}/publication")
    again = await call(house, "PUT", f"/{version}/publication")
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_wrong_document_is_refused_with_the_path_of_every_fault_and_nothing_is_written(house: House) -> None:
    before = await everything(house)
    wrong = document(
        claims={"target_seconds": -1, "on_exhausted": {"after_seconds": 60, "then": "overflow", "queue": "clams"}},
        sales={"hours": {"mon": ["09:00-12:00", "11:00-17:00"]}},
    )
    wrong["request_types"]["claim"]["skills"] = {"claims": 9}
    answer = await call(house, "POST", "", {"document": wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "wrong_rules"
    told = {fault["path"] for fault in answer.json()["faults"]}
    assert {"queues.claims.target_seconds", "request_types.claim.skills.claims"} <= told
    assert any(path.startswith("queues.sales.hours.mon") for path in told)
    assert all(fault["reason"] for fault in answer.json()["faults"])
    lost = document(claims={"overflow": {"after_seconds": 60, "queue": "clams"}})
    (fault,) = (await call(house, "POST", "", {"document": lost})).json()["faults"]
    assert fault["path"] == "queues.claims.overflow.queue"
    assert "did you mean 'claims'" in fault["reason"]
    assert await everything(house) == before


async def test_what_only_the_house_knows_is_checked_too(house: House) -> None:
    wanted = document(claims={"hours": {"timezone": "Asia/Nowhere", "mon": ["09:00-17:00"]}})
    wanted["request_types"]["claim"]["labels"] = {"en": "Claim", "fr": "Plainte"}
    faults = (await call(house, "POST", "", {"document": wanted})).json()["faults"]
    assert {fault["path"] for fault in faults} == {
        "queues.claims.hours.timezone", "request_types.claim.labels", "request_types.claim.labels.fr",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body", [{}, {"document": []}, {"document": {}}, {"document": None}, {"document": {"queues": 5}}]
)
async def test_what_is_no_document_is_refused(house: House, body: dict[str, Any]) -> None:
    answer = await call(house, "POST", "", body)
    assert answer.status_code == 422, answer.text


async def test_a_stale_draft_is_a_conflict(house: House) -> None:
    stale = await drafted(house, document())
    await published(house, document())
    answer = await call(house, "PUT", f"/{stale}/publication")
    assert (answer.status_code, answer.json()["code"]) == (409, "rules_moved_on")
    answer = await call(house, "POST", "", {"document": document(), "based_on": 0})
    assert (answer.status_code, answer.json()["code"]) == (409, "rules_moved_on")


async def test_a_draft_is_discarded_and_nothing_else_is(house: House) -> None:
    live, unwanted = await published(house, document()), await drafted(house, document())
    for _ in range(2):
        answer = await call(house, "DELETE", f"/{unwanted}")
        assert (answer.status_code, answer.json()["state"]) == (200, "discarded")
    answer = await call(house, "DELETE", f"/{live}")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_draft")


async def test_versions_are_listed_page_by_page_newest_first(house: House) -> None:
    made = [await drafted(house, document()) for _ in range(5)]
    await call(house, "DELETE", f"/{made[0]}")
    first = (await call(house, "GET", "?limit=2")).json()
    second = (await call(house, "GET", f"?limit=2&after={first['next']}")).json()
    assert [each["version"] for each in first["items"] + second["items"]] == [5, 4, 3, 2]
    assert "document" not in first["items"][0]
    drafts = (await call(house, "GET", "?state=draft")).json()
    assert [each["version"] for each in drafts["items"]] == [5, 4, 3, 2]


@pytest.mark.parametrize("path", ["/0", "/x", "/-1", "/99", "/99999999999999999999", "/LIVE"])
async def test_a_version_that_is_not_there_is_not_found(house: House, path: str) -> None:
    for method, rest in (
        ("GET", ""),
        ("PUT", "/publication"),
        ("POST", "/dry-run"),
        ("POST", "/rollback"),
        ("DELETE", ""),
    ):
        answer = await call(house, method, path + rest)
        assert answer.status_code == 404, (method, answer.text)


async def test_the_same_draft_sent_twice_under_one_key_is_one(house: House) -> None:
    body, headers = {"document": document()}, {"idempotency-key": "once"}
    first = await house.call("supervisor", "POST", "/v1/rules", body, headers=headers)
    again = await house.call("supervisor", "POST", "/v1/rules", body, headers=headers)
    assert (first.status_code, again.content) == (201, first.content)
    assert len((await call(house, "GET", "")).json()["items"]) == 1


async def test_trying_a_version_has_no_effect_and_names_what_would_change(house: House) -> None:
    await published(house, document())
    waiting = await house.arrive("r1", request_type="claim")
    wanted = document(claims={"target_seconds": 60}, spare=SPARE)
    del wanted["request_types"]["suggestion"]
    wanted["request_types"]["claim"]["skills"] = {"claims": 5}
    version = await drafted(house, wanted)
    before = await everything(house)
    tried = await call(house, "POST", f"/{version}/dry-run")
    assert tried.status_code == 200, tried.text
    told = tried.json()
    assert await everything(house) == before
    assert [each["path"] for each in told["differences"]] == [
        "queues.claims.target_seconds", "queues.spare", "request_types.claim.skills", "request_types.suggestion",
    ]  # fmt: skip
    assert told["differences"][1]["old"] is None
    assert told["differences"][3]["new"] is None
    assert (told["waiting"], told["looked_at"], told["changing"]) == (1, 1, 1)
    (moved,) = told["moved"]
    assert moved["id"] == waiting["id"]
    assert (moved["old"]["queue"], moved["new"]["queue"]) == ("claims", "claims")
    assert (moved["old"]["needs"]["skills"], moved["new"]["needs"]["skills"]) == ({"claims": 2}, {"claims": 5})
    assert moved["new"]["due_at"] < moved["old"]["due_at"]


async def test_trying_a_version_warns_of_what_nobody_could_serve_and_what_cannot_go(house: House) -> None:
    await published(house, document(spare=SPARE))
    async with house.app.state.service.database.transaction() as connection:
        await connection.execute("UPDATE organisation SET default_request_type = 'suggestion'")
    wanted = document()
    del wanted["request_types"]["suggestion"]
    wanted["request_types"]["claim"]["skills"] = {"plumbing": 1}
    warnings = (await call(house, "POST", f"/{await drafted(house, wanted)}/dry-run")).json()["warnings"]
    assert "unserved: request_types.claim: nobody can serve it in ur" in warnings
    assert any(line.startswith("still_named: the request type 'suggestion'") for line in warnings)
    assert not any("order" in line for line in warnings), "somebody serves it"


async def test_who_published_what_is_in_the_feed(house: House) -> None:
    await published(house, document())
    await published(house, document())
    events = await house.feed("supervisor")
    told = [(each["type"], each["subject_id"], each["data"]) for each in events if each["subject"] == "rules"]
    assert told == [
        ("rules.drafted", "1", {"based_on": 0}),
        ("rules.published", "1", {"supersedes": 0}),
        ("rules.drafted", "2", {"based_on": 1}),
        ("rules.superseded", "1", {"by": 2}),
        ("rules.published", "2", {"supersedes": 1}),
    ]
    assert all(each["actor"].startswith("supervisor:") for each in events if each["subject"] == "rules")
