"""Other systems hear of every event at least once, signed, and a dead one slows nobody but itself."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.actions.outward.reachable import check_url, is_reachable
from app.actions.outward.webhook_deliveries import AT_ONCE, CLAIM_SECONDS, GAPS_SECONDS, Answer, claim, conclude
from app.actions.outward.webhooks import add_endpoint, change_endpoint, renew_secret, resend
from app.db import now
from app.errors import Invalid
from app.loops.posting import post
from app.loops.webhooks import Announcing, Webhooks
from app.security import SYSTEM
from app.tables import WebhookEndpoint
from tests.moving import turns
from tests.shift import Shift

HOME = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Receiver:
    """A real server that takes letters, and answers as it is told."""

    port: int = 0
    status: int = 204
    hangs: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/raabta"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.got.append((headers, body))
            if self.hangs:
                await self.released.wait()
            location = "location: http://127.0.0.1:1/\r\n" if 300 <= self.status < 400 else ""
            writer.write(
                f"HTTP/1.1 {self.status} x\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
            await writer.drain()
        self.open -= 1
        writer.close()


@contextlib.asynccontextmanager
async def receiving(**said: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**said)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def follow(shift: Shift, url: str, *kinds: str) -> WebhookEndpoint:
    async with shift.db.session() as session:
        return await add_endpoint(session, url=url, kinds=kinds, actor=SYSTEM, now=await now(session))


async def sent(shift: Shift) -> Webhooks:
    """Lay out what happened, and one round of sending."""
    await turns(Announcing(shift.db))
    chore = Webhooks(shift.db, allowed=HOME)
    await chore.turn()
    await chore.idle()
    return chore


async def rows(shift: Shift) -> list[Any]:
    async with shift.db.connection() as connection:
        return await connection.fetch("SELECT * FROM webhook_delivery ORDER BY event_seq")


async def test_a_receiver_is_sent_what_it_asked_for_as_it_was_then_and_signed(shift: Shift) -> None:
    async with receiving() as receiver:
        endpoint = await follow(shift, receiver.url, "interaction.queued")
        waiting = await shift.arrive("phone")
        await sent(shift)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], told["data"]["version"]) == ("interaction.queued", str(waiting), 1)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(endpoint.secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    ((row),) = await rows(shift)
    assert (row["state"], row["status"], row["attempts"], str(row["id"])) == ("sent", 204, 1, headers["webhook-id"])


async def test_while_a_secret_is_changed_over_both_sign(shift: Shift) -> None:
    async with receiving() as receiver:
        endpoint = await follow(shift, receiver.url, "interaction.*")
        async with shift.db.session() as session:
            renewed = await renew_secret(session, endpoint.id, keep_old=True)
            assert renewed.old_secret == endpoint.secret
        await shift.arrive("phone")
        await sent(shift)
    assert all(len(headers["webhook-signature"].split()) == 2 for headers, _ in receiver.got)


async def test_what_happened_before_it_followed_or_while_it_was_off_is_not_its_business(shift: Shift) -> None:
    await shift.arrive("phone")
    async with receiving() as receiver:
        endpoint = await follow(shift, receiver.url)
        async with shift.db.session() as session:
            await change_endpoint(session, endpoint.id, url=None, kinds=None, state="off")
        await shift.arrive("phone")
        await sent(shift)
    assert receiver.got == []


async def test_an_event_is_laid_out_once_though_two_follow_the_log(shift: Shift) -> None:
    async with receiving() as receiver:
        await follow(shift, receiver.url, "interaction.queued")
        for _ in range(5):
            await shift.arrive("phone")
        await asyncio.gather(turns(Announcing(shift.db)), turns(Announcing(shift.db)))
        await turns(Announcing(shift.db))
    assert len(await rows(shift)) == 5


async def test_one_that_fails_is_tried_thirteen_times_over_more_than_three_days_under_one_name(shift: Shift) -> None:
    assert sum(GAPS_SECONDS) > 3 * 86_400
    async with receiving(status=500) as receiver:
        await follow(shift, receiver.url, "interaction.queued")
        await shift.arrive("phone")
        await sent(shift)
        for gap in GAPS_SECONDS:
            await shift.pass_time(gap - 1)
            before = len(receiver.got)
            await sent(shift)
            assert len(receiver.got) == before, "not before its time"
            await shift.pass_time(2)
            await sent(shift)
        await shift.pass_time(10 * 86_400)
        await sent(shift)
    assert len(receiver.got) == 13
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    ((row),) = await rows(shift)
    assert (row["state"], row["status"], row["reason"]) == ("failed", 500, "refused")


async def test_what_was_given_up_can_be_sent_again_as_it_was(shift: Shift) -> None:
    async with receiving(status=410) as receiver:
        await follow(shift, receiver.url, "interaction.queued")
        await shift.arrive("phone")
        await sent(shift)
        ((row),) = await rows(shift)
        assert row["state"] == "failed", "410 is the receiver's word that it is gone"
        receiver.status = 204
        async with shift.db.session() as session:
            await resend(session, row["id"], now=await now(session))
        await sent(shift)
    assert [body for _, body in receiver.got] == [row["payload"].encode()] * 2
    assert (await rows(shift))[0]["state"] == "sent"


async def test_a_claim_of_one_that_died_lapses_and_it_is_sent_again(shift: Shift) -> None:
    async with receiving() as receiver:
        await follow(shift, receiver.url, "interaction.queued")
        await shift.arrive("phone")
        await turns(Announcing(shift.db))
        await shift.execute(
            "UPDATE webhook_delivery SET state = 'sending', attempts = 1, next_at = wall_clock() + '60 s'"
        )
        await sent(shift)
        assert receiver.got == []
        await shift.pass_time(61)
        await sent(shift)
    assert len(receiver.got) == 1


async def test_one_that_hangs_holds_up_only_itself(shift: Shift) -> None:
    async with receiving(hangs=True) as dead, receiving() as alive:
        await follow(shift, dead.url, "interaction.queued")
        await follow(shift, alive.url, "interaction.queued")
        for _ in range(AT_ONCE * 3):
            await shift.arrive("phone")
        await turns(Announcing(shift.db))
        chore = Webhooks(shift.db, allowed=HOME)
        async with asyncio.timeout(60):
            while len(alive.got) < AT_ONCE * 3:
                await chore.turn()
                await asyncio.sleep(0.01)
        assert (len(dead.got), dead.most_open) == (AT_ONCE, AT_ONCE)
        dead.released.set()
        await chore.idle()


async def test_it_never_leads_to_another_address_and_reads_no_answer(shift: Shift) -> None:
    async with receiving(status=302) as receiver:
        answer = await post(receiver.url, b"{}", headers={}, allowed=HOME)
    assert (answer.status, answer.taken, len(receiver.got)) == (302, False, 1)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::1]",
        "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost",
        "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b:1::7f00:1]", "[fec0::1]", "[5f00::1]",
    ],
)  # fmt: skip
async def test_nothing_inside_the_house_is_reached(host: str) -> None:
    async with receiving() as receiver:
        answer = await post(f"http://{host}:{receiver.port}/", b"{}", headers={})
    assert answer.status is None
    assert answer.reason in {"private_address", "unknown_host"}
    assert receiver.got == []


@pytest.mark.parametrize(
    "url", ["https://b\u00fccher.example/", "https://example.org/\u2028", "https://example.org/\x7f"]
)
def test_an_address_that_no_request_can_be_written_to_is_refused_where_it_is_given(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url)


def test_a_public_address_is_reached_also_where_the_new_stands_for_the_old() -> None:
    public = ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808")
    assert all(is_reachable(ipaddress.ip_address(each)) for each in public)


def named(monkeypatch: pytest.MonkeyPatch, name: str, *answers: Sequence[str]) -> list[str]:
    """What `name` means when it is looked up for the first time, the second, and ever after; who asked, in the end."""
    asked: list[str] = []
    true = socket.getaddrinfo

    def look_up(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host not in (name, name.encode()):
            return true(host, port, *more, **options)
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, int(port))) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("addresses", [("127.0.0.1", "8.8.8.8"), ("8.8.8.8", "127.0.0.1")])
async def test_a_name_that_means_a_public_and_a_private_address_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, str]
) -> None:
    named(monkeypatch, "both.example", addresses)
    async with receiving() as receiver:
        answer = await post(f"http://both.example:{receiver.port}/", b"{}", headers={})
    assert (answer.reason, receiver.got) == ("private_address", [])


async def test_the_address_that_was_looked_at_is_the_one_that_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means a sound address when it is looked at and another one a moment later leads nowhere else."""
    asked = named(monkeypatch, "turning.example", ["127.0.0.1"], ["127.0.0.2"])
    async with receiving() as receiver:
        answer = await post(f"http://turning.example:{receiver.port}/", b"{}", headers={}, allowed=HOME)
    assert (answer.status, len(receiver.got), len(asked)) == (204, 1, 1)
    assert receiver.got[0][0]["host"] == f"turning.example:{receiver.port}", "whom it is for stands in the request"


