"""What we write goes on in the customer's own thread, whichever of the cases that became one it began on."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.actions.contacts.write import write
from app.queries.customers.ways import threads
from app.tables import Message
from tests.shift import Shift, person
from tests.solving import SANA


async def answered(shift: Shift, contact: UUID) -> Message:
    await shift.serve(contact)
    actor = person("esther")
    found: Message = await shift.do(write, contact, direction="out", subject=None, body="We mend it", actor=actor)
    return found


async def merged(shift: Shift) -> tuple[UUID, UUID, UUID]:
    """Two letters about one matter: their contacts, the one of the case that survives first; and that case."""
    first, second = [await shift.arrive("email", person=SANA) for _ in range(2)]
    cases = [(await shift.case(each))["id"] for each in (first, second)]
    await shift.do(merge, *cases, reason=None)
    return first, second, cases[0]


@pytest.mark.parametrize("which", [0, 1])
async def test_an_answer_names_the_letters_of_the_whole_matter(shift: Shift, which: int) -> None:
    contacts = (await merged(shift))[:2]
    letters = [(await shift.row(each))["contact"] for each in contacts]
    await answered(shift, contacts[which])
    (references,) = [
        each["payload"]["references"]
        for each in await shift.commands(contacts[which])
        if each["payload"].get("references")
    ]
    assert references == letters


async def test_a_notice_names_the_letters_of_the_whole_matter(shift: Shift) -> None:
    first, second, case = await merged(shift)
    sent = await answered(shift, second)
    stranger = await shift.arrive("email")
    other = (await shift.case(stranger))["id"]
    async with shift.db.connection() as connection:
        found = await threads(connection, [case, other])
    letters = [(await shift.row(each))["contact"] for each in (first, second, stranger)]
    assert found == {case: [letters[0], letters[1], sent.reference], other: [letters[2]]}
