"""What became one is locked by id, whichever of it survived: whoever waits for one of them holds none that comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.actions.cases.merge import merge
from app.actions.customers.merge import merge_customers
from app.db import Database
from app.intake import Intake
from channels.base import Person
from tests.racing import blocked, holding
from tests.shift import Shift

pytestmark = pytest.mark.races


@pytest.fixture
async def shift(db: Database) -> AsyncIterator[Shift]:
    async with Intake(db) as intake:
        yield Shift(db, intake)


@pytest.mark.parametrize(
    ("table", "column", "join"), [("case", "case_id", merge), ("customer", "customer_id", merge_customers)]
)
async def test_who_waits_for_the_eldest_of_a_family_holds_none_of_the_others(
    shift: Shift, database: str, table: str, column: str, join: object
) -> None:
    people = [Person(name=name, email=f"{name}@example.test") for name in ("ali", "bano", "dilip")]
    letters = [await shift.arrive("email", person=each if table == "customer" else people[0]) for each in people]
    eldest, survivor, third = sorted([(await shift.row(each))[column] for each in letters])
    assert callable(join)
    await shift.do(join, survivor, eldest, reason=None)
    async with holding(database, f'SELECT FROM "{table}" WHERE id = $1 FOR UPDATE', eldest):
        joining = asyncio.create_task(shift.do(join, survivor, third, reason=None))
        await blocked(shift.fetch)
        free = await shift.fetch(f'SELECT id FROM "{table}" ORDER BY id FOR UPDATE SKIP LOCKED')
        assert [row["id"] for row in free] == [survivor, third]
    await joining
