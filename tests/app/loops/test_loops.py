"""Every chore survives its own faults, ends when it is told to, and polls go on only after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import ClassVar

import asyncpg
from typing_extensions import override

from app import registry
from app.db import Database
from app.errors import RaabtaError
from app.intake import Intake
from app.loops import Loops
from app.loops.chore import Chore, supervised
from app.loops.polls import has_polls
from channels.base import Arrived, Base, Command, Info, Outcome, Reply, Signal, Webhook
from tests.crowd import go_to_work, wait_in_line
from tests.racing import HANG_SECONDS


class Mailbox(Base):
    """A channel that is asked: gives its letters one at a time and notes what it is told about each."""

    info = Info(name="mailbox", label="Mailbox", live=False, units=1)

    def __init__(self, *refs: str, request_type: str = "order") -> None:
        self.letters = [Arrived(ref=ref, contact=ref, request_type=request_type, language="en") for ref in refs]
        self.told: list[str] = []

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        return ()

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        return Reply()

    async def deliver(self, command: Command) -> None:
        return None

    @override
    async def poll(self) -> AsyncIterator[Sequence[Signal]]:
        for letter in self.letters:
            try:
                yield [letter]
                self.told.append(f"{letter.ref} is committed")
            except RaabtaError as error:
                self.told.append(f"{letter.ref} is not: {error.code}")


async def polled(db: Database, mailbox: Mailbox) -> None:
    registry.use({"mailbox": mailbox})
    try:
        async with Intake(db) as intake, Loops(db, channels={"mailbox": mailbox}, intake=intake):
            async with asyncio.timeout(HANG_SECONDS):
                while len(mailbox.told) < len(mailbox.letters):
                    await asyncio.sleep(0.01)
    finally:
        registry.use({})


async def test_a_polled_channel_goes_on_when_its_batch_is_committed(
    db: Database, connection: asyncpg.Connection
) -> None:
    mailbox = Mailbox("a", "b")
    await polled(db, mailbox)
    assert mailbox.told == ["a is committed", "b is committed"]
    assert await connection.fetchval("SELECT count(*) FROM interaction WHERE channel = 'mailbox'") == 2


async def test_a_polled_channel_is_told_that_its_batch_was_not_taken(db: Database) -> None:
    mailbox = Mailbox("a", request_type="nonsense")
    await polled(db, mailbox)
    assert mailbox.told == ["a is not: unknown_request_type"]


async def test_only_a_channel_with_a_poll_of_its_own_is_asked() -> None:
    class Silent(Mailbox):
        poll = Base.poll

    assert has_polls(Mailbox())
    assert not has_polls(Silent())


class Clumsy(Chore):
    """Fails at its first two turns."""

    name = "clumsy"
    pause_seconds: ClassVar[float] = 0.01

    @override
    async def turn(self) -> bool:
        if self.begun < 3:
            raise ZeroDivisionError
        return False


async def test_a_chore_that_fails_begins_again(db: Database) -> None:
    clumsy = Clumsy(db)
    task = asyncio.create_task(supervised(clumsy))
    async with asyncio.timeout(HANG_SECONDS):
        await clumsy.turned()
    assert clumsy.begun >= 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_all_chores_turn_and_end(db: Database, connection: asyncpg.Connection) -> None:
    await go_to_work(connection, 10)
    await wait_in_line(connection, 100)
    async with Intake(db) as intake, asyncio.timeout(HANG_SECONDS), Loops(db, channels={}, intake=intake) as loops:
        await asyncio.gather(*(chore.turned() for chore in loops.chores))
        while await connection.fetchval("SELECT count(*) FROM assignment") < 10:
            await loops.dispatcher.turned()


async def test_the_estimates_say_who_serves_and_who_is_free(db: Database, connection: asyncpg.Connection) -> None:
    await go_to_work(connection, 3)
    await connection.execute("UPDATE representative SET presence = 'away' WHERE code = 'r0003'")
    async with Intake(db) as intake, Loops(db, channels={}, intake=intake) as loops:
        async with asyncio.timeout(HANG_SECONDS):
            while not await connection.fetchval("SELECT count(*) FROM queue_estimate"):
                await asyncio.gather(*(chore.turned() for chore in loops.chores if chore.name == "estimates"))
    row = await connection.fetchrow(
        "SELECT servers, free, mean_handle_seconds FROM queue_estimate WHERE queue = 'sales'"
    )
    assert row is not None
    assert tuple(row) == (3, 2, 300.0)
