"""One busy hour with twenty kill -9 in it: what was acknowledged is there, once, and is served to its end."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx2
import pytest

from app.cli.audit import findings_of
from app.cli.demo.play import play
from app.cli.demo.script import script
from app.cli.demo.service import TemporaryService
from app.cli.place import DATABASE
from app.postgres import LocalPostgres
from tests.faults.conftest import Start
from tests.racing import HANG_SECONDS

pytestmark = pytest.mark.faults

KILLS = 20
SECONDS = 45.0
CONTACTS = 150
SEED = 11
POSTERS = 32
PATIENCE_SECONDS = 900.0
"""On a slow machine every kill costs a restart of many seconds, and nobody who came may give up meanwhile."""


@pytest.mark.timeout(1_800)
@pytest.mark.usefixtures("unhurried")
async def test_twenty_kills_lose_nothing_double_nothing_and_leave_nothing_behind(start: Start) -> None:
    service = await asyncio.to_thread(start, quick=True)
    contacts = script(contacts=CONTACTS, seconds=SECONDS, seed=SEED)
    async with asyncio.TaskGroup() as together:  # if one of them fails, the other need not go on
        sabotage = together.create_task(_sabotage(service, random.Random(SEED)))
        playing = together.create_task(
            play(service.target(), contacts, seed=SEED, patience_seconds=PATIENCE_SECONDS, obliging=True)
        )
    kills, played = sabotage.result(), playing.result()
    assert sum(kills.values()) == KILLS
    assert min(kills["service"], kills["postgres"]) >= KILLS // 4, "both must have been hit"
    assert list(played.faults) == [], played.totals
    assert await findings_of(LocalPostgres(service.folder).dsn(DATABASE)) == []


async def _sabotage(service: TemporaryService, chance: random.Random) -> dict[str, int]:
    """Kill the service or its PostgreSQL at random moments; the service is started anew, PostgreSQL it brings back itself."""
    kills = {"service": 0, "postgres": 0}
    for number in range(KILLS):
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        if number % 2 == chance.randint(0, 1):
            kills["postgres"] += await asyncio.wait_for(_kill_postgres(service.folder), PATIENCE_SECONDS)
        else:
            kills["service"] += 1
            service.kill()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await asyncio.to_thread(service.start, wait=chance.random() < 0.7)
    await asyncio.to_thread(service.wait_until_ready)
    return kills


async def _kill_postgres(folder: Path) -> int:
    """Kill the server of this folder as soon as there is one to kill."""
    while True:
        with suppress(OSError, ValueError, IndexError):
            os.kill(int((folder / "pgdata" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
            return 1
        await asyncio.sleep(0.05)


async def test_acknowledged_means_on_disk(start: Start) -> None:
    """The last thing before the power goes: what was answered with 202 must be there when it is back."""
    service = await asyncio.to_thread(start)
    target = service.target()
    headers = {"authorization": f"Bearer {target.keys['INTEGRATION_KEY']}"}
    numbers, acknowledged = itertools.count(), list[str]()

    async def post_until_cut_off(client: httpx2.AsyncClient) -> None:
        while True:
            told = {"channel": "email", "ref": f"late-{next(numbers)}", "request_type": "inquiry", "body": "x"}
            try:
                answer = await client.post("/v1/interactions", json=told, headers=headers)
            except httpx2.HTTPError:
                return
            if answer.status_code == 201:
                acknowledged.append(str(answer.json()["id"]))

    async with httpx2.AsyncClient(base_url=service.url, timeout=HANG_SECONDS, trust_env=False) as client:
        posting = [asyncio.create_task(post_until_cut_off(client)) for _ in range(POSTERS)]
        async with asyncio.timeout(HANG_SECONDS):
            while len(acknowledged) < 60:
                await asyncio.sleep(0.005)
        await _kill_postgres(service.folder)
        service.kill()
        await asyncio.gather(*posting)
    await asyncio.to_thread(service.start)
    connection = await asyncpg.connect(LocalPostgres(service.folder).dsn(DATABASE))
    found = await connection.fetchval("SELECT count(*) FROM interaction WHERE id = ANY($1::uuid[])", acknowledged)
    await connection.close()
    assert found == len(acknowledged)
