"""Moving to another PostgreSQL: dump, restore, and whoever follows the feed goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import orjson
import pytest

from app.cli.demo.play import play
from app.cli.demo.script import script
from app.cli.demo.service import read_keys
from app.cli.demo.world import Target
from tests.faults.conftest import TOKEN, Start
from tests.faults.test_takeover import bearer, bring, sign_in, until_offered
from tests.racing import HANG_SECONDS

pytestmark = pytest.mark.faults


@pytest.mark.timeout(1_800)
@pytest.mark.usefixtures("unhurried")
async def test_a_follower_goes_on_in_the_restored_service_with_nothing_missed_and_nothing_twice(
    start: Start, http: httpx2.AsyncClient
) -> None:
    old = await asyncio.to_thread(start, "old", quick=True)
    target = old.target()
    played = await play(target, script(contacts=20, seconds=3, seed=5), seed=5, obliging=True)
    assert list(played.faults) == [], played.totals
    told = await events(http, target, after=None)
    half = told[len(told) // 2]["id"]

    file = old.folder.parent / "all.raabta"
    saved = await asyncio.to_thread(old.run, "backup", str(file))
    assert saved.returncode == 0, saved.stderr
    assert await asyncio.to_thread(old.stop) == 0

    new = old.__class__(old.folder.parent / "new", twilio_token=TOKEN)
    new.folder.mkdir(mode=0o755)
    restored = await asyncio.to_thread(new.run, "restore", str(file))
    assert (restored.returncode, "audit: all is well" in restored.stdout) == (0, True), restored.stderr
    await asyncio.to_thread(new.start)
    try:
        moved = Target(url=new.url, keys=read_keys(old.folder / "keys.txt"))  # keys are restored, too
        rest = await events(http, moved, after=half)
        assert [event["id"] for event in rest] == [event["id"] for event in told[len(told) // 2 + 1 :]]

        stream = following(http, moved, after=told[-1]["id"])
        await sign_in(http, moved, "lakshmi")
        interaction = await bring(http, moved, "after-the-move")
        await until_offered(http, moved, interaction)
        heard = [await asyncio.wait_for(anext(stream), HANG_SECONDS) for _ in range(4)]
        assert [event["type"] for event in heard if event["subject_id"] == interaction][:1] == ["interaction.queued"]
        assert heard[0]["type"] == "representative.available"
        assert not {event["id"] for event in heard} & {event["id"] for event in told}
        await stream.aclose()
    finally:
        await asyncio.to_thread(new.stop)


async def events(http: httpx2.AsyncClient, target: Target, *, after: str | None) -> list[dict[str, Any]]:
    """Everything the feed tells from here on."""
    found: list[dict[str, Any]] = []
    while True:
        parameters = {"limit": "200"} | ({"after": after} if after else {})
        answer = await http.get(f"{target.url}/v1/events", params=parameters, headers=bearer(target, "SUPERVISOR"))
        page = answer.json()
        if not page["items"]:
            return found
        found += page["items"]
        after = page["next"]


async def following(http: httpx2.AsyncClient, target: Target, *, after: str) -> AsyncGenerator[dict[str, Any]]:
    headers = bearer(target, "SUPERVISOR") | {"last-event-id": after}
    async with http.stream("GET", f"{target.url}/v1/stream", headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                yield orjson.loads(line[5:])
