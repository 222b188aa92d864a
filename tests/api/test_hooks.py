"""The channels' doors, over HTTP: who is believed, what a repeat does, and that no stranger's bytes are a fault of ours."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from app.settings import Settings
from tests.api.conftest import House, opened

BASE = "https://calls.example.org"
TOKEN = "twilio-token-of-the-tests"
LETTER = b"""From: Sana Tariq <sana@example.org>\r
To: support@raabta.localhost\r
Subject: My roof\r
Message-ID: <1@example.org>\r
Date: Mon, 05 Jan 2026 10:00:00 +0500\r
Content-Type: text/plain; charset=utf-8\r
\r
It leaks.\r
"""


@pytest.fixture
async def signed(database: str) -> AsyncIterator[House]:
    """The service as Twilio knows it: behind a public address, with a token to sign with."""
    async with opened(database, Settings(public_base_url=BASE, twilio_auth_token=SecretStr(TOKEN))) as found:
        yield found


async def ring(house: House, hook: str, form: dict[str, str], *, token: str = TOKEN, at: str = BASE) -> httpx2.Response:
    path = f"/v1/channels/phone/{hook}"
    signature = RequestValidator(token).compute_signature(at + path, form)
    return await house.client.post(path, data=form, headers={"x-twilio-signature": signature})


async def mail(house: House, letter: bytes, who: str = "integration") -> httpx2.Response:
    headers = {**house.headers(who), "content-type": "message/rfc822"}
    return await house.client.post("/v1/channels/email/raw", content=letter, headers=headers)


async def counts(sql: Any) -> tuple[int, ...]:
    tables = ("interaction", "receipt", "event", "message", "outbox")
    return tuple([(await sql(f"SELECT count(*) FROM {table}"))[0][0] for table in tables])


async def test_a_visitor_gets_a_numbered_ticket(house: House) -> None:
    visit = {"ref": "kiosk-1-1", "request_type": "suggestion", "language": "te", "name": "Lakshmi"}
    answer = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
    assert answer.status_code == 201, answer.text
    assert answer.json()["number"] == "B001"
    again = await house.call("kiosk", "POST", "/v1/channels/walk_in/visits", visit)
    assert again.status_code == 200
    assert again.json()["id"] == answer.json()["id"]


async def test_a_letter_becomes_an_interaction_once(house: House, sql: Any) -> None:
    first = await mail(house, LETTER)
    assert first.is_success, first.text
    before = await counts(sql)
    assert (await mail(house, LETTER)).is_success
    assert await counts(sql) == before
    (listed,) = (await house.call("supervisor", "GET", "/v1/interactions", params={"channel": "email"})).json()["items"]
    assert listed["subject"] == "My roof"
    assert listed["customer"]["name"] == "Sana Tariq"


async def test_a_call_signed_by_twilio_is_answered_in_its_language(signed: House) -> None:
    answer = await ring(signed, "voice", {"CallSid": "CA1", "From": "+923001234567", "To": "+914000000000"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.text.startswith("<?xml")


async def test_a_repeated_call_webhook_writes_nothing(signed: House, sql: Any) -> None:
    form = {"CallSid": "CA1", "From": "+923001234567", "To": "+914000000000"}
    first = await ring(signed, "voice", form)
    before = await counts(sql)
    again = await ring(signed, "voice", form)
    assert (again.status_code, again.text) == (200, first.text)
    assert await counts(sql) == before


@pytest.mark.parametrize("hook", ["voice", "menu", "wait", "status"])
async def test_a_call_that_twilio_did_not_sign_is_refused_and_writes_nothing(
    signed: House, sql: Any, hook: str
) -> None:
    form = {"CallSid": "CA1", "From": "+923001234567", "CallStatus": "completed"}
    before = await counts(sql)
    answers = [
        await ring(signed, hook, form, token="another token"),
        await ring(signed, hook, form, at="https://elsewhere.example.org"),
        await signed.client.post(f"/v1/channels/phone/{hook}", data=form),
        await signed.client.post(f"/v1/channels/phone/{hook}", data=form, headers=[(b"x-twilio-signature", b"\xe9")]),
        await signed.client.post(f"/v1/channels/phone/{hook}", data=form, headers=signed.headers("admin")),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["code"] for answer in answers} == {"bad_signature"}
    assert await counts(sql) == before


async def test_wrong_signatures_never_keep_a_right_one_out(database: str) -> None:
    settings = Settings(public_base_url=BASE, twilio_auth_token=SecretStr(TOKEN), failures_per_minute=3)
    async with opened(database, settings) as house:
        form = {"CallSid": "CA1", "From": "+923001234567"}
        statuses = [(await ring(house, "voice", form, token="x")).status_code for _ in range(5)]
        assert statuses == [403, 403, 403, 429, 429]
        assert (await ring(house, "voice", form)).status_code == 200


@pytest.mark.parametrize(
    ("who", "path"), [("kiosk", "walk_in/visits"), ("kiosk", "walk_in/departures"), ("integration", "console/contacts")]
)
async def test_no_door_for_json_takes_what_it_cannot_keep(house: House, sql: Any, who: str, path: str) -> None:
    headers = {**house.headers(who), "content-type": "application/json"}
    before = await counts(sql)
    for body in (
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5_000, b'{"ref": NaN}', b'{"ref": 1e999, "request_type": "claim"}',
        b'{"ref": "a\\u0000b", "request_type": "claim"}', b'{"ref": "a", "request_type": "cla\\u0000im"}',
        b'{"ref": "a", "request_type": "claim", "name": "\\u0000"}', b'{"ref": "\\ud800", "request_type": "claim"}',
        b'{"ref": "a", "request_type": "claim", "name": "\\udc00"}', b'{"ref": "a", "request_type": "claim", "\\u0000": 1}',
        b'{"ref": 7, "request_type": "claim"}', b'{"ref": "a", "request_type": ["claim"]}', b'{"ref": "' + b"x" * 10_000 + b'"}',
        b'{"ref": "a", "request_type": "divorce"}', b'{"ref": "a", "request_type": "claim", "language": "xx"}',
    ):  # fmt: skip
        answer = await house.client.post(f"/v1/channels/{path}", content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (body[:60], answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]
    assert await counts(sql) == before


async def test_no_bytes_that_come_as_a_letter_are_a_fault_of_ours(house: House) -> None:
    chance = random.Random(7)
    letters = [
        b"", b"\0", b"\0" * 1_000, b"From: \0@\0\r\n\r\n\0", b"\xff" * 5_000, b"From: a@[b\r\n\r\nx",
        b"Subject: =?utf-8?b?7aCA?=\r\nFrom: a@example.org\r\n\r\nx",
        b"Content-Type: text/plain; charset=nonsense\r\nFrom: a@example.org\r\n\r\n\xff\0x",
        b"Message-ID: <\0@x>\r\nFrom: b@example.org\r\n\r\n" + b"a\0" * 50,
        LETTER.replace(b"It leaks.", b"\0\xed\xa0\x80"), LETTER.replace(b"1@example.org", b"x" * 9_000 + b"@example.org"),
        *(bytes(chance.randrange(256) for _ in range(400)) for _ in range(20)),
        *(_torn(LETTER, chance) for _ in range(40)),
    ]  # fmt: skip
    for letter in letters:
        answer = await mail(house, letter)
        assert answer.status_code < 500, (letter[:80], answer.text)


async def test_a_letter_over_the_limit_is_not_taken(house: House) -> None:
    door = house.app.state.service.channels["email"].info.hooks["raw"]
    answer = await mail(house, b"x" * (door.max_bytes + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_what_is_posted_as_another_kind_is_refused(house: House) -> None:
    headers = {**house.headers("integration"), "content-type": "application/json"}
    answer = await house.client.post("/v1/channels/email/raw", content=LETTER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def _torn(letter: bytes, chance: random.Random) -> bytes:
    """The letter with some of its bytes replaced, doubled or lost."""
    torn = bytearray(letter)
    for _ in range(chance.randrange(1, 30)):
        place = chance.randrange(len(torn))
        torn[place : place + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(4)))
    return bytes(torn)
