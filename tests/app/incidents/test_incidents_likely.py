"""Who is likely touched by an incident and has not called is one person, by whatever names they were known."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.customers.merge import merge_customers
from app.actions.incidents.reach import tell
from app.queries.incidents.reach import likely
from app.tables import Incident
from tests.app.incidents.test_incidents import declare, house, letter, spread
from tests.shift import Shift
from tests.solving import row, tend

__all__ = ["house"]


async def listed(shift: Shift, incident: Incident) -> list[dict[str, Any]]:
    async with shift.db.reading() as session:
        items, _ = await likely(session, incident.id, after=None, limit=10)
    return items


async def customer_of(shift: Shift, case: UUID) -> UUID:
    found: UUID = (await row(shift, case))["customer_id"]
    return found


async def two_names(shift: Shift, survives: int) -> tuple[list[UUID], list[UUID]]:
    """Two customers with a case each who are found to be one person: the cases, and the one that survives first."""
    cases = [await letter(shift, name) for name in ("asha", "a.rao")]
    people = [await customer_of(shift, case) for case in cases]
    if survives:
        people.reverse()
    await shift.do(merge_customers, *people, reason=None)
    await shift.pass_time(86_400)
    return cases, people


@pytest.mark.parametrize("survives", [0, 1])
async def test_they_are_listed_once_with_their_newest_case(shift: Shift, survives: int) -> None:
    cases, people = await two_names(shift, survives)
    found = await listed(shift, await declare(shift))
    assert [(each["customer_id"], each["case_id"]) for each in found] == [(people[0], cases[1])]


@pytest.mark.parametrize("survives", [0, 1])
@pytest.mark.parametrize("caller", ["asha", "a.rao"])
async def test_who_has_called_by_one_name_has_called(shift: Shift, survives: int, caller: str) -> None:
    cases = [await letter(shift, name) for name in ("asha", "a.rao")]
    await shift.pass_time(86_400)
    incident = await declare(shift)
    await letter(shift, caller)
    await tend(shift)
    await spread(shift)
    people = [await customer_of(shift, case) for case in cases]
    await shift.do(merge_customers, people[survives], people[1 - survives], reason=None)
    assert await listed(shift, incident) == []


async def test_who_was_told_before_they_were_one_is_shown_as_told(shift: Shift) -> None:
    cases = [await letter(shift, name) for name in ("asha", "a.rao")]
    people = [await customer_of(shift, case) for case in cases]
    await shift.pass_time(86_400)
    incident = await declare(shift)
    assert await shift.do(tell, incident.id, [people[1]]) == ([people[1]], [])
    await shift.do(merge_customers, *people, reason=None)
    (found,) = await listed(shift, incident)
    assert (found["customer_id"], found["told_at"] is not None) == (people[0], True)
    assert await shift.do(tell, incident.id, people) == ([people[0]], []), "and is not told again"
    assert len(await shift.fetch("SELECT FROM outbox WHERE dedupe_key LIKE '%incident_reach:%'")) == 1
