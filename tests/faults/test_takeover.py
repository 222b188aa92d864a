"""What is broken heals by itself: a dead dispatcher is replaced, a returned database is used, a restart goes on.

How soon depends on the machine; what the service itself waits for on purpose is held against the promised seconds in
tests/app/dispatcher/test_dispatcher_lease.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

import httpx2
import pytest

from app.cli.demo.service import TemporaryService
from app.cli.demo.world import Target
from app.cli.place import DATABASE, make_database
from app.postgres import LocalPostgres
from tests.faults.conftest import Start
from tests.racing import HANG_SECONDS

pytestmark = pytest.mark.faults

LOOK_SECONDS = 0.05


async def bring(http: httpx2.AsyncClient, target: Target, ref: str) -> str:
    """A letter comes in; its interaction's id."""
    told = {"channel": "email", "ref": ref, "request_type": "information", "language": "en"}
    answer = await http.post(f"{target.url}/v1/interactions", json=told, headers=bearer(target, "INTEGRATION"))
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["id"])


async def sign_in(http: httpx2.AsyncClient, target: Target, code: str) -> None:
    answer = await http.put(
        f"{target.url}/v1/representatives/{code}/presence",
        json={"status": "available"},
        headers=bearer(target, code.upper()),
    )
    assert answer.status_code == 200, answer.text


async def until_offered(http: httpx2.AsyncClient, target: Target, interaction: str) -> None:
    began = time.monotonic()
    while time.monotonic() - began < HANG_SECONDS:
        answer = await http.get(f"{target.url}/v1/interactions/{interaction}", headers=bearer(target, "SUPERVISOR"))
        if answer.status_code == 200 and answer.json()["state"] == "offered":
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError("never offered")


def bearer(target: Target, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {target.keys[f'{name}_KEY']}"}


async def test_after_a_kill_and_a_restart_the_floor_goes_on(start: Start, http: httpx2.AsyncClient) -> None:
    service = await asyncio.to_thread(start)
    target = service.target()
    waiting = [await bring(http, target, f"w{number}") for number in range(5)]
    service.kill()
    await asyncio.to_thread(service.start)
    await sign_in(http, target, "lakshmi")
    await until_offered(http, target, waiting[0])


async def test_after_a_kill_of_postgresql_the_floor_goes_on(start: Start, http: httpx2.AsyncClient) -> None:
    service = await asyncio.to_thread(start)
    target = service.target()
    await sign_in(http, target, "lakshmi")
    pid = int((service.folder / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    interaction = None
    async with asyncio.timeout(HANG_SECONDS):
        while interaction is None:
            try:
                interaction = await bring(http, target, "after")
            except AssertionError:
                await asyncio.sleep(LOOK_SECONDS)
    await until_offered(http, target, interaction)


async def test_the_other_service_takes_over_when_the_one_that_dispatches_is_killed(
    start: Start, postgres: LocalPostgres, http: httpx2.AsyncClient
) -> None:
    await make_database(postgres.dsn())
    first = await asyncio.to_thread(start, "first", database=postgres.dsn(DATABASE))
    second = await asyncio.to_thread(start, "second", database=postgres.dsn(DATABASE))
    target = first.target()
    await sign_in(http, target, "lakshmi")
    async with asyncio.timeout(HANG_SECONDS):
        while not (found := [each for each in (first, second) if "dispatching" in each.log.read_text()]):
            await asyncio.sleep(LOOK_SECONDS)
    [dispatching] = found
    other = second if dispatching is first else first
    dispatching.kill()
    survivor = Target(url=other.url, keys=target.keys)
    interaction = await bring(http, survivor, "orphan")
    await until_offered(http, survivor, interaction)


async def test_an_outage_is_answered_with_503_and_when_to_try_again_and_with_nothing_else(
    start: Start, postgres: LocalPostgres, http: httpx2.AsyncClient
) -> None:
    await make_database(postgres.dsn())
    service = await asyncio.to_thread(start, database=postgres.dsn(DATABASE))
    target = service.target()
    await bring(http, target, "before")
    await asyncio.to_thread(postgres.stop)
    answers: list[httpx2.Response] = []
    for _ in range(15):
        answers += await asyncio.gather(*(ask(http, service, target) for ask in ASKED))
        await asyncio.sleep(0.1)
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert (await http.get(f"{service.url}/healthz")).status_code == 200, "restarting us would not help"
    await asyncio.to_thread(postgres.start)
    async with asyncio.timeout(HANG_SECONDS):
        while (await ask_queues(http, service, target)).status_code != 200:
            await asyncio.sleep(LOOK_SECONDS)
    await sign_in(http, target, "lakshmi")
    await until_offered(http, target, await bring(http, target, "after"))


async def ask_queues(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    return await http.get(f"{service.url}/v1/queues", headers=bearer(target, "SUPERVISOR"))


async def ask_in(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    told = {"channel": "email", "ref": "meanwhile", "request_type": "claim"}
    return await http.post(f"{service.url}/v1/interactions", json=told, headers=bearer(target, "INTEGRATION"))


async def ask_letter(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    headers = bearer(target, "INTEGRATION") | {"content-type": "message/rfc822"}
    return await http.post(f"{service.url}/v1/channels/email/raw", content=b"From: a@b.example\n\nHi", headers=headers)


async def ask_visit(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    told = {"ref": "v", "request_type": "claim"}
    return await http.post(f"{service.url}/v1/channels/walk_in/visits", json=told, headers=bearer(target, "KIOSK"))


async def ask_presence(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    return await http.put(
        f"{service.url}/v1/representatives/asma/presence",
        json={"status": "available"},
        headers=bearer(target, "ASMA"),
    )


async def ask_ready(http: httpx2.AsyncClient, service: TemporaryService, target: Target) -> httpx2.Response:
    return await http.get(f"{service.url}/readyz")


ASKED = (ask_queues, ask_in, ask_letter, ask_visit, ask_presence, ask_ready)
