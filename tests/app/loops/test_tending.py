"""What happens to cases reaches every concern, exactly once, with the case locked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from app.actions import tending
from app.actions.heard import Heard
from app.actions.record import advance
from app.loops.tending import Tending
from app.security import SYSTEM
from routing.rules import Rules
from tests.moving import turns
from tests.racing import blocked, holding
from tests.shift import Shift


class Concerned:
    """A concern that writes one event on the case for each it hears of a contact, and notes what it was given."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, UUID]] = []
        self.batches: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, session: Any, heard: Sequence[Heard], rules: Rules, at: datetime) -> None:
        self.batches.append(len(heard))
        for each in heard:
            self.heard.append((each.event.kind, each.case.id))
            if each.interaction is not None:
                fact = {"of": each.event.subject_id, "version": each.event.version}
                advance(session, each.case, "described", now=at, actor=SYSTEM, data=fact)
        await self.go.wait()


@pytest.fixture
def concerned(monkeypatch: pytest.MonkeyPatch) -> Concerned:
    made = Concerned()
    monkeypatch.setattr(tending, "CONCERNS", (made,))
    return made


async def told(shift: Shift) -> list[tuple[str, str]]:
    """What the concern wrote for which event."""
    rows = await shift.fetch("SELECT data FROM event WHERE kind = 'described' ORDER BY seq")
    return [(row["data"]["of"], row["data"]["version"]) for row in rows]


async def test_a_concern_hears_of_the_case_and_of_its_contacts(shift: Shift, concerned: Concerned) -> None:
    contact = await shift.arrive("email")
    case = (await shift.row(contact))["case_id"]
    await turns(Tending(shift.db))
    assert concerned.heard == [("opened", case), ("queued", case)]
    await turns(Tending(shift.db))
    assert concerned.heard[2:] == [("described", case)], "what it wrote itself it hears, too"


async def test_two_at_once_heed_each_event_once(shift: Shift, concerned: Concerned) -> None:
    contacts = [await shift.arrive("email") for _ in range(30)]
    chores = [Tending(shift.db) for _ in range(3)]
    for chore in chores:
        chore._limit = 7
    while any(await asyncio.gather(*(chore.turn() for chore in chores))):
        pass
    await turns(chores[0])
    written = await told(shift)
    assert len(written) == len(set(written))
    assert {of for of, _ in written} == {str(contact) for contact in contacts}


async def test_a_turn_that_is_cut_off_did_nothing_and_the_next_does_it(shift: Shift, concerned: Concerned) -> None:
    await shift.arrive("email")
    concerned.go.clear()
    turn = asyncio.create_task(Tending(shift.db).turn())
    while not concerned.batches:
        await asyncio.sleep(0.01)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert await told(shift) == []
    concerned.go.set()
    await turns(Tending(shift.db))
    assert len(await told(shift)) == 1


async def test_events_of_a_merged_case_go_to_the_one_it_was_taken_into(shift: Shift, concerned: Concerned) -> None:
    first, second = await shift.arrive("email"), await shift.arrive("email")
    survivor, merged = [(await shift.row(contact))["case_id"] for contact in (first, second)]
    for _ in range(2):  # also what the concern wrote itself
        await turns(Tending(shift.db))
    concerned.heard.clear()
    await shift.execute(
        "INSERT INTO merge (id, kind, survivor, merged, made_at, made_by) VALUES ($1, 'case', $2, $3, wall_clock(), 'test')",
        UUID(int=1), survivor, merged,
    )  # fmt: skip
    await shift.execute('UPDATE "case" SET merged_into = $1 WHERE id = $2', survivor, merged)
    await shift.offer(second)
    await turns(Tending(shift.db))
    assert concerned.heard == [("offered", survivor)]


async def test_the_concerns_have_their_cases_to_themselves(shift: Shift, concerned: Concerned, database: str) -> None:
    contact = await shift.arrive("email")
    case = (await shift.row(contact))["case_id"]
    async with holding(database, 'SELECT FROM "case" WHERE id = $1 FOR UPDATE', case):
        turn = asyncio.create_task(Tending(shift.db).turn())
        await blocked(shift.fetch)
        assert concerned.heard == []
    await turn
    assert concerned.heard


async def test_several_events_of_one_case_keep_a_story_without_gaps(shift: Shift, concerned: Concerned) -> None:
    contact = await shift.arrive("email")
    await shift.serve(contact)
    await turns(Tending(shift.db))
    case = (await shift.row(contact))["case_id"]
    versions = await shift.fetch("SELECT version FROM event WHERE subject_id = $1 ORDER BY version", str(case))
    assert [row["version"] for row in versions] == list(range(1, len(versions) + 1))
    assert (await shift.case(contact))["version"] == len(versions)
