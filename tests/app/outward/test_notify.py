"""Notices: one letter for its reason, in the customer's language, never at night, never too many a day."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from app.actions.customers import page_links
from app.actions.outward.notify import FREE, Notice, notify, notify_all, withdraw
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.db import now
from app.loops.janitor import Janitor
from app.tables import Case
from channels.base import Person
from channels.texts import CATALOGUES
from channels.texts.notices import NOTICES, letter, say_moment
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift

KARACHI: Final = ZoneInfo("Asia/Karachi")
KOLKATA: Final = ZoneInfo("Asia/Kolkata")
SANA: Final = Person(name="Sana", email="sana@example.test")


async def rule(shift: Shift, **said: Any) -> None:
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", **said}))
    await shift.do(rules.publish, draft.version, recompute=False)


async def case_of(shift: Shift, contact: UUID) -> UUID:
    found: UUID = (await shift.row(contact))["case_id"]
    return found


async def tell(shift: Shift, case: UUID, kind: str = "news", *, key: str = "reason:1", **more: Any) -> bool:
    async with shift.db.session() as session:
        row = await locked(session, Case, case)
        moment = await now(session)
        values = more.pop("values", {"next": moment + timedelta(hours=30)})
        return await notify(session, row, kind, key=key, values=values, now=moment, **more)


async def letters(shift: Shift) -> list[asyncpg.Record]:
    return await shift.fetch("SELECT * FROM outbox WHERE dedupe_key LIKE 'noticed:%' ORDER BY created_at, id")


async def until(shift: Shift, zone: ZoneInfo, clock: str) -> datetime:
    """Move the clock on to the next time the wall clocks there show this; returns that instant."""
    (row,) = await shift.fetch("SELECT wall_clock() AS now")
    local: datetime = row["now"].astimezone(zone)
    hour, minute = map(int, clock.split(":"))
    wanted = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    wanted += timedelta(days=1) if wanted <= local else timedelta()
    await shift.pass_time((wanted - local).total_seconds() + 0.001)
    return wanted


async def test_a_notice_is_one_letter_with_the_way_to_the_page(shift: Shift) -> None:
    await rule(shift)
    case = await case_of(shift, await shift.arrive("email", subject="My television", language="en"))
    for _ in range(2):
        assert await tell(shift, case)
    (sent,) = await letters(shift)
    token = (await shift.fetch('SELECT page_token FROM "case" WHERE id = $1', case))[0]["page_token"]
    assert (sent["kind"], sent["recipient"], sent["state"]) == ("send", "sana@example.test", "pending")
    assert sent["payload"]["subject"] == "We are still working on it: My television"
    assert page_links.address(token) in sent["payload"]["body"]
    assert len(token) >= 22, "128 bits"
    assert sent["payload"]["references"] == ["email-1"], "in the customer's own thread"
    assert not {"<", ">"} & set(sent["payload"]["body"])
    told = await shift.last(case)
    assert (told["kind"], told["data"]["notice"]) == ("noticed", "news")
    assert (await shift.story(case)).count("noticed") == 1


async def test_at_night_a_notice_waits_for_the_morning_of_its_office(shift: Shift) -> None:
    await rule(shift, quiet="21:00-08:00")
    here = await case_of(shift, await shift.arrive("email"))
    there = await case_of(shift, await shift.arrive("email", reply_to="devi@example.test"))
    await shift.execute("UPDATE \"case\" SET office = 'hyderabad' WHERE id = $1", there)
    night = await until(shift, KARACHI, "23:10")
    assert await tell(shift, here, key="here")
    assert await tell(shift, there, key="there")
    first, second = await letters(shift)
    morning = (night + timedelta(days=1)).replace(hour=8, minute=0)
    assert first["next_at"] == morning
    assert second["next_at"] == morning - timedelta(minutes=30), "their morning comes earlier"


async def test_what_would_leave_too_late_is_not_sent_at_all(shift: Shift) -> None:
    await rule(shift, quiet="21:00-08:00")
    case = await case_of(shift, await shift.arrive("email"))
    await until(shift, KARACHI, "23:10")
    async with shift.db.session() as session:
        row = await locked(session, Case, case)
        moment = await now(session)
        notice = Notice(
            kind="news", key="k", case=row, values={"next": moment}, before=moment + timedelta(hours=2)
        )  # fmt: skip
        assert await notify_all(session, [notice], now=moment) == [None]
    assert await letters(shift) == []


async def test_a_customer_hears_only_so_often_a_day_whichever_case_it_is(shift: Shift) -> None:
    await rule(shift, notices_per_day=2)
    await until(shift, KARACHI, "10:00")
    cases = [await case_of(shift, await shift.arrive("email", person=SANA)) for _ in range(3)]
    assert [await tell(shift, case, key=f"k{number}") for number, case in enumerate(cases)] == [True, True, False]
    await until(shift, KARACHI, "10:00")
    assert await tell(shift, cases[2], key="k2"), "another day"
    assert len(await shift.fetch("SELECT * FROM reached")) == 3


async def test_two_notices_at_once_do_not_both_take_the_last_place(shift: Shift) -> None:
    await rule(shift, notices_per_day=1)
    await until(shift, KARACHI, "10:00")
    cases = [await case_of(shift, await shift.arrive("email", person=SANA)) for _ in range(6)]
    told = await asyncio.gather(*(tell(shift, case, key=f"k{number}") for number, case in enumerate(cases)))
    assert sorted(told) == [False] * 5 + [True]


async def test_somebody_unknown_is_not_flooded_either(shift: Shift) -> None:
    await rule(shift, notices_per_day=2)
    await until(shift, KARACHI, "10:00")
    case = await case_of(shift, await shift.arrive("email", person=None))
    await shift.execute('UPDATE "case" SET customer_id = NULL WHERE id = $1', case)
    assert [await tell(shift, case, key=f"k{number}") for number in range(3)] == [True, True, False]


@pytest.mark.parametrize("kind", sorted(FREE))
async def test_surveys_and_the_end_of_an_incident_are_owed_whatever_was_sent_before(shift: Shift, kind: str) -> None:
    await rule(shift, notices_per_day=0)
    case = await case_of(shift, await shift.arrive("email", person=SANA))
    assert not await tell(shift, case, key="limited")
    assert await tell(shift, case, kind, key="owed", values={})
    assert await shift.fetch("SELECT * FROM reached") == []


async def test_who_phoned_is_written_to_where_they_are_known(shift: Shift) -> None:
    await rule(shift)
    call = await shift.arrive("phone", reply_to="+923001234567", person=Person(phone="+923001234567"))
    case = await case_of(shift, call)
    assert not await tell(shift, case), "no address is known"
    customer = (await shift.case(call))["customer_id"]
    await shift.execute("INSERT INTO identity VALUES ('email', 'home@example.test', $1)", customer)
    assert await tell(shift, case)
    (sent,) = await letters(shift)
    assert (sent["channel"], sent["recipient"], sent["interaction_id"]) == ("email", "home@example.test", call)


async def test_a_machine_s_letter_is_no_way_to_the_customer(shift: Shift) -> None:
    await rule(shift)
    contact = await shift.arrive("email")
    await shift.arrive("email", case_id=await case_of(shift, contact), reply_to="daemon@example.test", automatic=True)
    assert await tell(shift, await case_of(shift, contact))
    assert [row["recipient"] for row in await letters(shift)] == ["sana@example.test"]


async def test_an_erased_customer_hears_nothing(shift: Shift) -> None:
    await rule(shift)
    contact = await shift.arrive("email", person=SANA)
    await shift.execute(
        "UPDATE customer SET state = 'erased' WHERE id = $1", (await shift.case(contact))["customer_id"]
    )
    assert not await tell(shift, await case_of(shift, contact), "survey", values={})


async def test_a_notice_is_in_the_language_of_the_customer(shift: Shift) -> None:
    await rule(shift)
    contact = await shift.arrive("email", person=SANA, language="ur")
    await tell(shift, await case_of(shift, contact), words={"en": "The pump is in.", "ur": "پمپ لگ گیا ہے۔"})
    (sent,) = await letters(shift)
    assert sent["language"] == "ur"
    assert "پمپ لگ گیا ہے۔" in sent["payload"]["body"]
    assert "استفسار" in sent["payload"]["subject"], "what it is about, in their language"
    customer = (await shift.case(contact))["customer_id"]
    await shift.execute("UPDATE customer SET language = 'te' WHERE id = $1", customer)
    await tell(shift, await case_of(shift, contact), key="other")
    assert (await letters(shift))[1]["language"] == "te"


async def test_a_notice_that_is_withdrawn_leaves_no_more_and_does_not_count(shift: Shift) -> None:
    await rule(shift, notices_per_day=1)
    case = await case_of(shift, await shift.arrive("email", person=SANA))
    await tell(shift, case, key="first")
    async with shift.db.session() as session:
        await withdraw(session, ["first", "unknown"], now=await now(session))
    assert [row["reason"] for row in await letters(shift)] == ["superseded"]
    assert await tell(shift, case, key="second")


async def test_how_often_somebody_was_reached_is_forgotten_after_forty_days(shift: Shift) -> None:
    await rule(shift)
    case = await case_of(shift, await shift.arrive("email", person=SANA))
    await tell(shift, case, key="old")
    await shift.pass_time(41 * 86_400)
    await tell(shift, case, key="new")
    await turns(Janitor(shift.db))
    assert [row["key"] for row in await shift.fetch("SELECT key FROM reached")] == ["new"]


@pytest.mark.parametrize("language", ["en", "ur", "te"])
@pytest.mark.parametrize("kind", sorted(NOTICES))
def test_every_notice_can_be_said(kind: str, language: str) -> None:
    at = datetime(2026, 3, 4, 17, 0, tzinfo=KARACHI)
    said = letter(
        kind,
        language,
        house="Raabta",
        today=at.date(),
        values={"about": "{odd} 100%", "next": at},
        link="https://x/c/1",
    )
    names_it = "{about}" in CATALOGUES["en"][NOTICES[kind][0]]
    assert ("{odd} 100%" in said.subject) == names_it, "a customer's words are never read as ours"
    assert "https://x/c/1" in said.body


def test_a_time_is_said_as_people_say_it() -> None:
    today = datetime(2026, 3, 4, 9, 0)
    said = [say_moment(today + timedelta(days=days, hours=8), today.date(), "en") for days in (0, 1, 2, 6, 7, -1)]
    assert said == [
        "today at 17:00", "tomorrow at 17:00", "on Friday at 17:00", "on Tuesday at 17:00", "on 11.03.2026 at 17:00",
        "on 03.03.2026 at 17:00",
    ]  # fmt: skip
    assert say_moment(today + timedelta(days=2), today.date(), "ur") == "جمعہ کو 09:00 بجے"