async def test_however_late_the_log_is_followed_what_happened_before_it_followed_is_not_sent(shift: Shift) -> None:
    async with receiving() as receiver:
        await shift.arrive("phone")
        await follow(shift, receiver.url, "interaction.queued")
        after = await shift.arrive("phone")
        await sent(shift)
    assert [json.loads(body)["data"]["id"] for _, body in receiver.got] == [str(after)]


async def test_one_that_was_taken_for_dead_and_answers_late_writes_nothing_over_the_next_try(shift: Shift) -> None:
    endpoint = await follow(shift, "http://127.0.0.1:1/", "interaction.queued")
    await shift.arrive("phone")
    await turns(Announcing(shift.db))
    tries = []
    for _ in range(2):
        async with shift.db.transaction() as connection:
            tries += await claim(connection, [(endpoint.id, 1)])
        await shift.pass_time(CLAIM_SECONDS + 1)
    first, second = tries
    assert (first.id, first.attempt, second.attempt) == (second.id, 1, 2)
    for told, status, state in ((first, 500, "sending"), (second, 204, "sent"), (first, 500, "sent")):
        async with shift.db.transaction() as connection:
            await conclude(connection, told, Answer(status=status))
        ((row),) = await rows(shift)
        assert (row["state"], row["attempts"]) == (state, 2)
