"""The play itself: customers come by the script, representatives work, a supervisor watches; then the service is held to its word.

Decides when the hour is over (everybody who came was served or went) and what counts as failed. It reaches the service through
its real edges only, so it can also be played on one that is killed and restarted meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from app.cli.demo.customers import come
from app.cli.demo.desk import Desk
from app.cli.demo.edge import Edge, GaveUp
from app.cli.demo.ledger import verdict
from app.cli.demo.opinions import fault, opinions
from app.cli.demo.screen import show, totals
from app.cli.demo.script import Contact
from app.cli.demo.watch import Watch
from app.cli.demo.world import Target, World
from routing.lifecycle import OVER_STATES

PAGE: Final = 200
LOOK_SECONDS: Final = 0.5
CLOSING_SECONDS: Final = 90.0
FEED_SECONDS: Final = 5.0
ROLES: Final = frozenset({"ADMIN_KEY", "SUPERVISOR_KEY", "INTEGRATION_KEY", "KIOSK_KEY"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """How the hour went. `faults` is empty when every promise was kept."""

    totals: str
    faults: Sequence[str]


async def play(
    target: Target,
    contacts: Sequence[Contact],
    *,
    seed: int,
    plain: bool = True,
    patience_seconds: float = 30.0,
    obliging: bool = False,
) -> Played:
    """Play the script on a service that holds the sample office.

    `patience_seconds`: how long a request is tried for; `obliging`: representatives decline and overlook nothing.
    """
    async with Edge(target.url, patience_seconds=patience_seconds) as edge:
        world = World(
            target=target, edge=edge, contacts=[one for one in contacts if target.twilio_token or one.way != "phone"]
        )
        watch = Watch(world)
        beside = [opinions(world, seed=seed), fault(world)] if target.mail_port is not None else []
        async with _running(watch.run(after=await _feed_end(world)), show(world, watch, plain=plain), *beside):
            async with _at_work(world, seed=seed, obliging=obliging):
                await _arrivals(world)
                interactions = await _until_over(world)
            await _until_heard(watch, _ours(world, interactions))
        faults = [
            *world.ledger.complaints,
            *verdict(world.ledger, interactions, await _letters(world)),
            *watch.missing(_ours(world, interactions)),
            *(f"improper answer: {answer} ({times} times)" for answer, times in edge.counts.improper.items()),
        ]
        return Played(totals=totals(world, watch), faults=faults)


async def _arrivals(world: World) -> None:
    """Everybody comes at their time; returns when the last has nothing more to do."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as coming:
        for contact in world.contacts:
            await asyncio.sleep(max(0.0, began + contact.at_seconds - time.monotonic()))
            coming.create_task(_come(world, contact))


async def _come(world: World, contact: Contact) -> None:
    try:
        await come(world, contact)
    except GaveUp as error:
        world.ledger.complain(f"{contact.way} {contact.ref}: {error}")


@asynccontextmanager
async def _at_work(world: World, *, seed: int, obliging: bool) -> AsyncIterator[None]:
    """All representatives at their desks; two of them go for tea. At the end they go home."""
    codes = sorted(name.removesuffix("_KEY").lower() for name in world.target.keys if name not in ROLES)
    desks = [Desk(world, code, seed=seed, obliging=obliging) for code in codes]
    tea = [_tea(desk, world, number) for number, desk in enumerate(desks[:2], start=1)]
    async with _running(*(desk.work() for desk in desks), *tea):
        yield
    for desk in desks:
        with suppress(GaveUp):
            await desk.say("offline")


async def _tea(desk: Desk, world: World, number: int) -> None:
    last = world.contacts[-1].at_seconds if world.contacts else 0.0
    await asyncio.sleep(last * number / 3)
    await desk.pause(last / 15)


@asynccontextmanager
async def _running(*work: Any) -> AsyncIterator[None]:
    """Work beside the block; ended with it. What fails fails the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _until_over(world: World) -> list[Mapping[str, Any]]:
    """Wait until nothing is open any more; gives up when nothing has moved on in all that time."""
    end = time.monotonic() + CLOSING_SECONDS
    while True:
        interactions = await _interactions(world)
        if all(one["state"] in OVER_STATES for one in _ours(world, interactions)) or time.monotonic() > end:
            return interactions
        await asyncio.sleep(LOOK_SECONDS)


async def _until_heard(watch: Watch, interactions: Sequence[Mapping[str, Any]]) -> None:
    """The feed may be a moment behind."""
    end = time.monotonic() + FEED_SECONDS
    while any(watch.missing(interactions)) and time.monotonic() < end:  # noqa: ASYNC110 - another task hears
        await asyncio.sleep(LOOK_SECONDS)


async def _interactions(world: World) -> list[Mapping[str, Any]]:
    """Everything the service has, page by page."""
    found: list[Mapping[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = await _get(world, f"/v1/interactions?limit={PAGE}" + (f"&after={after}" if after else ""))
        found += page["items"]
        after = page["next"]
    return found


async def _letters(world: World) -> dict[str, list[str]]:
    """The words on each case that a second letter was about."""
    cases = {entry.case_id for entry in world.ledger.entries.values() if entry.follows and entry.case_id}
    return {
        case: [message["body"] for message in (await _get(world, f"/v1/cases/{case}"))["messages"]]
        for case in sorted(cases)
    }


async def _feed_end(world: World) -> str | None:
    """Where the feed stands now: what happened before the play is not its business."""
    after: str | None = None
    while True:
        page = await _get(world, f"/v1/events?limit={PAGE}" + (f"&after={after}" if after else ""))
        after = page["next"]
        if not page["items"]:
            return after


async def _get(world: World, path: str) -> Mapping[str, Any]:
    answer = await world.edge.send("GET", path, key=world.target.keys["SUPERVISOR_KEY"])
    answer.raise_for_status()
    return dict(answer.json())


def _ours(world: World, interactions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The interactions of this play; an existing service may have others."""
    return [one for one in interactions if one["ref"] in world.ledger.entries]
