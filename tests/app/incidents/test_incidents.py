"""Incidents: told at every door before anybody asks, each customer once, and closed with everybody told and asked."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from app.actions.cases.describe import describe_case
from app.actions.incidents import declare as incidents
from app.actions.incidents.attach import attach, detach
from app.actions.incidents.declare import Change, Told, Touched
from app.actions.incidents.reach import tell
from app.actions.incidents.spread import spread_some
from app.actions.rules import versions as rules
from app.db import now
from app.loops.spreading import Spreading
from app.queries.incidents.incidents import cases as cases_of
from app.queries.incidents.incidents import of_case
from app.queries.incidents.reach import likely
from app.tables import Incident
from channels.base import Person
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift
from tests.solving import SANA, row, served, surveys, tend

WORDS: Final = {"en": "Television is out in the north.", "ur": "شمال میں ٹیلی ویژن بند ہے۔"}
BY: Final = timedelta(hours=6)


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Letters leave at any time, as many as there are."""
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", "notices_per_day": 50}))
    await shift.do(rules.publish, draft.version, recompute=False)


async def clock(shift: Shift) -> datetime:
    found: datetime = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"]
    return found


async def declare(shift: Shift, *, by: timedelta | None = None, **touched: Any) -> Incident:
    at = await clock(shift)
    told = Told(words=WORDS, promised_at=at + by if by else None)
    since = touched.pop("since", at - timedelta(hours=1))
    made: Incident = await shift.do(
        incidents.declare, told, Touched(**(touched or {"request_types": ["inquiry"]})), since=since
    )
    shift.intake.forget()
    return made


async def spread(shift: Shift) -> None:
    await turns(Spreading(shift.db))


async def case_of(shift: Shift, contact: UUID) -> UUID:
    found: UUID = (await shift.row(contact))["case_id"]
    return found


async def letter(shift: Shift, name: str = "sana", **more: Any) -> UUID:
    """A letter of somebody; returns the case."""
    email = f"{name}@example.test"
    plain = {"person": Person(name=name, email=email), "reply_to": email, **more}
    return await case_of(shift, await shift.arrive("email", **plain))


async def letters(shift: Shift, to: str = "sana@example.test") -> list[asyncpg.Record]:
    found = "SELECT * FROM outbox WHERE dedupe_key LIKE 'noticed:%' AND recipient = $1 ORDER BY created_at, id"
    return await shift.fetch(found, to)


async def attached(shift: Shift, incident: Incident) -> set[UUID]:
    rows = await shift.fetch(
        "SELECT case_id FROM incident_case WHERE incident_id = $1 AND detached_at IS NULL", incident.id
    )
    return {each["case_id"] for each in rows}


async def promises(shift: Shift, case: UUID) -> list[tuple[str, datetime]]:
    rows = await shift.fetch(
        "SELECT state, due_at FROM promise WHERE case_id = $1 AND kind = 'incident' ORDER BY made_at, id", case
    )
    return [(each["state"], each["due_at"]) for each in rows]


async def test_open_cases_and_new_ones_that_fit_are_attached_told_and_promised(shift: Shift) -> None:
    before, other = await letter(shift), await letter(shift, "devi", request_type="claim")
    await tend(shift)
    incident = await declare(shift, by=BY)
    await spread(shift)
    after = await letter(shift, "asha")
    await tend(shift)
    assert await attached(shift, incident) == {before, after}
    for name in ("sana", "asha"):
        (sent,) = await letters(shift, f"{name}@example.test")
        assert WORDS["en"] in sent["payload"]["body"]
        assert "We expect it to be mended by this time" in sent["payload"]["body"]
    assert await letters(shift, "devi@example.test") == []
    assert await promises(shift, before) == await promises(shift, after) == [("standing", incident.promised_at)]
    assert "attached" not in await shift.story(other)
    assert (await shift.story(before)).count("attached") == 1


async def test_what_is_older_than_the_fault_is_not_about_it(shift: Shift) -> None:
    await letter(shift)
    await shift.pass_time(2 * 3_600)
    incident = await declare(shift)
    await tend(shift)
    await spread(shift)
    assert await attached(shift, incident) == set()


async def test_who_is_described_later_is_attached_then_and_is_possible_before(shift: Shift) -> None:
    incident = await declare(shift, request_types=["inquiry"], areas=["north"])
    case = await letter(shift)
    await tend(shift)
    await spread(shift)
    async with shift.db.session() as session:
        items, _ = await cases_of(session, incident.id, possible=True, after=None, limit=10)
    assert [each["id"] for each in items] == [case]
    assert await attached(shift, incident) == set()
    await shift.do(describe_case, case, {"area": "north"})
    await tend(shift)
    assert await attached(shift, incident) == {case}


