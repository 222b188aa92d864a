"""A queue that is closed by hand has a story: who closed it, until when, and who opened it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from app.queries.audit.audit import audit
from tests.api.conftest import House
from tests.documents import SPARE, document

STORY = "SELECT version, kind, actor, data FROM event WHERE subject = 'queue' AND subject_id = $1 ORDER BY version"


def until(hours: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def close(house: House, queue: str = "claims", **said: Any) -> None:
    answer = await house.call("supervisor", "PUT", f"/v1/queues/{queue}/closing", {"until": until(), **said})
    assert answer.status_code == 200, answer.text


async def reopen(house: House, who: str = "admin", queue: str = "claims") -> None:
    assert (await house.call(who, "DELETE", f"/v1/queues/{queue}/closing")).status_code == 204


async def publish(house: House, wanted: dict[str, Any]) -> None:
    draft = await house.call(
        "admin", "POST", "/v1/rules", {"document": wanted}, headers={"idempotency-key": uuid4().hex}
    )
    assert draft.status_code == 201, draft.text
    live = await house.call("admin", "PUT", f"/v1/rules/{draft.json()['version']}/publication", {})
    assert live.status_code == 200, live.text


async def sound(house: House) -> None:
    connection = await asyncpg.connect(house.database)
    try:
        assert await audit(connection) == []
    finally:
        await connection.close()


async def test_who_closed_a_queue_until_when_and_who_opened_it_is_on_record(
    house: House, sql: Callable[..., Any]
) -> None:
    first, second = until(1), until(2)
    await close(house, until=first, message="Flood in the street.")
    await close(house, until=second)
    await reopen(house)
    await close(house, until=first)
    told = [dict(row) for row in await sql(STORY, "claims")]
    assert [(row["version"], row["kind"], row["actor"].partition(":")[0]) for row in told] == [
        (1, "closed", "supervisor"), (2, "closed", "supervisor"), (3, "opened", "admin"), (4, "closed", "supervisor"),
    ]  # fmt: skip
    assert all(row["actor"].partition(":")[2] for row in told), "the key is named"
    assert [first[:19] in told[0]["data"], second[:19] in told[1]["data"]] == [True, True]
    assert "Flood" not in str(told), "what was said stays out of the log"
    await sound(house)


async def test_saying_the_same_again_writes_nothing(house: House, sql: Callable[..., Any]) -> None:
    await reopen(house)
    said = {"until": until(), "message": "Back soon."}
    await close(house, **said)
    await close(house, **said)
    await reopen(house)
    await reopen(house)
    assert [row["kind"] for row in await sql(STORY, "claims")] == ["closed", "opened"]


async def test_a_closing_is_heard_on_the_feed(house: House) -> None:
    await close(house)
    [told] = [event for event in await house.feed("integration") if event["subject"] == "queue"]
    assert (told["type"], told["subject_id"], told["version"]) == ("queue.closed", "claims", 1)


async def test_a_closed_queue_that_is_removed_and_comes_back_goes_on_with_its_story(
    house: House, sql: Callable[..., Any]
) -> None:
    await publish(house, document(spare=SPARE))
    await close(house, "spare")
    await publish(house, document())
    await sound(house)
    await publish(house, document(spare=SPARE))
    await close(house, "spare")
    assert [(row["version"], row["kind"]) for row in await sql(STORY, "spare")] == [
        (1, "closed"), (2, "opened"), (3, "closed"),
    ]  # fmt: skip
    await sound(house)


async def test_the_audit_finds_a_queue_that_was_closed_behind_its_story(house: House, sql: Callable[..., Any]) -> None:
    await close(house)
    await sql("UPDATE queue SET closed_until = NULL WHERE code = 'claims'")
    await sql("UPDATE queue SET closed_until = wall_clock() WHERE code = 'sales'")
    connection = await asyncpg.connect(house.database)
    try:
        found = {(each.rule, each.subject, each.id) for each in await audit(connection)}
    finally:
        await connection.close()
    assert found == {("history", "queue", "claims"), ("told_closing", "queue", "sales")}
