"""First-contact resolution is counted honestly: each way in which a customer is heard of again, and when it counts."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from app.db import Database
from tests.app.reports.test_reports import DAY, LATER, MARCH, case, march, told, touch, unsolved, whole

WEEK = 7 * DAY
SECOND = timedelta(seconds=1)


async def counts(db: Database, **more: object) -> tuple[int, int, int]:
    """(at the first contact, again, not known yet)."""
    found = whole(await march(db, "first_contact", **more))  # type: ignore[arg-type]  # dates and codes
    return found["first_contact"], found["again"], found["undecided"]


async def test_whoever_was_not_heard_of_again_was_served_at_the_first_contact(
    db: Database, connection: asyncpg.Connection
) -> None:
    await case(connection)
    assert await counts(db) == (1, 0, 0)


@pytest.mark.parametrize("kind", ["contact", "message", "asked"])
async def test_whoever_came_again_before_it_was_solved_was_not(
    db: Database, connection: asyncpg.Connection, kind: str
) -> None:
    await touch(connection, await case(connection, touches=1), at=MARCH - SECOND, kind=kind)
    assert await counts(db) == (0, 1, 0)


async def test_before_the_days_are_over_nobody_knows(db: Database, connection: asyncpg.Connection) -> None:
    await case(connection)
    await unsolved(connection)
    await touch(connection, await unsolved(connection, touches=1))
    assert await counts(db, now=MARCH + WEEK - SECOND) == (0, 1, 2)
    assert await counts(db, now=MARCH + WEEK) == (1, 1, 1)


@pytest.mark.parametrize(("after", "expected"), [(WEEK - SECOND, (0, 1, 0)), (WEEK, (1, 0, 0))])
async def test_who_comes_back_within_the_days_counts_against_it_and_later_not(
    db: Database, connection: asyncpg.Connection, after: timedelta, expected: tuple[int, int, int]
) -> None:
    again = await unsolved(connection, reopened=1, touches=1)
    await told(connection, again, 1, "check_passed", MARCH)
    await told(connection, again, 2, "reopened", MARCH + after)
    await touch(connection, again, at=MARCH + after + SECOND)
    assert await counts(db) == expected, "also where its own row has no time of the resolution any more"


@pytest.mark.parametrize(("after", "expected"), [(WEEK - SECOND, (0, 1, 0)), (WEEK, (1, 0, 0))])
async def test_a_case_that_follows_within_the_days_is_the_same_matter_and_never_one_of_its_own(
    db: Database, connection: asyncpg.Connection, after: timedelta, expected: tuple[int, int, int]
) -> None:
    first = await case(connection)
    taken = await case(connection, merged_into=await case(connection, queue="sales"), queue="sales")
    await unsolved(connection, follows=first, opened_at=MARCH + after)
    assert await counts(db, queue="claims") == expected
    assert await counts(db, queue="sales") == (0, 1, 0), "two contacts about it came, in two cases"
    await unsolved(connection, follows=taken, opened_at=MARCH + after)
    assert await counts(db, queue="sales") == (0, 1, 0)


async def test_an_answer_that_it_is_not_solved_counts_as_a_contact(
    db: Database, connection: asyncpg.Connection
) -> None:
    again = await unsolved(connection, reopened=1)
    await told(connection, again, 1, "resolved", MARCH)
    await told(connection, again, 2, "reopened", MARCH + DAY)
    await told(connection, again, 3, "resolved", MARCH + 2 * DAY)
    assert await counts(db) == (0, 1, 0)


async def test_the_days_are_those_of_the_queue(db: Database, connection: asyncpg.Connection) -> None:
    await connection.execute(
        """INSERT INTO rule_set (version, state, document, based_on, made_by, made_at, published_at)
        SELECT 1, 'live', json_build_object('queues', json_object_agg(code, json_build_object('name', name,
            'target_seconds', target_seconds, 'offer_timeout_seconds', offer_timeout_seconds)),
            'resolution', '{"queues": {"claims": {"first_contact_days": 2}}}'::json, 'request_types', '{}'::json),
            0, 'admin:1', now(), now() FROM queue"""
    )
    await case(connection)
    await case(connection, queue="sales")
    assert await counts(db, now=MARCH + 3 * DAY) == (1, 0, 1)
    assert await counts(db, now=LATER) == (2, 0, 0)