async def test_who_is_taken_off_by_hand_is_left_alone_until_a_person_says_otherwise(shift: Shift) -> None:
    case = await letter(shift)
    incident = await declare(shift, by=BY)
    await tend(shift)
    await spread(shift)
    for _ in range(2):
        await shift.do(detach, incident.id, case)
    assert (await shift.story(case)).count("detached") == 1
    assert [state for state, _ in await promises(shift, case)] == ["released"]
    await tend(shift)
    await spread(shift)
    await shift.do(incidents.update, incident.id, Told(words={"en": "News."}))
    await spread(shift)
    assert await attached(shift, incident) == set()
    assert len(await letters(shift)) == 1
    for _ in range(2):
        await shift.do(attach, incident.id, case)
    assert await attached(shift, incident) == {case}
    assert len(await letters(shift)) == 2, "the news they missed"


async def test_an_update_reaches_each_customer_once_and_moves_the_promise(shift: Shift) -> None:
    first, second = await letter(shift), await letter(shift)
    incident = await declare(shift, by=BY)
    await tend(shift)
    await spread(shift)
    assert len(await letters(shift)) == 1, "one letter, though both cases are about it"
    later = (await clock(shift)) + 2 * BY
    await shift.do(incidents.update, incident.id, Told(words={"en": "It takes longer."}, promised_at=later))
    late = await letter(shift, "asha")
    await tend(shift)
    await spread(shift)
    assert [each["payload"]["subject"] for each in await letters(shift)][1:] == ["News about the fault: Inquiry"]
    for case in (first, second):
        assert await promises(shift, case) == [("moved", incident.promised_at), ("standing", later)]
        assert (await shift.story(case)).count("incident_told") == 1
    assert "incident_told" not in await shift.story(late), "who comes late is told in one letter"
    (sent,) = await letters(shift, "asha@example.test")
    assert WORDS["en"] in sent["payload"]["body"]
    assert "It takes longer." in sent["payload"]["body"]
    assert await promises(shift, late) == [("standing", later)]


async def test_the_end_tells_everybody_calls_it_solved_and_asks(shift: Shift) -> None:
    contact = await served(shift)
    case = await case_of(shift, contact)
    incident = await declare(shift, by=BY)
    await tend(shift)
    await spread(shift)
    for _ in range(2):
        await shift.do(incidents.close, incident.id, {"en": "It is mended."})
        await spread(shift)
    found = await row(shift, case)
    assert (found["state"], found["outcome"], found["resolved_by"]) == ("resolved", "incident_over", None)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], asked["channel"]) == ("asked", "email")
    *_, last = await letters(shift)
    assert last["payload"]["subject"] == "The fault is mended: Inquiry"
    assert "Is it solved for you?" in last["payload"]["body"]
    assert "It is mended." in last["payload"]["body"]
    assert [state for state, _ in await promises(shift, case)] == ["kept"]
    assert len(await letters(shift)) == 2, "the news of the fault, and its end"


async def test_an_end_after_its_time_is_a_broken_promise(shift: Shift) -> None:
    case = await letter(shift)
    incident = await declare(shift, by=BY)
    await tend(shift)
    await spread(shift)
    await shift.pass_time(BY.total_seconds() + 60)
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    await spread(shift)
    assert [state for state, _ in await promises(shift, case)] == ["broken"]


async def test_what_somebody_has_in_hand_or_another_fault_troubles_is_told_and_stays_open(shift: Shift) -> None:
    contact = await shift.arrive("email", person=SANA)
    in_hand = await case_of(shift, contact)
    await shift.serve(contact)
    troubled = await letter(shift, "asha")
    plain = await letter(shift, "devi")
    incident = await declare(shift)
    other = await declare(shift, products=["modem"])
    await tend(shift)
    await spread(shift)
    await shift.do(attach, other.id, troubled)
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    await spread(shift)
    assert [(await row(shift, case))["state"] for case in (in_hand, troubled, plain)] == ["open", "open", "resolved"]
    for name in ("sana", "asha"):
        assert "just reply" in (await letters(shift, f"{name}@example.test"))[-1]["payload"]["body"]


async def test_every_door_says_it_at_once_and_stops_when_it_is_over(shift: Shift) -> None:
    incident = await declare(shift, by=BY)
    catalogue = await shift.intake.catalogue()
    assert catalogue.notices("claim", "walk_in", "en") == ()
    (english,), (urdu,) = (catalogue.notices("inquiry", "walk_in", tag) for tag in ("en", "ur"))
    assert english.startswith(WORDS["en"] + " We expect it to be mended by this time: ")
    assert urdu.startswith(WORDS["ur"])
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    shift.intake.forget()
    assert (await shift.intake.catalogue()).notices("inquiry", "walk_in", "en") == ()


