"""Keys that were taken back, and words of people: neither outlives its time, wherever they might have got to."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import asyncpg
import pytest

from app.deps import COOKIE, csrf_token
from app.intake.group import GroupCommit
from app.queries import queues
from app.security import digest
from app.settings import Settings
from tests.api.conftest import House, opened
from tests.api.following import Follower, following
from tests.racing import HANG_SECONDS

ADDRESS = "127.0.0.1"
"""Where the tests' streams come from."""
WORDS = "Sana Tariq, 0300 1234567, shouts"


@pytest.mark.parametrize("path", ["/v1/stream", "/desk/stream"])
async def test_guessing_keys_does_not_keep_the_stream_of_a_revoked_one_open(
    database: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.live.BEAT_SECONDS", 0.5)
    async with (
        opened(database, Settings(failures_per_minute=1)) as house,
        following(house.app, house.headers("ayesha"), path=path) as stream,
    ):
        await house.arrive("r0")
        await revoke(house, "ayesha")
        keyring = house.app.state.service.keyring
        del keyring._known[digest(house.keys["ayesha"])]  # another request with the key has found out already
        for guesser in (ADDRESS, ""):
            keyring.failed(guesser)
        await ended(house, stream)


async def test_a_revoked_key_works_for_a_second_at_most(house: House) -> None:
    assert (await house.call("supervisor", "GET", "/v1/queues")).status_code == 200
    await revoke(house, "supervisor")
    await asyncio.sleep(1.0)
    assert (await house.call("supervisor", "GET", "/v1/queues")).status_code == 401


@pytest.mark.parametrize(
    ("verb", "field", "more"),
    [
        ("transfer", "reason", {"queue": "sales"}),
        ("parking", "reason", {"until": "hour"}),
        ("completion", "outcome", {}),
        ("completion", "outcome", {"solved": "true"}),
        ("rejection", "reason", {}),
        ("presence", "reason", {"status": "away"}),
    ],
)
async def test_no_words_typed_at_the_desk_get_into_the_event_log(
    house: House, sql: Any, verb: str, field: str, more: dict[str, str]
) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    if verb not in {"rejection", "presence"}:
        await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    path = "/desk/presence" if verb == "presence" else f"/desk/work/{assignment}/{verb}"
    key = house.keys["ayesha"]
    form = {field: WORDS, **more, "csrf_token": csrf_token(key)}
    answer = await house.client.post(path, data=form, headers={"cookie": f"{COOKIE}={key}"})
    chosen_from_a_list = verb in {"rejection", "presence"}  # words there come from no form of ours, and are refused
    assert answer.status_code == (422 if chosen_from_a_list else 303)
    assert await sql("SELECT kind, data FROM event WHERE data::text LIKE '%Tariq%'") == []
    assert await sql("SELECT id FROM assignment WHERE reason LIKE '%Tariq%'") == []


@pytest.mark.parametrize(("verb", "more"), [("transfer", {"queue": "sales"}), ("parking", {"until": "hour"})])
async def test_a_reason_in_words_is_a_note_for_colleagues(
    house: House, sql: Any, verb: str, more: dict[str, str]
) -> None:
    told = await house.arrive("r1")
    assignment = await house.offer(told["id"], "ayesha")
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")
    key = house.keys["ayesha"]
    form = {"reason": WORDS, **more, "csrf_token": csrf_token(key)}
    answer = await house.client.post(
        f"/desk/work/{assignment}/{verb}", data=form, headers={"cookie": f"{COOKIE}={key}"}
    )
    assert "said=" in answer.headers["location"]
    notes = await sql("SELECT direction, author, body FROM message WHERE author IS NOT NULL")
    assert [tuple(note) for note in notes] == [("note", "ayesha", WORDS)]


async def test_a_contact_that_cannot_be_written_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(*_: object) -> list[str]:
        raise asyncpg.CheckViolationError(f"Failing row contains ({WORDS}).")

    with caplog.at_level(logging.DEBUG):
        async with GroupCommit[str, str](refuse) as group:
            with pytest.raises(asyncpg.CheckViolationError):
                await group.submit("one")
    assert "CheckViolationError" in caplog.text
    assert "Tariq" not in caplog.text


async def revoke(house: House, name: str) -> None:
    connection = await asyncpg.connect(house.database)
    await connection.execute("UPDATE api_key SET revoked_at = wall_clock() WHERE name = $1", name)
    await connection.close()


async def ended(house: House, stream: Follower) -> None:
    """Things happen until the stream is over."""
    number = 0
    async with asyncio.timeout(HANG_SECONDS):
        while not stream.ended.is_set():
            number += 1
            await house.arrive(f"r{number}")
            await asyncio.sleep(0.1)


async def test_an_offer_that_was_not_taken_shows_nothing_once_it_is_over(house: House) -> None:
    customer = {"phone": "+923001234567", "name": "Sana"}
    await house.arrive("r1", customer=customer)
    told = await house.arrive("r2", customer=customer)
    assignment = await house.offer(told["id"], "ayesha")
    assert len((await house.call("ayesha", "GET", "/v1/interactions")).json()["items"]) == 2
    await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/rejection", {"reason": "busy"})
    for path in (f"/v1/interactions/{told['id']}", f"/v1/interactions/{told['id']}/messages", f"/v1/cases/{told['case_id']}"):  # fmt: skip
        assert (await house.call("ayesha", "GET", path)).status_code == 404
    assert (await house.call("ayesha", "GET", "/v1/interactions")).json()["items"] == []
    taken = await house.offer(told["id"], "farid")
    await house.call("farid", "PUT", f"/v1/assignments/{taken}/acceptance")
    await house.call("farid", "PUT", f"/v1/interactions/{told['id']}/completion", {})
    assert len((await house.call("farid", "GET", "/v1/interactions")).json()["items"]) == 2


async def test_strangers_who_ask_for_metrics_keep_one_connection_busy_at_most(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = most = times = 0
    pulse = queues.pulse

    async def slow(connection: Any) -> queues.Pulse:
        nonlocal now, most, times
        times, now = times + 1, now + 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        return await pulse(connection)

    monkeypatch.setattr(queues, "pulse", slow)
    answers = await asyncio.gather(*(house.client.get("/metrics") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert (most, times <= 2) == (1, True)
