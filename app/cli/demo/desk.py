"""A representative at their desk: signs in, follows the stream, takes offers, serves, completes.

Decides as a person would: takes most offers, declines some, overlooks a few. Whatever it hears of twice is done once, and what
it did not hear of is found by looking at its own assignments now and then: a lost event costs time, never work.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping
from typing import Any, Final

from app.cli.demo.edge import GaveUp
from app.cli.demo.script import Contact
from app.cli.demo.stream import follow
from app.cli.demo.world import World
from routing.lifecycle import OVER_STATES

HEARTBEAT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
CALL_LOOK_SECONDS: Final = 0.3
LONGEST_CALL_SECONDS: Final = 15.0
"""A call whose end nobody tells of is ended here."""
DECLINED: Final = 0.05
OVERLOOKED: Final = 0.02
RESOLVED: Final = 0.5


class Desk:
    """One representative. `work` lasts until it is cancelled. The `obliging` take every offer."""

    def __init__(self, world: World, code: str, *, seed: int, obliging: bool = False) -> None:
        self._world = world
        self._code = code
        self._key = world.target.keys[f"{code.upper().replace('-', '_')}_KEY"]
        self._chance = random.Random(f"{code}{seed}")  # noqa: S311 - a play, not a secret
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._overlooked: set[str] = set()
        self._at_tea = False
        self._obliging = obliging

    async def work(self) -> None:
        """Sign in and serve."""
        await self.say("available")
        chores = [asyncio.create_task(chore()) for chore in (self._beat, self._listen, self._look)]
        try:
            await asyncio.gather(*chores)
        finally:
            for task in (*chores, *self._busy.values()):
                task.cancel()
            await asyncio.gather(*chores, *self._busy.values(), return_exceptions=True)

    async def say(self, status: str, *, reason: str | None = None) -> None:
        """Available, away, offline."""
        await self._put(
            f"/v1/representatives/{self._code}/presence", {"status": status} | ({"reason": reason} if reason else {})
        )

    async def pause(self, seconds: float) -> None:
        """Go away for a while and come back."""
        self._at_tea = True
        await self.say("away", reason="tea")
        await asyncio.sleep(seconds)
        self._at_tea = False
        await self.say("available")

    async def _beat(self) -> None:
        while True:
            await self._world.edge.send("POST", f"/v1/representatives/{self._code}/heartbeat", key=self._key)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _listen(self) -> None:
        async for event in follow(self._world.edge, key=self._key):
            if event is not None and _offered_to(event) == self._code:
                self._take_up(event["data"]["assignment"], event["subject_id"])

    async def _look(self) -> None:
        """What is on my desk, and am I still at work? Whatever happened to the stream or the service, the answer is what counts.

        Who missed offers or was not heard of while the service was away is signed off; being back, they say so.
        """
        while True:
            answer = await self._get(f"/v1/representatives/{self._code}/assignments?live=true")
            for assignment in answer.get("items", []):
                self._take_up(assignment["id"], assignment["interaction_id"])
            known = await self._get(f"/v1/representatives/{self._code}")
            if not self._at_tea and known.get("presence", "available") != "available":
                await self.say("available")
            await asyncio.sleep(LOOK_SECONDS)

    def _take_up(self, assignment: str, interaction: str) -> None:
        if assignment in self._busy or assignment in self._overlooked:
            return
        task = self._busy[assignment] = asyncio.create_task(self._serve(assignment, interaction))
        task.add_done_callback(lambda _: self._busy.pop(assignment, None))

    async def _serve(self, assignment: str, interaction: str) -> None:
        with contextlib.suppress(GaveUp):  # found again by looking, once the service answers
            held = await self._get(f"/v1/assignments/{assignment}")
            if held.get("state") == "offered" and not await self._decide(assignment):
                return
            told = await self._get(f"/v1/interactions/{interaction}")
            if "state" in told:
                await self._handle(told, assignment)

    async def _decide(self, assignment: str) -> bool:
        """Take the offer? Whatever the answer, it is said, or left unsaid, once."""
        await asyncio.sleep(self._chance.uniform(0.05, 0.4))
        drawn = 1.0 if self._obliging else self._chance.random()
        if drawn < OVERLOOKED:
            self._overlooked.add(assignment)
            return False
        if drawn < OVERLOOKED + DECLINED:
            await self._put(f"/v1/assignments/{assignment}/rejection", {"reason": "busy"})
            return False
        return await self._put(f"/v1/assignments/{assignment}/acceptance") == 200

    async def _handle(self, interaction: Mapping[str, Any], assignment: str) -> None:
        plan = self._world.plans.get(interaction["ref"].removeprefix("CA").partition("@")[0].removesuffix("-again"))
        here = f"/v1/interactions/{interaction['id']}"
        if interaction["channel"] == "phone":
            await self._until_the_call_ends(here)
        else:
            await asyncio.sleep(plan.service_seconds if plan else 1.0)
        if _stayed_away(plan) and await self._put(f"{here}/no_show") == 200:
            return
        if interaction["channel"] == "email":
            await self._answer(here, assignment)
        await self._put(f"{here}/completion", {"outcome": "answered"})
        if self._chance.random() < RESOLVED:
            await self._resolve(f"/v1/cases/{interaction['case_id']}")

    async def _resolve(self, case: str) -> None:
        """What the playbook requires is done first."""
        for step in (await self._get(f"{case}/playbook")).get("missing", ()):
            await self._put(f"{case}/playbook/{step}")
        await self._put(f"{case}/resolution", {"outcome": "answered"})

    async def _until_the_call_ends(self, here: str) -> None:
        for _ in range(int(LONGEST_CALL_SECONDS / CALL_LOOK_SECONDS)):
            if (await self._get(here)).get("state") in {"wrapping", *OVER_STATES, "queued"}:
                return
            await asyncio.sleep(CALL_LOOK_SECONDS)

    async def _answer(self, here: str, assignment: str) -> None:
        """A reply, under a key of its own: sent again, it is not written again."""
        words = {"direction": "out", "body": "Thank you for your letter. It is done as you asked."}
        answer = await self._world.edge.send(
            "POST", f"{here}/messages", key=self._key, json=words, headers={"idempotency-key": f"reply-{assignment}"}
        )
        self._check(answer.status_code, f"POST {here}/messages")

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._world.edge.send("GET", path, key=self._key)
        self._check(answer.status_code, f"GET {path}")
        return dict(answer.json()) if answer.status_code == 200 else {}

    async def _put(self, path: str, told: Mapping[str, Any] | None = None) -> int:
        answer = await self._world.edge.send("PUT", path, key=self._key, json=dict(told) if told is not None else None)
        self._check(answer.status_code, f"PUT {path}")
        return answer.status_code

    def _check(self, status: int, what: str) -> None:
        """Somebody else may have been quicker, or it may not be ours any more; everything else should not be."""
        if status >= 400 and status not in {403, 404, 409}:
            self._world.ledger.complain(f"{self._code}: {what}: {status}")


def _stayed_away(plan: Contact | None) -> bool:
    return plan is not None and plan.manner == "no_show"


def _offered_to(event: Mapping[str, Any]) -> str | None:
    return event["data"].get("representative") if event["type"] == "interaction.offered" else None