async def test_what_names_no_request_is_said_to_everybody_there(shift: Shift) -> None:
    await declare(shift, areas=["north"], channels=["phone"])
    catalogue = await shift.intake.catalogue()
    assert catalogue.notices(None, "phone", "en") == catalogue.notices("claim", "phone", "en") == (WORDS["en"],)
    assert catalogue.notices("claim", "walk_in", "en") == ()


async def test_who_has_not_called_is_listed_once_and_told_once(shift: Shift) -> None:
    for _ in range(2):
        await letter(shift, "asha")
    caller = await letter(shift)
    await letter(shift, "devi", request_type="claim")
    await shift.pass_time(86_400)
    incident = await declare(shift)
    await letter(shift)
    await tend(shift)
    await spread(shift)
    async with shift.db.session() as session:
        items, following = await likely(session, incident.id, after=None, limit=10)
        paged, cursor = await likely(session, incident.id, after=None, limit=1)
        rest, _ = await likely(session, incident.id, after=cursor, limit=1)
    assert following is None
    (asha,) = [each["customer_id"] for each in items]
    assert ([each["customer_id"] for each in paged], rest) == ([asha], [])
    for _ in range(2):
        assert await shift.do(tell, incident.id, [asha, asha]) == ([asha], [])
    assert len(await letters(shift, "asha@example.test")) == 1
    async with shift.db.session() as session:
        ((again,), _) = await likely(session, incident.id, after=None, limit=10)
    assert again["told_at"] is not None
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    await spread(shift)
    assert [each["payload"]["subject"] for each in await letters(shift, "asha@example.test")][1:] == [
        "The fault is mended"
    ]
    assert (await row(shift, caller))["state"] == "open", "an older matter of theirs is not about it"


async def test_who_cannot_be_reached_is_not_counted_as_told(shift: Shift) -> None:
    case = await case_of(shift, await shift.arrive("phone", person=Person(phone="+923001234567")))
    customer = (await row(shift, case))["customer_id"]
    incident = await declare(shift, since=await clock(shift))
    assert await shift.do(tell, incident.id, [customer]) == ([], [customer])
    assert await shift.fetch("SELECT * FROM incident_reach") == []


async def test_a_customer_reads_the_incidents_of_their_matter(shift: Shift) -> None:
    case = await letter(shift)
    incident = await declare(shift)
    await tend(shift)
    await spread(shift)
    await shift.do(incidents.update, incident.id, Told(words={"en": "News."}))
    async with shift.db.session() as session:
        (found,) = await of_case(session, [case], language="ur")
    assert (found["words"], found["over"]) == (WORDS["ur"], False)
    assert [each["words"] for each in found["updates"]] == ["News.", WORDS["ur"]]


async def test_other_words_and_another_scope_hold_from_then_on(shift: Shift) -> None:
    claim = await letter(shift, request_type="claim")
    incident = await declare(shift)
    await tend(shift)
    await spread(shift)
    changed = Change(words={"en": "Everything is out."}, touched={"request_types": ["inquiry", "claim"]})
    await shift.do(incidents.change, incident.id, changed)
    await spread(shift)
    shift.intake.forget()
    assert (await shift.intake.catalogue()).notices("claim", "email", "te") == ("Everything is out.",)
    assert await attached(shift, incident) == {claim}


async def test_a_batch_that_is_lost_is_told_again_and_nothing_twice(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a", "b", "c", "d", "e"]
    cases = [await letter(shift, name) for name in names]
    incident = await declare(shift)
    await tend(shift)
    await spread(shift)
    monkeypatch.setattr("app.loops.spreading.TOGETHER", 2)
    await shift.do(incidents.update, incident.id, Told(words={"en": "News."}))
    chore = Spreading(shift.db)
    assert await chore.turn()
    with contextlib.suppress(ZeroDivisionError):
        async with shift.db.session() as session:
            await spread_some(session, limit=2, now=await now(session))
            raise ZeroDivisionError
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    await spread(shift)
    for name, case in zip(names, cases, strict=True):
        assert [each["payload"]["subject"].split(":")[0] for each in await letters(shift, f"{name}@example.test")] == [
            "We know of a fault",
            "News about the fault",
            "The fault is mended",
        ]
        assert (await shift.story(case)).count("incident_told") == 1
        assert (await row(shift, case))["state"] == "resolved"
