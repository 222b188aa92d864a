"""Each rate is of those who could count, and of nobody else."""

from __future__ import annotations

import asyncpg

from app.db import Database
from routing.resolution.figures import LEAST
from tests.app.reports.test_reports import LATER, MARCH, case, march, row, touch, unsolved, whole


async def test_who_may_still_come_again_is_neither_served_at_once_nor_not(
    db: Database, connection: asyncpg.Connection
) -> None:
    for _ in range(LEAST):
        await case(connection)
        await case(connection, at=LATER, opened_at=MARCH, queue="claims")
        await touch(connection, await unsolved(connection, touches=1))
    found = whole(await march(db, "first_contact", now=LATER))
    assert (found["opened"], found["undecided"]) == (3 * LEAST, LEAST)
    assert (found["first_contact_rate"].of, found["first_contact_rate"].value) == (2 * LEAST, 0.5)


async def test_a_cause_has_its_share_of_all_touches_of_the_period(db: Database, connection: asyncpg.Connection) -> None:
    of = await case(connection)
    for number in range(LEAST):
        await touch(connection, of, number=number + 1, cause="missing_document" if number else "status")
    found = await march(db, "touches", "cause")
    assert (row(found, "status")["share"].of, row(found, "status")["share"].value) == (LEAST, 1 / LEAST)
    assert row(found, "missing_document")["share"].value == (LEAST - 1) / LEAST
    assert whole(found)["share"].value == 1


async def test_what_a_solution_cost_is_counted_over_those_that_are_solved(
    db: Database, connection: asyncpg.Connection
) -> None:
    for _ in range(LEAST):
        await case(connection, touches=2)
        await case(connection, touches=6, closed_by="silence")
    found = whole(await march(db, "cases"))
    assert (found["touches_per_case"], found["touches_per_solved_case"]) == (4, 2)


async def test_over_the_budget_is_whoever_reached_it_once_or_twice(
    db: Database, connection: asyncpg.Connection
) -> None:
    for alarmed in (0, 1, 2):
        await case(connection, alarmed=alarmed)
    assert whole(await march(db, "cases"))["over_budget"] == 2
