"""Incidents and cases that are taken into others, or were solved before: what was promised of the fault is kept by its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.customers.merge import merge_customers
from app.actions.incidents import declare as incidents
from app.actions.incidents.attach import detach
from app.actions.incidents.declare import Told, Touched
from app.actions.incidents.reach import tell
from app.actions.rules import versions as rules
from app.loops.spreading import Spreading
from app.loops.timers import Timers
from app.tables import Incident
from channels.base import Person
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import SANA, tend

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


async def letter(shift: Shift, name: str = "sana") -> tuple[UUID, UUID]:
    email = f"{name}@example.test"
    contact = await shift.arrive("email", person=Person(name=name, email=email), reply_to=email)
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


async def two_names(shift: Shift) -> list[UUID]:
    """One person with two customers, each with an open case; they are one by now. Returns the cases."""
    cases, people = [], []
    for name in ("sana", "s.malik"):
        email = f"{name}@example.test"
        contact = await shift.arrive("email", person=Person(name=name, email=email), reply_to=email)
        cases.append((await shift.row(contact))["case_id"])
        people.append((await shift.row(contact))["customer_id"])
    await tend(shift)
    await shift.do(merge_customers, *people, reason=None)
    return cases


async def told(shift: Shift, kind: str) -> int:
    found = "SELECT FROM event WHERE kind = 'noticed' AND data ->> 'notice' = $1"
    return len(await shift.fetch(found, kind))


async def test_who_was_known_by_two_names_hears_of_each_news_once(shift: Shift) -> None:
    await two_names(shift)
    incident = await declared(shift)
    assert await told(shift, "incident_by") == 1
    await shift.do(incidents.update, incident.id, Told(words=WORDS))
    await spread(shift)
    assert await told(shift, "incident_update_by") == 1


async def test_who_was_told_without_having_called_and_wrote_by_another_name_hears_of_the_end_once(
    shift: Shift,
) -> None:
    contact = await shift.arrive("email", "claim", person=SANA)
    known = (await shift.row(contact))["customer_id"]
    await tend(shift)
    incident = await declared(shift)
    await shift.do(tell, incident.id, [known])
    _, case = await letter(shift, "s.malik")
    (other,) = await shift.fetch('SELECT customer_id FROM "case" WHERE id = $1', case)
    await shift.do(merge_customers, known, other["customer_id"], reason=None)
    await shift.do(incidents.close, incident.id, WORDS)
    await spread(shift)
    sent = await shift.fetch("SELECT dedupe_key FROM outbox WHERE dedupe_key LIKE 'noticed:incident:%'")
    assert await told(shift, "incident_closed") == 1
    assert not [row for row in sent if row["dedupe_key"].endswith(str(known))], "no letter to who has one"
