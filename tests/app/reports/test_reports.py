"""What reports count, and what they leave out: rows written as they may stand, held against the definitions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from app.db import Database, uuid7
from app.errors import Invalid
from app.queries import reports
from app.queries.reports import Report, Wish, period
from routing.resolution.figures import LEAST

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = MARCH + 60 * DAY


async def put(connection: asyncpg.Connection, table: str, **columns: Any) -> UUID:
    row = {"id": uuid7(), **columns}
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', *row.values())
    found: UUID = row["id"]
    return found


async def case(connection: asyncpg.Connection, *, at: datetime = MARCH, **more: Any) -> UUID:
    """A case that was opened an hour before `at`, called solved and closed then, by the customer's word."""
    opened = more.pop("opened_at", at - timedelta(hours=1))
    plain: dict[str, Any] = {
        "id": uuid7(opened), "token": uuid4().hex, "version": 1, "opened_at": opened, "resolved_at": at,
        "closed_at": at, "closed_by": "customer", "request_type": "claim", "queue": "claims", "office": "lahore",
        "channel": "phone", "owner": "ayesha", "resolved_by": "ayesha",
    }  # fmt: skip
    plain |= more
    plain["state"] = "closed" if plain["closed_by"] else "resolved" if plain["resolved_at"] else "open"
    return await put(connection, "case", **plain)


async def unsolved(connection: asyncpg.Connection, **more: Any) -> UUID:
    return await case(connection, **{"resolved_at": None, "closed_at": None, "closed_by": None, **more})


async def touch(connection: asyncpg.Connection, of: UUID, *, at: datetime = MARCH, **more: Any) -> UUID:
    plain = {
        "case_id": of, "number": 1, "kind": "contact", "subject_id": uuid7(), "version": 1, "channel": "phone",
        "cause": "status", "caused_by": "rule", "at": at, "queue": "claims", "request_type": "claim", "office": "lahore",
    }  # fmt: skip
    return await put(connection, "touch", **{**plain, **more})


async def told(connection: asyncpg.Connection, of: UUID, version: int, kind: str, at: datetime) -> None:
    await connection.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor) VALUES ('case', $1, $2, $3, $4, 'system')",
        str(of), version, kind, at,
    )  # fmt: skip


async def march(
    db: Database, name: str, by: str = "queue", *, now: datetime = LATER, total: bool = True, **only: str
) -> Report:
    """The report about March 2026, as it reads at `now`."""
    async with db.reading() as session:
        days = await period(session, date(2026, 3, 1), date(2026, 4, 1), office=only.get("office"), now=now)
        wish = Wish(by=by, period=days, only=only, total=total)
        if name == "first_contact":
            return await reports.first_contact(session, wish, now=now)
        found: Report = await getattr(reports, name)(session, wish)
        return found


def whole(report: Report) -> dict[str, Any]:
    assert report.total is not None
    return dict(report.total[0])


def row(report: Report, code: str | None) -> dict[str, Any]:
    (found,) = [dict(each) for each in report.items if each["code"] == code]
    return found


async def test_solved_is_the_customers_word_and_who_was_not_asked_is_no_one_who_said_yes(
    db: Database, connection: asyncpg.Connection
) -> None:
    for closed_by, count in (("customer", 6), ("silence", 4), ("not_asked", 5)):
        for _ in range(count):
            await case(connection, closed_by=closed_by)
    found = whole(await march(db, "cases"))
    assert (found["closed"], found["solved"], found["silent"], found["not_asked"]) == (15, 6, 4, 5)
    assert (found["solved_rate"].of, found["solved_rate"].value) == (10, 0.6)
    assert (found["survey_reach"].of, found["survey_reach"].value) == (15, 10 / 15)


async def test_a_case_counts_when_it_was_closed_and_once(db: Database, connection: asyncpg.Connection) -> None:
    await case(connection, at=datetime(2026, 2, 27, tzinfo=UTC))
    await case(connection, at=datetime(2026, 4, 2, tzinfo=UTC), opened_at=MARCH)
    await case(connection, reopened=2)
    await unsolved(connection, reopened=1)
    found = whole(await march(db, "cases"))
    assert (found["closed"], found["reopened"], found["opened"]) == (1, 1, 3), "opened: by when it began"


async def test_days_are_local_days_of_the_office_or_of_the_first(db: Database, connection: asyncpg.Connection) -> None:
    """Karachi is five hours before UTC, Kolkata five and a half."""
    begin = datetime(2026, 3, 1, tzinfo=ZoneInfo("Asia/Karachi"))
    end = datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Karachi"))
    moment = timedelta(microseconds=1)
    for at in (begin - moment, begin, end - moment, end):
        await case(connection, at=at)
    assert whole(await march(db, "cases"))["closed"] == 2
    await case(connection, at=begin - timedelta(minutes=20), office="hyderabad")
    assert whole(await march(db, "cases"))["closed"] == 2
    assert whole(await march(db, "cases", office="hyderabad"))["closed"] == 1
    async with db.reading() as session:
        days = await period(session, None, None, office=None, now=datetime(2026, 3, 1, 20, tzinfo=UTC))
    assert (days.first, days.last) == (date(2026, 2, 1), date(2026, 3, 3)), "in Lahore it is tomorrow already"


