"""Who may speak for a customer, with their consent on record."""

from __future__ import annotations

from typing import Any

import pytest

from app.actions.cases.merge import merge
from app.actions.customers.merge import merge_customers
from app.actions.customers.proxies import AT_MOST, end_proxy, name_proxy
from app.errors import Conflict, Invalid, NotFound
from channels.base import Person, Wrote
from tests.app.cases.test_cases import case_of
from tests.app.customers.test_merges_customers import customer_of
from tests.shift import Shift

CHILD = Person(name="Bushra", email="bushra@example.test")
PARENT = Person(name="Amina", email="amina@example.test")
NOTED: dict[str, Any] = {"relation": "child", "consent": "in_person"}


async def test_a_child_speaks_for_a_parent_who_agreed_until_it_ends(shift: Shift) -> None:
    letter = await shift.arrive("email", person=PARENT)
    other = await shift.arrive("email", person=CHILD)
    parent, child = await customer_of(shift, letter), await customer_of(shift, other)
    reference = (await shift.fetch("SELECT reference FROM message WHERE interaction_id = $1", letter))[0]["reference"]

    async def answer(name: str) -> object:
        wrote = Wrote(ref=name, contact=name, content=name, body="For her", references=(reference,), person=CHILD)
        return (await shift.take("email", wrote)).interaction_id

    assert await answer("<0>") != letter
    notes = [await shift.do(name_proxy, parent, child, **NOTED) for _ in range(2)]
    assert notes[0].id == notes[1].id
    assert await answer("<1>") == letter
    for _ in range(2):
        await shift.do(end_proxy, parent, notes[0].id)
    assert await answer("<2>") != letter
    assert await shift.story(parent) == ["proxy_named", "proxy_ended"]
    told = (await shift.fetch("SELECT data FROM event WHERE kind = 'proxy_named'"))[0]["data"]
    assert told == {"proxy": str(notes[0].id), "customer": str(child), **NOTED}


async def test_cases_of_one_who_speaks_for_the_other_may_be_one(shift: Shift) -> None:
    letter, other = await shift.arrive("email", person=PARENT), await shift.arrive("email", person=CHILD)
    pair = await case_of(shift, letter), await case_of(shift, other)
    with pytest.raises(Conflict):
        await shift.do(merge, *pair, reason=None)
    await shift.do(name_proxy, await customer_of(shift, letter), await customer_of(shift, other), **NOTED)
    await shift.do(merge, *pair, reason=None)


async def test_nobody_is_their_own_proxy_and_a_note_belongs_to_one_customer(shift: Shift) -> None:
    parent = await customer_of(shift, await shift.arrive("email", person=PARENT))
    child = await customer_of(shift, await shift.arrive("email", person=CHILD))
    note = await shift.do(name_proxy, parent, child, **NOTED)
    with pytest.raises(Invalid):
        await shift.do(name_proxy, parent, parent, **NOTED)
    with pytest.raises(NotFound):
        await shift.do(end_proxy, child, note.id)


async def test_a_note_stands_and_ends_for_whoever_the_customer_was_found_to_be(shift: Shift) -> None:
    parent, child, same = [
        await customer_of(shift, await shift.arrive("email", person=person))
        for person in (PARENT, CHILD, Person(name="Amina Bibi", email="bibi@example.test"))
    ]
    note = await shift.do(name_proxy, parent, child, **NOTED)
    await shift.do(merge_customers, same, parent, reason=None)
    assert (await shift.do(name_proxy, same, child, **NOTED)).id == note.id, "one note for two people"
    assert (await shift.do(end_proxy, same, note.id)).ended_at is not None
    assert await shift.story(same) == ["absorbed", "proxy_ended"]


async def test_only_so_many_speak_for_one(shift: Shift) -> None:
    parent = await customer_of(shift, await shift.arrive("email", person=PARENT))
    for number in range(AT_MOST + 1):
        child = Person(email=f"c{number}@example.test")
        named = await customer_of(shift, await shift.arrive("email", person=child))
        if number < AT_MOST:
            await shift.do(name_proxy, parent, named, **NOTED)
            continue
        with pytest.raises(Conflict) as refused:
            await shift.do(name_proxy, parent, named, **NOTED)
        assert refused.value.code == "too_many_proxies"
