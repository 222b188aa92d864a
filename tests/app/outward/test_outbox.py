"""Commands leave once: what is known to have failed is tried again, what nobody knows only where that is the policy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self
from uuid import uuid4

import asyncpg
import pytest
from typing_extensions import override

from app.actions.outward.deliver import (
    ATTEMPTS_AT_MOST,
    CLAIM_SECONDS,
    Claimed,
    Verdict,
    back_off,
    claim,
    conclude,
    lapse,
)
from app.db import Database
from app.errors import Unavailable as DatabaseAway
from app.loops.chore import supervised
from app.loops.outbox import AT_ONCE, Outbox
from channels.base import Base, Command, Info, Outcome, Refused, Reply, Signal, Unavailable, Webhook
from tests.crowd import wait_in_line
from tests.racing import HANG_SECONDS


class Pigeon(Base):
    """A channel whose deliveries do what the test says. Letters may be repeated, calls not."""

    def __init__(self, name: str = "pigeon") -> None:
        self.info = Info(name=name, label="Pigeon", live=False, units=1, repeatable=frozenset({"letter"}))
        self.delivered: list[str] = []
        self.answer: Callable[[Command], Awaitable[None]] = self._fly

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @override
    async def __aenter__(self) -> Self:
        return self

    def receive(self, webhook: Webhook, *, now: object) -> Sequence[Signal]:
        raise Refused("pigeons do not call")

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        return Reply()

    async def deliver(self, command: Command) -> None:
        self.delivered.append(command.key)
        await self.answer(command)

    async def _fly(self, command: Command) -> None:
        return None


@pytest.fixture(autouse=True)
async def somebody_waits(connection: asyncpg.Connection) -> None:
    await wait_in_line(connection, 1)


async def command(connection: asyncpg.Connection, key: str, *, kind: str = "letter", channel: str = "pigeon") -> None:
    await connection.execute(
        "INSERT INTO outbox (id, dedupe_key, channel, kind, interaction_id, language, payload, next_at, created_at)"
        " SELECT $1, $2, $3, $4, id, 'en', '{}', wall_clock(), wall_clock() FROM interaction LIMIT 1",
        uuid4(), key, channel, kind,
    )  # fmt: skip


async def state(connection: asyncpg.Connection, key: str) -> tuple[object, ...]:
    row = await connection.fetchrow("SELECT state, attempts, reason FROM outbox WHERE dedupe_key = $1", key)
    assert row is not None
    return tuple(row)


async def due_now(connection: asyncpg.Connection, *, claimed: bool = True) -> None:
    """As if all waiting were over; `claimed`: and the claims of those at it as well."""
    waiting = "done_at IS NULL" if claimed else "state = 'pending'"
    await connection.execute(f"UPDATE outbox SET next_at = wall_clock() - interval '1 second' WHERE {waiting}")


@contextlib.asynccontextmanager
async def sending(db: Database, *channels: Pigeon) -> AsyncIterator[list[Outbox]]:
    chores = [Outbox(db, channel) for channel in channels]
    tasks = [asyncio.create_task(supervised(chore)) for chore in chores]
    try:
        yield chores
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settled(connection: asyncpg.Connection, key: str, wanted: str) -> tuple[object, ...]:
    """Wait until the command is in that state."""
    async with asyncio.timeout(HANG_SECONDS):
        while (found := await state(connection, key))[0] != wanted:
            await asyncio.sleep(0.01)
    return found


async def test_a_command_is_sent_once_and_marked(db: Database, connection: asyncpg.Connection) -> None:
    pigeon = Pigeon()
    async with sending(db, pigeon) as [outbox]:
        await command(connection, "one")
        assert await settled(connection, "one", "sent") == ("sent", 1, None)
        await due_now(connection)
        await outbox.turned()
    assert pigeon.delivered == ["one"]


async def test_what_could_not_be_delivered_is_tried_again_after_a_pause(
    db: Database, connection: asyncpg.Connection
) -> None:
    pigeon = Pigeon()

    async def storm(_: Command) -> None:
        if len(pigeon.delivered) < 3:
            raise Unavailable("storm")

    pigeon.answer = storm
    async with sending(db, pigeon) as [outbox]:
        await command(connection, "one")
        async with asyncio.timeout(HANG_SECONDS):
            while (await state(connection, "one"))[0] != "sent":
                await due_now(connection, claimed=False)
                await outbox.turned()
    assert await state(connection, "one") == ("sent", 3, None)


async def test_what_is_refused_is_not_tried_again(db: Database, connection: asyncpg.Connection) -> None:
    pigeon = Pigeon()

    async def no(_: Command) -> None:
        raise Refused("no such address", code="unknown_address")

    pigeon.answer = no
    async with sending(db, pigeon):
        await command(connection, "one")
        assert await settled(connection, "one", "failed") == ("failed", 1, "unknown_address")


async def test_an_unknown_result_is_repeated_for_letters_and_not_for_calls(
    db: Database, connection: asyncpg.Connection
) -> None:
    pigeon = Pigeon()

    async def silence(_: Command) -> None:
        raise Unavailable("no answer", unknown=True)

    pigeon.answer = silence
    async with sending(db, pigeon) as [outbox]:
        await command(connection, "call", kind="connect")
        await command(connection, "letter")
        assert await settled(connection, "call", "unknown") == ("unknown", 1, "no_answer")
        assert await settled(connection, "letter", "pending") == ("pending", 1, "unavailable")
        await due_now(connection)
        await outbox.turned()
    assert sorted(pigeon.delivered) == ["call", "letter", "letter"]


async def test_a_fault_of_the_channel_counts_as_unknown(db: Database, connection: asyncpg.Connection) -> None:
    pigeon = Pigeon()

    async def fault(_: Command) -> None:
        raise ZeroDivisionError

    pigeon.answer = fault
    async with sending(db, pigeon):
        await command(connection, "call", kind="connect")
        assert (await settled(connection, "call", "unknown"))[0] == "unknown"


async def test_who_is_killed_between_claim_and_result_leaves_a_claim_that_lapses_by_the_kinds_policy(
    db: Database, connection: asyncpg.Connection
) -> None:
    await command(connection, "call", kind="connect")
    await command(connection, "letter")
    assert len(await _claimed(db)) == 2  # and then nothing more is heard of whoever did this
    pigeon = Pigeon()
    async with sending(db, pigeon) as [outbox]:
        await outbox.turned()
        assert pigeon.delivered == []
        await due_now(connection)
        assert await settled(connection, "call", "unknown") == ("unknown", 1, "claim_lapsed")
        assert (await settled(connection, "letter", "sent"))[1] == 2
    assert pigeon.delivered == ["letter"]


async def test_a_delivery_under_way_survives_an_outage_of_the_database(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.loops.outbox.DRAIN_SECONDS", 0.01)
    pigeon, arrived, away = Pigeon(), asyncio.Event(), asyncio.Event()

    async def slowly(_: Command) -> None:
        await arrived.wait()

    async def fails(*_: object, **__: object) -> list[Claimed]:
        away.set()
        raise DatabaseAway("gone for a moment")

    pigeon.answer = slowly
    async with sending(db, pigeon) as [outbox]:
        await command(connection, "call", kind="connect")
        while not pigeon.delivered:
            await outbox.turned()
        with monkeypatch.context() as patched:
            patched.setattr("app.loops.outbox.claim", fails)
            async with asyncio.timeout(HANG_SECONDS):
                await away.wait()
        await outbox.turned()
        arrived.set()
        assert await settled(connection, "call", "sent") == ("sent", 1, None)


async def test_a_result_is_written_down_though_somebody_is_working_on_the_same_rows(
    db: Database, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pigeon, tried = Pigeon(), 0

    async def no(_: Command) -> None:
        raise Refused("no such desk", code="bad_desk")

    async def busy_at_first(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        if tried < 3:
            raise asyncpg.LockNotAvailableError("somebody else has it")

    pigeon.answer = no
    monkeypatch.setattr("app.loops.outbox.undelivered", busy_at_first)
    async with sending(db, pigeon):
        await command(connection, "call", kind="connect")
        assert await settled(connection, "call", "failed") == ("failed", 1, "bad_desk")


async def test_a_result_that_comes_late_never_overrules_a_later_attempt(
    db: Database, connection: asyncpg.Connection
) -> None:
    await command(connection, "letter")
    [slow] = await _claimed(db)
    await due_now(connection)
    async with db.connection() as line:
        assert await lapse(line, "pigeon", repeatable=["letter"], limit=10) == [("letter", "pending")]
        [again] = await _claimed(db)
        assert not await conclude(line, slow, Verdict(state="failed", reason="too_late"))
        assert await state(connection, "letter") == ("sending", 2, "claim_lapsed")
        assert await conclude(line, again, Verdict(state="sent"))
        assert not await conclude(line, slow, Verdict(state="failed", reason="too_late"))
    assert await state(connection, "letter") == ("sent", 2, None)


async def test_two_processes_never_try_the_same_command_at_once(db: Database, connection: asyncpg.Connection) -> None:
    for number in range(50):
        await command(connection, f"letter {number}")
    first, second = Pigeon(), Pigeon()
    async with sending(db, first, second):
        async with asyncio.timeout(HANG_SECONDS):
            while await connection.fetchval("SELECT count(*) FROM outbox WHERE state <> 'sent'"):
                await asyncio.sleep(0.02)
    assert sorted(first.delivered + second.delivered) == sorted(f"letter {number}" for number in range(50))


async def test_a_channel_that_hangs_holds_up_neither_others_nor_more_than_its_own_places(
    db: Database, connection: asyncpg.Connection
) -> None:
    slow, quick = Pigeon("slow"), Pigeon("quick")
    free = asyncio.Event()

    async def hang(_: Command) -> None:
        await free.wait()

    slow.answer = hang
    for number in range(20):
        await command(connection, f"slow {number}", channel="slow")
    async with sending(db, slow, quick) as [outbox, _]:
        while len(slow.delivered) < AT_ONCE:
            await outbox.turned()
        await command(connection, "quick", channel="quick")
        await settled(connection, "quick", "sent")
        await outbox.turned()
        assert len(slow.delivered) == AT_ONCE
        free.set()


async def test_tries_are_bounded(db: Database, connection: asyncpg.Connection) -> None:
    pigeon = Pigeon()

    async def storm(_: Command) -> None:
        raise Unavailable("storm")

    pigeon.answer = storm
    await command(connection, "one")
    await connection.execute("UPDATE outbox SET attempts = $1", ATTEMPTS_AT_MOST - 1)
    async with sending(db, pigeon):
        assert await settled(connection, "one", "failed") == ("failed", ATTEMPTS_AT_MOST, "too_many_attempts")


async def test_the_pause_between_tries_doubles_up_to_a_ceiling() -> None:
    assert [back_off(attempt) for attempt in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 16.0]
    assert back_off(60) == 900.0


async def _claimed(db: Database) -> list[Claimed]:
    async with db.connection() as connection:
        claimed = await claim(connection, "pigeon", limit=10)
    assert CLAIM_SECONDS > 0
    return claimed