@pytest.mark.parametrize(
    ("first", "last", "office", "code"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), None, "bad_period"),
        (date(2026, 3, 2), date(2026, 3, 1), None, "bad_period"),
        (date(2025, 3, 1), date(2026, 3, 3), None, "bad_period"),
        (None, None, "atlantis", "unknown_office"),
    ],
)
async def test_what_is_no_period_is_refused(
    db: Database, first: date | None, last: date | None, office: str | None, code: str
) -> None:
    async with db.reading() as session:
        with pytest.raises(Invalid) as caught:
            await period(session, first, last, office=office, now=MARCH)
    assert caught.value.code == code


async def test_what_was_taken_into_another_counts_with_it(db: Database, connection: asyncpg.Connection) -> None:
    for _ in range(LEAST - 1):
        await case(connection)
    survivor = await case(connection, touches=2)
    await case(connection, merged_into=survivor, touches=3, resolved_at=None, closed_at=None, closed_by=None)
    await case(connection, merged_into=survivor, touches=2)
    found = whole(await march(db, "cases"))
    assert (found["closed"], found["opened"]) == (LEAST, LEAST)
    assert found["touches_per_case"] == 7 / LEAST, (
        "their own, and those of each that was taken in: its first contact is one of them"
    )
    assert found["touches_per_solved_case"] == 7 / LEAST


async def test_the_time_to_a_solution_is_until_the_resolution_that_stood(
    db: Database, connection: asyncpg.Connection
) -> None:
    for hours in range(1, 12):
        await case(connection, opened_at=MARCH - timedelta(hours=hours), closed_at=MARCH + DAY)
    found = whole(await march(db, "cases"))
    assert (found["median_seconds"], found["p90_seconds"]) == (6 * 3600.0, 10 * 3600.0)


async def test_a_customer_who_was_forgotten_still_counts(db: Database, connection: asyncpg.Connection) -> None:
    await case(connection, erased_at=LATER, customer_id=None)
    assert whole(await march(db, "cases"))["closed"] == 1
    assert whole(await march(db, "first_contact"))["opened"] == 1


@pytest.mark.parametrize(
    ("by", "codes"),
    [
        ("request_type", ["claim", "order"]), ("queue", ["claims", "sales"]), ("office", ["lahore", "hyderabad"]),
        ("channel", ["phone", "email"]), ("representative", ["ayesha", "devi"]), ("root_cause", ["worn_out", None]),
    ],
)  # fmt: skip
async def test_cases_are_divided_by_what_they_are(
    db: Database, connection: asyncpg.Connection, by: str, codes: list[str | None]
) -> None:
    for _ in range(2):
        await case(connection, root_cause="worn_out")
    other: dict[str, Any] = {"request_type": "order", "queue": "sales", "office": "hyderabad", "channel": "email"}
    await case(connection, **other, resolved_by=None, owner="devi")
    assert [(each["code"], each["closed"]) for each in (await march(db, "cases", by)).items] == list(
        zip(codes, (2, 1), strict=True)
    )
    narrowed = await march(db, "cases", by, queue="sales")
    assert [each["code"] for each in narrowed.items] == codes[1:]


async def test_of_a_representatives_few_nothing_is_told_but_their_number(
    db: Database, connection: asyncpg.Connection
) -> None:
    survey: dict[str, Any] = {"round": 1}
    for _ in range(LEAST):
        await case(connection, reopened=1)
        survey |= {"round": 1, "state": "answered", "channel": "email", "asked_at": MARCH, "closes_at": LATER}
        survey |= {"solved": "yes", "mark": 4, "ended_at": LATER, "case_id": await case(connection)}
        await put(connection, "survey", **survey, representative="ayesha")
    for _ in range(LEAST - 1):
        await case(connection, resolved_by="devi", reopened=1)
        await put(
            connection, "survey", **{**survey, "case_id": await unsolved(connection), "mark": 1}, representative="devi"
        )
    found = await march(db, "cases", "representative")
    few, many = row(found, "devi"), row(found, "ayesha")
    told = {"code": "devi", "opened": LEAST - 1, "closed": LEAST - 1}
    assert {name: value for name, value in few.items() if value is not None} == told
    assert many["reopen_rate"].value == 0.5
    found = await march(db, "surveys", "representative")
    few, many = row(found, "devi"), row(found, "ayesha")
    assert {name: value for name, value in few.items() if value is not None} == {"code": "devi", "asked": LEAST - 1}
    assert (many["mean_mark"], many["marks"]) == (4.0, LEAST)
    assert row(await march(db, "cases", "queue", representative="devi"), "claims")["reopened"] == LEAST - 1


