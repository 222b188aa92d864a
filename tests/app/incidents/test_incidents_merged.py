"""Incidents and cases that are taken into others, or were solved before: what was promised of the fault is kept by its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.incidents import declare as incidents
from app.actions.incidents.attach import detach
from app.actions.incidents.declare import Told, Touched
from app.actions.rules import versions as rules
from app.loops.spreading import Spreading
from app.loops.timers import Timers
from app.tables import Incident
from channels.base import Person
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import tend

WORDS: Final = {"en": "Television is out in the north."}
HOURS: Final = timedelta(hours=6)


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Letters leave at any time, as many as there are."""
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", "notices_per_day": 50}))
    await shift.do(rules.publish, draft.version, recompute=False)


async def clock(shift: Shift) -> datetime:
    found: datetime = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"]
    return found


async def declared(shift: Shift) -> Incident:
    """With a time by which it is to be over; all who wrote are attached and promised."""
    at = await clock(shift)
    made: Incident = await shift.do(
        incidents.declare,
        Told(words=WORDS, promised_at=at + HOURS),
        Touched(request_types=["inquiry"]),
        since=at - timedelta(hours=1),
    )
    shift.intake.forget()
    await spread(shift)
    return made


async def spread(shift: Shift) -> None:
    await turns(Spreading(shift.db))
    await tend(shift)


async def letter(shift: Shift) -> tuple[UUID, UUID]:
    contact = await shift.arrive(
        "email", person=Person(name="Sana", email="sana@example.test"), reply_to="sana@example.test"
    )
    await tend(shift)
    return contact, (await shift.row(contact))["case_id"]


async def go_on(shift: Shift, hours: float) -> None:
    await shift.pass_time(hours * 3_600)
    await turns(Timers(shift.db))
    await tend(shift)


async def promises(shift: Shift) -> list[tuple[UUID, str]]:
    rows = await shift.fetch("SELECT case_id, state FROM promise WHERE kind = 'incident' ORDER BY made_at, id")
    return [(row["case_id"], row["state"]) for row in rows]


async def told_broken(shift: Shift) -> list[Any]:
    return await shift.fetch("SELECT * FROM alarm WHERE kind = 'promise_broken' AND data ->> 'of' = 'incident'")


async def test_an_end_in_time_keeps_what_was_promised_on_a_case_that_was_taken_in_since(shift: Shift) -> None:
    (_, survivor), (_, merged) = await letter(shift), await letter(shift)
    incident = await declared(shift)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    await shift.do(incidents.close, incident.id, WORDS)
    await spread(shift)
    await go_on(shift, 7)
    assert sorted(await promises(shift)) == sorted([(survivor, "kept"), (merged, "kept")])
    assert await told_broken(shift) == []


async def test_another_time_moves_what_was_promised_on_a_case_that_was_taken_in_since(shift: Shift) -> None:
    (_, survivor), (_, merged) = await letter(shift), await letter(shift)
    incident = await declared(shift)
    await shift.do(merge, survivor, merged, reason=None)
    await tend(shift)
    later = Told(words=WORDS, promised_at=await clock(shift) + 2 * HOURS)
    await shift.do(incidents.update, incident.id, later)
    await spread(shift)
    assert sorted(await promises(shift)) == sorted(
        [(survivor, "moved"), (survivor, "standing"), (merged, "moved"), (merged, "standing")]
    )
    await go_on(shift, 7)
    assert await told_broken(shift) == []
    assert await shift.do(detach, incident.id, merged) is not None
    assert (merged, "released") in await promises(shift)


async def test_an_end_in_time_keeps_what_was_promised_on_a_case_that_was_solved_before(shift: Shift) -> None:
    contact, case = await letter(shift)
    incident = await declared(shift)
    await shift.serve(contact)
    await shift.do(complete, contact, outcome=None, actor=person("esther"))
    await shift.do(resolve, case, outcome="mended", actor=person("esther"))
    await tend(shift)
    await shift.do(incidents.close, incident.id, WORDS)
    await spread(shift)
    await go_on(shift, 7)
    assert await promises(shift) == [(case, "kept")]
    assert await told_broken(shift) == []
