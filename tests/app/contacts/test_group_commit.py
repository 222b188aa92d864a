"""Group commit: everybody gets their own answer, once, whatever becomes of the batch they happened to be in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import pytest

from app.errors import Conflict, Invalid, RaabtaError, Unavailable
from app.intake import group as group_commit
from app.intake.group import BATCH_AT_MOST, WRITERS, Committed, GroupCommit
from tests.racing import HANG_SECONDS


class Ledger:
    """A table in memory: a batch is written whole or not at all. `gate` holds every writer until it is opened."""

    def __init__(self, *, refuse: Callable[[int], Exception | None] = lambda _: None) -> None:
        self.written: list[int] = []
        self.tried: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._refuse = refuse

    async def write(self, items: Sequence[int], _: Committed) -> Sequence[str | RaabtaError]:
        self.tried.append(len(items))
        await self.gate.wait()
        for item in items:
            if error := self._refuse(item):
                raise error
        self.written += items
        return [f"written {item}" for item in items]


async def answers(group: GroupCommit[int, str], items: Sequence[int]) -> list[str | BaseException]:
    return await asyncio.gather(*(group.submit(item) for item in items), return_exceptions=True)


async def test_of_a_failed_batch_only_the_one_at_fault_fails_and_nothing_is_written_twice() -> None:
    ledger = Ledger(refuse=lambda item: asyncpg.DataError("bad") if item == 37 else None)
    async with GroupCommit(ledger.write) as group:
        found = await answers(group, range(100))
    assert [place for place, answer in enumerate(found) if isinstance(answer, Invalid)] == [37]
    assert [answer for answer in found if not isinstance(answer, Invalid)] == [
        f"written {n}" for n in range(100) if n != 37
    ]
    assert sorted(ledger.written) == [n for n in range(100) if n != 37]


async def test_a_fault_of_ours_reaches_the_one_it_concerns_as_it_is() -> None:
    ledger = Ledger(refuse=lambda item: ZeroDivisionError("ours") if item == 3 else None)
    async with GroupCommit(ledger.write) as group:
        found = await answers(group, range(8))
        assert isinstance(found[3], ZeroDivisionError)
        assert sum(isinstance(answer, str) for answer in found) == 7
        assert await group.submit(9) == "written 9", "the flusher survives"


async def test_an_outage_is_told_to_all_at_once_and_nobody_is_tried_again() -> None:
    ledger = Ledger(refuse=lambda _: Unavailable("away"))
    async with GroupCommit(ledger.write) as group:
        found = await answers(group, range(64))
    assert all(isinstance(answer, Unavailable) for answer in found)
    assert sum(ledger.tried) == 64, "halving a batch while the database is away would only make it worse"


async def test_an_answer_that_is_an_error_is_for_its_own_caller_alone() -> None:
    async def write(items: Sequence[int], _: Committed) -> Sequence[str | RaabtaError]:
        return [Conflict("no") if item == 1 else "yes" for item in items]

    async with GroupCommit(write) as group:
        found = await answers(group, range(3))
    assert found[0] == found[2] == "yes"
    assert isinstance(found[1], Conflict)


async def test_who_gives_up_waiting_changes_nothing_for_the_others() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    async with GroupCommit(ledger.write) as group:
        asked = [asyncio.create_task(group.submit(item)) for item in range(5)]
        await asyncio.sleep(0)
        asked[2].cancel()
        ledger.gate.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found[2], asyncio.CancelledError)
    assert [found[place] for place in (0, 1, 3, 4)] == [f"written {place}" for place in (0, 1, 3, 4)]


async def test_what_comes_while_one_batch_is_written_makes_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "SLOW_SECONDS", HANG_SECONDS)
    ledger = Ledger()
    ledger.gate.clear()
    async with GroupCommit(ledger.write) as group:
        asked = []
        for item in range(6):
            asked.append(asyncio.create_task(group.submit(item)))
            for _ in range(10):  # whoever could write it by now has begun
                await asyncio.sleep(0)
        ledger.gate.set()
        await asyncio.gather(*asked)
    assert ledger.tried == [1, 5]


async def test_beside_a_batch_that_takes_long_the_next_is_written() -> None:
    begun, held = asyncio.Event(), asyncio.Event()

    async def write(items: Sequence[int], _: Committed) -> Sequence[str | RaabtaError]:
        if 0 in items:
            begun.set()
            await held.wait()
        return ["written" for _ in items]

    async with GroupCommit(write) as group:
        first = asyncio.create_task(group.submit(0))
        async with asyncio.timeout(HANG_SECONDS):
            await begun.wait()
            assert await group.submit(1) == "written"
        assert not first.done()
        held.set()
        assert await first == "written"


async def test_the_next_batch_is_written_while_the_last_one_is_being_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "SLOW_SECONDS", HANG_SECONDS)
    begun, held = asyncio.Event(), asyncio.Event()

    async def write(items: Sequence[int], committed: Committed) -> Sequence[str | RaabtaError]:
        if 0 in items:
            committed()
            begun.set()
            await held.wait()
        return ["written" for _ in items]

    async with GroupCommit(write) as group:
        first = asyncio.create_task(group.submit(0))
        async with asyncio.timeout(HANG_SECONDS / 2):
            await begun.wait()
            assert await group.submit(1) == "written"
        assert not first.done()
        held.set()
        assert await first == "written"


async def test_what_is_on_record_is_not_written_again_when_its_answer_fails() -> None:
    tried: list[int] = []

    async def write(items: Sequence[int], committed: Committed) -> Sequence[str | RaabtaError]:
        tried.append(len(items))
        committed()
        raise ZeroDivisionError("ours, after the commit")

    async with GroupCommit(write) as group:
        found = await answers(group, range(8))
    assert all(isinstance(answer, ZeroDivisionError) for answer in found)
    assert sum(tried) == 8


async def test_what_was_handed_in_before_the_end_is_written_and_later_comers_are_refused() -> None:
    ledger = Ledger()
    ledger.gate.clear()
    group = await GroupCommit(ledger.write).__aenter__()
    count = WRITERS * BATCH_AT_MOST + 10  # more than is being written at this moment
    asked = [asyncio.create_task(group.submit(item)) for item in range(count)]
    await asyncio.sleep(0)
    ending = asyncio.create_task(group.__aexit__(None, None, None))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await group.submit(-1)
    ledger.gate.set()
    await ending
    assert await asyncio.gather(*asked) == [f"written {item}" for item in range(count)]


async def test_whoever_waits_is_answered_though_the_flusher_is_stopped_in_the_middle_of_a_halved_batch() -> None:
    hanging = asyncio.Event()

    async def write(items: Sequence[int], _: Committed) -> Sequence[str | RaabtaError]:
        if len(items) > 1:
            raise ZeroDivisionError
        hanging.set()
        await asyncio.Event().wait()
        return []

    group = await GroupCommit(write).__aenter__()
    asked = [asyncio.create_task(group.submit(item)) for item in range(4)]
    async with asyncio.timeout(HANG_SECONDS):
        await hanging.wait()
    for task in group._tasks:
        task.cancel()
    async with asyncio.timeout(HANG_SECONDS):
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in found)
