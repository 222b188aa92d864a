"""What a representative may read goes with the matter and the person, by whatever ids these go; and nothing besides."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.describe import describe_case
from app.actions.cases.merge import merge
from app.actions.contacts.complete import complete
from app.actions.customers.merge import merge_customers
from app.actions.offers.expire import expire
from app.errors import NotFound
from app.queries import interactions
from app.queries.cases.cases import one
from app.queries.interactions import Filters
from app.queries.readers import may_change_case, may_see_case, may_see_customer
from channels.base import Person
from tests.shift import Shift, person
from tests.solving import SANA, served

OTHER = Person(name="S. Malik", email="sm@example.test")


async def case_of(shift: Shift, contact: UUID) -> UUID:
    found: UUID = (await shift.case(contact))["id"]
    return found


async def reads(shift: Shift, who: str) -> list[UUID]:
    """The contacts on their list, oldest first; each of them can be opened, too, and no other."""
    async with shift.db.reading() as session:
        items, _ = await interactions.page(session, Filters(), reader=who, after=None, limit=200)
        listed = sorted(item["id"] for item in items)
        for row in await shift.fetch("SELECT id FROM interaction"):
            try:
                await interactions.one(session, row["id"], reader=who)
                opened = True
            except NotFound:
                opened = False
            assert opened == (row["id"] in listed), "a list shows what can be opened, and the other way round"
    return listed


async def test_the_owner_of_a_case_reads_it_and_may_change_it_though_they_never_served_it(shift: Shift) -> None:
    contact, other = await served(shift, code="esther"), await shift.arrive()
    case = await case_of(shift, contact)
    assert await reads(shift, "farid") == []
    await shift.do(describe_case, case, {"owner": "farid"})
    async with shift.db.reading() as session:
        assert (await one(session, case, reader="farid"))["owner"] == "farid"
        assert await may_change_case(session, case, reader="farid") == [case]
        for refused in (case, await case_of(shift, other)):
            with pytest.raises(NotFound):
                await may_see_case(session, refused, reader="bilal")
        with pytest.raises(NotFound):
            await may_see_case(session, await case_of(shift, other), reader="farid")
    assert await reads(shift, "farid") == [contact]
    await shift.do(describe_case, case, {"owner": "ayesha"})
    async with shift.db.reading() as session:
        with pytest.raises(NotFound):
            await one(session, case, reader="farid")
    assert await reads(shift, "farid") == []


async def test_who_owns_one_case_of_a_customer_reads_no_other_of_theirs(shift: Shift) -> None:
    mine, other = await served(shift), await served(shift)
    await shift.do(describe_case, await case_of(shift, mine), {"owner": "farid"})
    customer = (await shift.row(mine))["customer_id"]
    async with shift.db.reading() as session:
        with pytest.raises(NotFound):
            await may_see_case(session, await case_of(shift, other), reader="farid")
        with pytest.raises(NotFound):
            await may_see_customer(session, customer, reader="farid")
    assert await reads(shift, "farid") == [mine]


@pytest.mark.parametrize("survives", [0, 1])
async def test_who_served_a_case_reads_the_contacts_of_what_it_was_merged_with(shift: Shift, survives: int) -> None:
    """A visit of nobody known, which only the case can lead to."""
    letter, visit = await shift.arrive("email", person=SANA), await shift.arrive()
    await shift.serve(visit, "farid")
    await shift.do(complete, visit, outcome=None, actor=person("farid"))
    assert await reads(shift, "farid") == [visit]
    cases = [await case_of(shift, each) for each in (letter, visit)]
    await shift.do(merge, cases[survives], cases[1 - survives], reason=None)
    assert await reads(shift, "farid") == sorted([letter, visit])


async def test_who_served_a_customer_reads_a_visit_that_was_taken_into_another_case_of_theirs(shift: Shift) -> None:
    served_one = await served(shift, code="farid")
    letter, visit = await shift.arrive("email", person=SANA), await shift.arrive()
    assert await reads(shift, "farid") == sorted([served_one, letter])
    await shift.do(merge, await case_of(shift, letter), await case_of(shift, visit), reason=None)
    assert await reads(shift, "farid") == sorted([served_one, letter, visit])


@pytest.mark.parametrize("survives", [0, 1])
async def test_who_served_a_customer_reads_what_they_said_by_another_name(shift: Shift, survives: int) -> None:
    mine, other = await served(shift, code="farid"), await shift.arrive("email", person=OTHER)
    stranger = await shift.arrive("email", person=Person(name="Ali", email="ali@example.test"))
    assert await reads(shift, "farid") == [mine]
    people = [(await shift.row(each))["customer_id"] for each in (mine, other)]
    await shift.do(merge_customers, people[survives], people[1 - survives], reason=None)
    assert await reads(shift, "farid") == sorted([mine, other])
    assert stranger not in await reads(shift, "farid")


async def test_what_an_offer_showed_is_gone_with_it_in_the_whole_family(shift: Shift) -> None:
    letter, visit = await shift.arrive("email", person=SANA), await shift.arrive()
    await shift.do(merge, await case_of(shift, letter), await case_of(shift, visit), reason=None)
    await shift.offer(letter, "farid")
    assert await reads(shift, "farid") == sorted([letter, visit])
    await shift.execute("UPDATE assignment SET expires_at = wall_clock() WHERE ended_at IS NULL")
    async with shift.db.transaction() as connection:
        await expire(connection, limit=10)
    assert await reads(shift, "farid") == []