async def test_touches_are_counted_where_they_happened_and_by_the_cause_that_stands(
    db: Database, connection: asyncpg.Connection
) -> None:
    one, other = await case(connection), await case(connection)
    taken = await case(connection, merged_into=other)
    await touch(connection, one)
    await touch(connection, one, number=2, kind="asked", cause="missing_document", caused_by="representative:ayesha")
    await touch(connection, other, kind="message", cause="missing_document", queue="sales")
    await touch(connection, taken, cause="missing_document")
    await touch(connection, one, number=3, at=LATER)
    found = await march(db, "touches", "cause")
    assert [(each["code"], each["touches"], each["cases"]) for each in found.items] == [
        ("missing_document", 3, 2),
        ("status", 1, 1),
    ]
    assert {name: whole(found)[name] for name in ("touches", "cases", "contacts", "messages", "asked", "by_a_person")} == {
        "touches": 4, "cases": 2, "contacts": 2, "messages": 1, "asked": 1, "by_a_person": 1,
    }  # fmt: skip
    narrowed = await march(db, "touches", "cause", queue="sales")
    assert [(each["code"], each["touches"]) for each in narrowed.items] == [("missing_document", 1)]
    assert whole(narrowed)["touches"] == 1


async def test_a_broken_promise_is_a_figure_of_its_own_and_a_moved_one_is_neither(
    db: Database, connection: asyncpg.Connection
) -> None:
    of = await unsolved(connection)
    for state, count in (("kept", 9), ("broken", 3), ("moved", 4), ("released", 5)):
        for _ in range(count):
            await put(
                connection, "promise", case_id=of, kind="callback", due_at=MARCH, made_at=MARCH - DAY, made_by="system",
                state=state, ended_at=MARCH, representative="devi" if state == "broken" else None,
            )  # fmt: skip
    standing = {"kind": "news", "due_at": MARCH, "made_at": MARCH - DAY, "made_by": "system", "state": "standing"}
    await put(connection, "promise", case_id=of, **standing)
    found = whole(await march(db, "promises"))
    assert [found[name] for name in ("ended", "kept", "broken", "moved", "released")] == [21, 9, 3, 4, 5]
    assert (found["kept_rate"].of, found["kept_rate"].value) == (12, 0.75)
    whose = await march(db, "promises", "representative")
    assert {each["code"]: each["ended"] for each in whose.items} == {"ayesha": 18, "devi": 3}
    assert [each["code"] for each in (await march(db, "promises", "kind")).items] == ["callback"]


async def test_whether_it_is_solved_and_how_the_representative_was_are_told_apart(
    db: Database, connection: asyncpg.Connection
) -> None:
    said = [("answered", solved, mark) for solved, mark in (*[("yes", 5)] * 8, ("partly", None), ("no", 1), ("no", 2))]
    for state, solved, mark in (*said, ("lapsed", None, 4), ("dropped", None, None), ("asked", None, None)):
        await put(
            connection, "survey", case_id=await unsolved(connection), round=1, state=state, channel="email",
            representative="ayesha", asked_at=MARCH, closes_at=LATER, solved=solved, mark=mark,
            ended_at=None if state == "asked" else MARCH,
        )  # fmt: skip
    found = whole(await march(db, "surveys"))
    names = ("asked", "answered", "lapsed", "dropped", "waiting", "yes", "partly", "no", "marks")
    assert [found[name] for name in names] == [14, 11, 1, 1, 1, 8, 1, 2, 11]
    assert found["answer_rate"].value == 11 / 12
    assert found["yes_rate"].value == 8 / 11
    assert found["mean_mark"] == (8 * 5 + 1 + 2 + 4) / 11


async def test_each_kind_of_clock_is_told_apart_and_what_was_stopped_says_nothing(
    db: Database, connection: asyncpg.Connection
) -> None:
    async def clock(kind: str, state: str, late_at: datetime | None = None) -> None:
        await put(
            connection, "clock", case_id=await case(connection), kind=kind, state=state, target_seconds=60.0,
            started_at=MARCH, since=MARCH, ended_at=MARCH, queue="claims", rules_version=1, late_at=late_at,
        )  # fmt: skip

    for _ in range(9):
        await clock("first_response", "met")
    await clock("first_response", "breached", late_at=MARCH)
    await clock("resolution", "breached")
    await clock("resolution", "stopped")
    found = await march(db, "sla")
    first, last = found.items
    assert (first["clock"], first["met"], first["breached"], first["owed"]) == ("first_response", 9, 1, 0)
    assert first["met_rate"].value == 0.9
    assert (last["clock"], last["ended"], last["owed"]) == ("resolution", 1, 1)
    assert found.total is not None
    assert [each["clock"] for each in found.total] == ["first_response", "resolution"]


async def test_what_is_not_told_to_a_representative_is_the_whole(db: Database, connection: asyncpg.Connection) -> None:
    await case(connection)
    found = await march(db, "cases", "representative", total=False, representative="ayesha")
    assert found.total is None
    assert [each["code"] for each in found.items] == ["ayesha"]


async def test_nothing_at_all_is_a_report_of_zeros(db: Database) -> None:
    for name in ("cases", "first_contact", "touches", "promises", "surveys"):
        found = await march(db, name)
        assert found.items == []
        assert all(value in (0, None) or value.of == 0 for value in whole(found).values()), name
