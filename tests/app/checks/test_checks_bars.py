"""Whom a customer must never meet does not look at their work either, whichever of their names or cases the bar was made for."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import take
from app.actions.customers.merge import merge_customers
from app.actions.customers.proxies import name_proxy
from app.actions.representatives.bar import Whose, bar
from app.errors import Forbidden
from channels.base import Person
from tests.app.checks.test_checks import check_of, checked, served
from tests.app.checks.test_checks_who import seen
from tests.shift import Shift, person

ALI = Person(name="Ali", email="ali@example.test")


async def two(shift: Shift, other: Person | None) -> tuple[UUID, UUID, list[UUID]]:
    """A claim of Sana's that Ayesha serves, a case that was taken into it, and whose they are."""
    await checked(shift, {})
    contact, case = await served(shift, channel="email")
    taken = await shift.arrive("email", person=other) if other is not None else await shift.arrive()
    people = [(await shift.row(each))["customer_id"] for each in (contact, taken)]
    if other == ALI:
        await shift.do(name_proxy, *people, relation="child", consent="in_person")
    return case, (await shift.case(taken))["id"], people


async def hers(shift: Shift, case: UUID) -> UUID:
    """The check of what Ayesha did about it."""
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    found: UUID = (await check_of(shift, case))["id"]
    return found


async def kept_from_chandra(shift: Shift, check: UUID) -> None:
    assert await seen(shift, "chandra") == []
    with pytest.raises(Forbidden) as caught:
        await shift.do(take, check, actor=person("chandra"))
    assert caught.value.code == "not_qualified"
    assert await seen(shift, "farid") == [check]
    await shift.do(take, check, actor=person("farid"))


async def test_who_is_barred_from_a_case_that_was_taken_in(shift: Shift) -> None:
    case, visit, _ = await two(shift, None)
    await shift.do(bar, Whose(case_id=visit), "chandra", reason="complaint")
    await shift.do(merge, case, visit, reason=None)
    await kept_from_chandra(shift, await hers(shift, case))


async def test_who_is_barred_from_the_customer_of_a_case_that_was_taken_in(shift: Shift) -> None:
    case, letter, (_, ali) = await two(shift, ALI)
    await shift.do(bar, Whose(customer_id=ali), "chandra", reason="complaint")
    await shift.do(merge, case, letter, reason=None)
    await kept_from_chandra(shift, await hers(shift, case))


@pytest.mark.parametrize("survives", [0, 1])
async def test_who_is_barred_from_the_customer_by_another_name_of_theirs(shift: Shift, survives: int) -> None:
    case, _, people = await two(shift, Person(name="S. Malik", email="sm@example.test"))
    await shift.do(bar, Whose(customer_id=people[1]), "chandra", reason="complaint")
    await shift.do(merge_customers, people[survives], people[1 - survives], reason=None)
    await kept_from_chandra(shift, await hers(shift, case))


async def test_a_bar_of_another_matter_or_person_keeps_nobody_from_looking(shift: Shift) -> None:
    case, letter, (_, ali) = await two(shift, ALI)
    await shift.do(bar, Whose(case_id=letter), "chandra", reason="complaint")
    await shift.do(bar, Whose(customer_id=ali), "chandra", reason="complaint")
    check = await hers(shift, case)
    assert await seen(shift, "chandra") == [check]
    await shift.do(take, check, actor=person("chandra"))
