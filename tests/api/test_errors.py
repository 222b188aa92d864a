"""Whatever a stranger sends, the answer is a problem with a stable code, and never a fault of ours."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from app.db import uuid7
from app.settings import Settings
from tests.api.conftest import House, opened

GOOD: dict[str, Any] = {
    "channel": "console",
    "ref": "attack",
    "request_type": "claim",
    "language": "ur",
    "subject": "Roof",
    "body": "It leaks.",
    "customer": {"name": "Sana", "phone": "+923001234567", "email": "sana@example.org", "needs": ["elderly"]},
    "office": "lahore",
    "case_id": "019a0000-0000-7000-8000-000000000000",
    "attributes": {"policy": "7"},
}
FIELDS = [*(name for name in GOOD if name != "customer"), *(f"customer.{name}" for name in GOOD["customer"])]
MILLION = "x" * 900_000
DEEP: dict[str, Any] = json.loads('{"a":' * 300 + "1" + "}" * 300)
UNSTORABLE = {"nul": "\0", "nul inside": "a\0b", "lone surrogate": "\ud800", "reversed pair": "\udc00\ud800"}
WRONG_TYPES: dict[str, Any] = {"number": 7, "list": [7], "object": {"a": {"b": 1}}, "true": True}


def problem(answer: Any, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert found["code"]
    assert found["title"]
    return found


def bent(field: str, value: Any) -> bytes:
    """The good body with one field replaced, as JSON that may hold half a character."""
    body = json.loads(json.dumps(GOOD))
    whole = body["customer"] if field.startswith("customer.") else body
    name = field.rpartition(".")[2]
    if name == "attributes" and isinstance(value, str):
        value = {value[:50]: [value]}
    if name == "needs" and isinstance(value, str):
        value = [value]
    whole[name] = value
    return json.dumps(body).encode("ascii")


async def post(house: House, body: bytes, **headers: str) -> Any:
    sent = {**house.headers("integration"), "content-type": "application/json", **headers}
    return await house.client.post("/v1/interactions", content=body, headers=sent)


async def test_no_field_takes_what_cannot_be_stored(house: House) -> None:
    for field, (name, text) in itertools.product(FIELDS, UNSTORABLE.items()):
        found = problem(await post(house, bent(field, text)), 422)
        assert found["code"] == "unstorable_text", (field, name)


async def test_no_field_takes_a_million_letters(house: House) -> None:
    for field in FIELDS:
        problem(await post(house, bent(field, MILLION)), 422)


async def test_no_field_takes_another_type(house: House) -> None:
    for field, (name, value) in itertools.product(FIELDS, WRONG_TYPES.items()):
        if (field, name) != ("attributes", "object"):
            found = problem(await post(house, bent(field, value)), 422)
            assert found["errors"][0]["where"].startswith(f"body.{field}"), name


UNKNOWN: list[tuple[str, Any, str]] = [
    ("channel", "pigeon", "unknown_channel"),
    ("request_type", "divorce", "unknown_request_type"),
    ("language", "xx", "unknown_language"),
    ("office", "atlantis", "unknown_office"),
    ("language", "urdu!", "invalid"),
    ("ref", "", "invalid"),
    ("ref", "two words", "invalid"),
    ("customer.phone", "call me", "invalid"),
    ("customer.email", "nobody", "invalid"),
    ("customer.needs", "a throne", "invalid"),
    ("case_id", "17", "invalid"),
    ("attributes", {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "invalid"),
    ("attributes", {"a": "x" * 9_000}, "invalid"),
    ("attributes", DEEP, "invalid"),
    ("attributes", None, "invalid"),
    ("customer.surname", "Tariq", "invalid"),
    ("surprise", 1, "invalid"),
]


async def test_an_unknown_value_is_named_by_its_code(house: House) -> None:
    for field, value, code in UNKNOWN:
        assert problem(await post(house, bent(field, value)), 422)["code"] == code, (field, value)


async def test_an_unknown_case_is_not_found(house: House) -> None:
    problem(await post(house, json.dumps(GOOD).encode()), 404)


NO_CONTACTS: list[tuple[bytes, int, str]] = [
    (b"", 422, "invalid"),
    (b"{", 400, "unreadable"),
    (b"\xff\xfe{}", 400, "unreadable"),
    (b"[" * 100_000, 400, "unreadable"),
    (b"[" * 900 + b'"\\u0000"' + b"]" * 900, 422, "unstorable_text"),
    (b"[]", 422, "invalid"),
    (b"null", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b'{"ref": NaN}', 422, "unstorable_text"),
    (b'{"ref": 1e999}', 422, "unstorable_text"),
    (b"1" * 10_000, 400, "unreadable"),
]


async def test_what_is_not_a_contact_is_refused(house: House) -> None:
    for body, status, code in NO_CONTACTS:
        assert problem(await post(house, body), status)["code"] == code, body[:40]


async def test_a_body_of_another_kind_is_refused(house: House) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        problem(await post(house, json.dumps(GOOD).encode(), **{"content-type": kind}), 415)
    told = house.headers("integration")
    assert (await house.client.post("/v1/interactions", content=b"{}", headers=told)).status_code == 415


async def test_a_body_over_the_limit_is_not_read(house: House) -> None:
    found = problem(await post(house, b" " * 1_048_577), 413)
    assert found["code"] == "too_large"

    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 65_536

    headers = {**house.headers("integration"), "content-type": "application/json"}
    problem(await house.client.post("/v1/interactions", content=pieces(), headers=headers), 413)
    visits = {**house.headers("kiosk"), "content-type": "application/json"}
    problem(await house.client.post("/v1/channels/walk_in/visits", content=b" " * 20_000, headers=visits), 413)


NOWHERE: list[str] = ["/v1/nothing", "/nothing", "/v1/interactions/", "/v1/%00", "/v1/\u0627\u0631\u062f\u0648"]


async def test_an_unknown_address_is_a_problem_too(house: House) -> None:
    for path in NOWHERE:
        problem(await house.call("admin", "GET", path), 404, 422)


async def test_a_wrong_method_names_the_right_ones(house: House) -> None:
    answer = await house.call("admin", "DELETE", "/v1/interactions")
    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET, POST"


MALFORMED: list[str] = ["17", "%00", "..%2f..", "x" * 5_000, "019a0000-0000-7000-8000-00000000000g"]


async def test_a_malformed_id_names_nothing(house: House) -> None:
    for given in MALFORMED:
        for path in (f"/v1/interactions/{given}", f"/v1/cases/{given}", f"/v1/assignments/{given}"):
            problem(await house.call("admin", "GET", path), 404, 422)
        problem(await house.call("admin", "GET", f"/v1/representatives/{given.upper()}!"), 404, 422)


async def test_an_unknown_id_is_not_found_whatever_is_done_to_it(house: House) -> None:
    unknown = uuid7()
    for method, path, body in (
        ("GET", f"/v1/interactions/{unknown}", None),
        ("GET", f"/v1/interactions/{unknown}/events", None),
        ("GET", f"/v1/interactions/{unknown}/messages", None),
        ("PUT", f"/v1/interactions/{unknown}/completion", {}),
        ("PUT", f"/v1/interactions/{unknown}/cancellation", {"reason": "x"}),
        ("PUT", f"/v1/interactions/{unknown}/parking", None),
        ("DELETE", f"/v1/interactions/{unknown}/parking", None),
        ("PUT", f"/v1/interactions/{unknown}/no_show", None),
        ("POST", f"/v1/interactions/{unknown}/transfers", {"queue": "sales"}),
        ("POST", f"/v1/interactions/{unknown}/messages", {"body": "x"}),
        ("GET", f"/v1/cases/{unknown}", None),
        ("PUT", f"/v1/cases/{unknown}/resolution", None),
        ("GET", f"/v1/assignments/{unknown}", None),
        ("PUT", f"/v1/assignments/{unknown}/acceptance", None),
        ("PUT", f"/v1/assignments/{unknown}/rejection", {"reason": "x"}),
        ("GET", "/v1/representatives/nobody", None),
        ("GET", "/v1/representatives/nobody/assignments", None),
        ("PUT", "/v1/representatives/nobody/presence", {"status": "away"}),
        ("POST", "/v1/representatives/nobody/heartbeat", None),
    ):
        headers = {"idempotency-key": str(uuid7())} if method == "POST" else {}
        assert problem(await house.call("admin", method, path, body, headers=headers), 404)["code"] == "not_found"


LISTS = (
    "/v1/interactions",
    "/v1/representatives",
    "/v1/queues",
    "/v1/events",
    "/v1/representatives/ayesha/assignments",
)
CURSORS = ("x", "!!", "eHg", "MQoyCjM", "LTEKLTEKLTE", "\u0627", "A" * 300, "%00", "MDAwCjAwMAowMDAKMA")


async def test_a_made_up_cursor_is_refused(house: House) -> None:
    # Well formed for these lists: they name a place, though nobody was given it.
    known = {("/v1/events", "MQoyCjM"), ("/v1/representatives", "eHg"), ("/v1/queues", "eHg")}
    for path, cursor in itertools.product(LISTS, CURSORS):
        answer = await house.client.get(f"{path}?after={cursor}", headers=house.headers("admin"))
        if (path, cursor) in known:
            assert answer.status_code == 200
        else:
            problem(answer, 422)


LIMITS: list[str] = ["0", "-1", "201", "many", "1.5", "9" * 30]


async def test_a_page_has_a_limit(house: House) -> None:
    for path, limit in itertools.product(LISTS, LIMITS):
        problem(await house.call("admin", "GET", path, params={"limit": limit}), 422)


async def test_answers_carry_a_request_id_and_the_headers_of_a_careful_house(house: House) -> None:
    answer = await house.call("admin", "GET", "/v1/queues", headers={"x-request-id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    drawn = await house.call("admin", "GET", "/v1/queues", headers={"x-request-id": "bad id\u0627".encode()})
    assert drawn.headers["x-request-id"].isalnum()


async def test_a_fault_of_ours_tells_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.queries import queues

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(queues, "page", broken)
    answer = await house.call("admin", "GET", "/v1/queues")
    assert problem(answer, 500)["code"] == "internal"
    assert "secret" not in answer.text


async def test_without_a_database_the_answer_is_to_try_again(house: House) -> None:
    assert (await house.call("admin", "GET", "/v1/queues")).status_code == 200
    service = house.app.state.service
    service.database.dsn = "postgresql://nobody@127.0.0.1:1/nothing"
    await service.database.engine.dispose()
    service.database._pool.terminate()
    service.database._pool = None
    for method, path, body in (
        ("GET", "/v1/queues", None),
        ("POST", "/v1/interactions", {"channel": "console", "ref": "x", "request_type": "claim"}),
        ("PUT", f"/v1/assignments/{uuid7()}/acceptance", None),
        ("GET", "/v1/events", None),
        ("GET", "/v1/stream", None),
        ("GET", "/readyz", None),
    ):
        answer = await house.call("admin", method, path, body)
        assert problem(answer, 503)["code"] == "unavailable", path
        assert int(answer.headers["retry-after"]) >= 1
    assert (await house.client.get("/healthz")).status_code == 200
    assert "raabta_database_up 0.0" in (await house.client.get("/metrics")).text


async def test_a_key_that_asks_too_often_is_told_to_wait(database: str) -> None:
    async with opened(database, Settings(requests_per_second=5)) as house:
        answers = [await house.call("admin", "GET", "/v1/queues") for _ in range(12)]
        last = answers[-1]
        assert problem(last, 429)["code"] == "too_many_requests"
        assert int(last.headers["retry-after"]) >= 1
        assert (await house.call("supervisor", "GET", "/v1/queues")).status_code == 200


async def test_guessing_keys_is_slowed_down_and_keeps_nobody_else_out(database: str) -> None:
    async with opened(database, Settings(failures_per_minute=10)) as house:
        assert (await house.call("admin", "GET", "/v1/queues")).status_code == 200
        statuses = [
            (await house.client.get("/v1/queues", headers={"authorization": f"Bearer rk_{guess}"})).status_code
            for guess in range(15)
        ]
        assert statuses == [401] * 10 + [429] * 5
        assert (await house.call("admin", "GET", "/v1/queues")).status_code == 200


async def test_streams_have_a_limit(database: str) -> None:
    from tests.api.following import following

    async with opened(database, Settings(max_streams=1)) as house:
        async with following(house.app, house.headers("admin")) as stream:
            await stream.line()
            found = problem(await house.call("admin", "GET", "/v1/stream"), 429)
        assert found["code"] == "too_many_streams"
