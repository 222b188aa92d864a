"""A matter that was served and called solved: what tests of resolutions, surveys and reopenings begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, take
from app.actions.contacts.complete import complete
from app.actions.surveys.ask import answer
from app.actions.surveys.ask import say as speak
from app.db import now
from app.errors import Conflict
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.security import Actor
from app.tables import Case, Survey
from channels.base import Person
from tests.moving import turns
from tests.shift import Shift, person

CUSTOMER: Final = Actor(role="system", key_id="page")
"""Whoever answers on the page of a case."""
CHANDRA: Final = Actor(role="representative", key_id="her-own", representative="chandra")
"""Looks at what others did: with a key of her own, as everybody has."""
DAY: Final = 86_400.0
SANA: Final = Person(name="Sana", email="sana@example.test")


async def served(shift: Shift, *, code: str = "esther", channel: str = "email", **more: Any) -> UUID:
    """A letter from Sana that was taken and done with; returns the interaction."""
    plain: dict[str, Any] = {"person": SANA} if channel == "email" else {}
    interaction = await shift.arrive(channel, more.pop("request_type", "inquiry"), **{**plain, **more})
    await shift.serve(interaction, code)
    await shift.do(complete, interaction, outcome=None, actor=person(code))
    return interaction


async def solved(shift: Shift, *, code: str = "esther", **more: Any) -> UUID:
    """The same, called solved by whoever served it; returns the case."""
    interaction = await served(shift, code=code, **more)
    case: UUID = (await shift.case(interaction))["id"]
    await call_solved(shift, case, code)
    return case


async def call_solved(shift: Shift, case: UUID, code: str = "esther", outcome: str | None = "mended") -> None:
    """In this representative's word."""
    await shift.do(resolve, case, outcome=outcome, root_cause="worn_out", actor=person(code))


async def say(shift: Shift, case: UUID, solved: str | None, **more: Any) -> Survey:
    """The customer answers the last survey of their case, or the one whose id is given as `survey`."""
    found = more.pop("survey", None) or (await surveys(shift, case))[-1]["id"]
    given = {"solved": solved, "mark": None, "words": None, **more}

    async with shift.db.session() as session:
        survey = await session.get_one(Survey, found)
        return await answer(session, survey, actor=CUSTOMER, now=await now(session), **given)


async def tend(shift: Shift) -> None:
    """The log is followed to its end."""
    await turns(Tending(shift.db))


async def fire(shift: Shift) -> None:
    """Whatever is due is done."""
    await turns(Timers(shift.db))


async def surveys(shift: Shift, case: UUID) -> list[asyncpg.Record]:
    """Those of a case, oldest first."""
    return await shift.fetch("SELECT * FROM survey WHERE case_id = $1 ORDER BY round", case)


async def row(shift: Shift, case: UUID) -> asyncpg.Record:
    """The case."""
    return (await shift.fetch('SELECT * FROM "case" WHERE id = $1', case))[0]


async def newest(shift: Shift, case: UUID) -> asyncpg.Record:
    """Its newest interaction."""
    found = "SELECT * FROM interaction WHERE case_id = $1 ORDER BY arrived_at DESC, id DESC LIMIT 1"
    return (await shift.fetch(found, case))[0]


async def contacts(shift: Shift, case: UUID) -> int:
    """How many interactions it has."""
    return len(await shift.fetch("SELECT FROM interaction WHERE case_id = $1", case))


async def alarms(shift: Shift, kind: str = "rescue") -> list[asyncpg.Record]:
    """Of one kind, oldest first."""
    return await shift.fetch("SELECT * FROM alarm WHERE kind = $1 ORDER BY raised_at, id", kind)


async def letters(shift: Shift, notice: str) -> list[asyncpg.Record]:
    """The notices whose key begins with this."""
    return await shift.fetch("SELECT * FROM outbox WHERE dedupe_key LIKE 'noticed:' || $1 || ':%'", notice)


async def timer(shift: Shift, case: UUID) -> datetime | None:
    """When the time to answer ends."""
    found = await shift.fetch("SELECT due_at FROM timer WHERE case_id = $1 AND kind = 'survey_closes'", case)
    return found[0]["due_at"] if found else None


async def on_their_page(shift: Shift, case: UUID, solved: str | None, **more: Any) -> None:
    """The customer speaks on the page of their case, asked or not."""
    async with shift.db.session() as session:
        given: dict[str, Any] = {"solved": solved, "mark": None, "words": None, **more}
        found = await session.get_one(Case, case)
        await speak(session, found, actor=CUSTOMER, now=await now(session), **given)


async def over(shift: Shift, case: UUID, solved: str | None, **more: Any) -> None:
    """The answer is too late, and nothing at all changes."""
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await say(shift, case, solved, **more)
    assert caught.value.code == "survey_over"
    assert await shift.everything() == before


async def pass_check(shift: Shift, check: UUID) -> None:
    """Chandra looks at it, and it is right."""
    await tend(shift)
    await shift.do(take, check, actor=CHANDRA)
    await shift.do(approve, check, actor=CHANDRA)
