"""A POST under an Idempotency-Key happens once, however often and however many at once it is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.deps import idempotency
from tests.api.conftest import House
from tests.racing import HANG_SECONDS, blocked, holding


async def message(
    house: House, interaction: str, *, key: str, body: str = "One moment.", who: str = "supervisor"
) -> Any:
    return await house.call(
        who,
        "POST",
        f"/v1/interactions/{interaction}/messages",
        {"direction": "note", "body": body},
        headers={"idempotency-key": key},
    )


async def written(house: House, interaction: str) -> list[str]:
    page = (await house.call("supervisor", "GET", f"/v1/interactions/{interaction}/messages")).json()
    return [each["body"] for each in page["items"]]


async def test_a_repeat_gets_the_very_same_answer_and_nothing_happens_twice(house: House) -> None:
    told = await house.arrive("r1")
    first = await message(house, told["id"], key="k1")
    assert first.status_code == 201, first.text
    again = await message(house, told["id"], key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await written(house, told["id"]) == ["One moment."]


async def test_another_request_under_the_key_is_refused(house: House) -> None:
    told, other = await house.arrive("r1"), await house.arrive("r2")
    await message(house, told["id"], key="k1")
    for answer in (
        await message(house, told["id"], key="k1", body="Something else."),
        await message(house, other["id"], key="k1"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_keys_of_strangers_never_meet(house: House) -> None:
    told = await house.arrive("r1")
    await message(house, told["id"], key="k1")
    other = await message(house, told["id"], key="k1", who="admin")
    assert "idempotency-replayed" not in other.headers
    assert len(await written(house, told["id"])) == 2


async def test_where_nothing_else_names_the_request_the_key_is_required(house: House) -> None:
    told = await house.arrive("r1")
    for path, body in (("messages", {"body": "x"}), ("transfers", {"queue": "sales"})):
        answer = await house.call("supervisor", "POST", f"/v1/interactions/{told['id']}/{path}", body)
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.text
        for key in ("", "two words", "x" * 129, "\u0627".encode()):
            bad = await house.call(
                "supervisor", "POST", f"/v1/interactions/{told['id']}/{path}", body, headers={"idempotency-key": key}
            )
            assert bad.status_code == 422


async def test_an_answer_that_is_an_error_is_not_kept(house: House) -> None:
    told = await house.arrive("r1")
    address, headers = f"/v1/interactions/{told['id']}/transfers", {"idempotency-key": "k1"}
    first = await house.call("supervisor", "POST", address, {"representative": "nobody"}, headers=headers)
    assert first.status_code in {404, 422}
    good = await house.call("supervisor", "POST", address, {"queue": "sales"}, headers=headers)
    assert (good.status_code, good.json()["queue"]) == (201, "sales")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the first under their key waits as long as it takes."""
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(idempotency, "_WAIT", text(f"SET LOCAL lock_timeout = {int(HANG_SECONDS * 1000)}"))


@pytest.mark.usefixtures("patient")
async def test_of_twenty_at_once_one_writes_and_all_get_its_answer(house: House) -> None:
    told = await house.arrive("r1")
    answers = await asyncio.gather(*(message(house, told["id"], key="k1") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await written(house, told["id"]) == ["One moment."]


async def test_who_waits_longer_than_a_second_is_told_to_try_again(house: House) -> None:
    """Another process works under the key: its lock is held by a transaction that is not ours."""
    told = await house.arrive("r1")
    name = idempotency.lock_name("key:supervisor", "k1")
    connection = await asyncpg.connect(house.database)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", name)
            answer = await message(house, told["id"], key="k1")
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_flight")
    finally:
        await connection.close()


@pytest.mark.usefixtures("patient")
async def test_who_waits_for_another_process_is_served_when_it_is_done(house: House, sql: Any) -> None:
    told = await house.arrive("r1")
    name = idempotency.lock_name("key:supervisor", "k1")
    async with holding(house.database, "SELECT pg_advisory_xact_lock($1)", name):
        waiting = asyncio.create_task(message(house, told["id"], key="k1"))
        await blocked(sql)
    assert (await waiting).status_code == 201


async def test_a_contact_under_a_key_gets_the_same_answer_though_it_moved_on(house: House) -> None:
    body = {"channel": "console", "ref": "r1", "request_type": "claim"}
    headers = {"idempotency-key": "k1"}
    first = await house.call("integration", "POST", "/v1/interactions", body, headers=headers)
    assert first.status_code == 201, first.text
    await house.offer(first.json()["id"], "ayesha")
    again = await house.call("integration", "POST", "/v1/interactions", body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    other = await house.call("integration", "POST", "/v1/interactions", {**body, "ref": "r2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_after_two_days_a_key_may_be_used_anew(house: House, sql: Any) -> None:
    told = await house.arrive("r1")
    await message(house, told["id"], key="k1")
    await sql("UPDATE idempotency_key SET created_at = wall_clock() - interval '48 hours 1 second'")
    again = await message(house, told["id"], key="k1", body="New.")
    assert again.status_code == 201
    assert await written(house, told["id"]) == ["One moment.", "New."]
