"""Each place that keeps words, names or numbers of people, filled by itself: who is forgotten is found in none of them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest

from app.actions.customers.proxies import name_proxy
from app.db import uuid7
from channels.base import Person
from tests.app.customers.test_erasure import customer_of, everything, forgotten, served
from tests.shift import Shift

SECRET: Final = "nobody-reads-this"
OF_THE_CASE: Final = "WHERE case_id = (SELECT case_id FROM interaction WHERE id = $1)"
PLACES: Final = {
    "interaction.subject": ("interaction", "'{0}'", "WHERE id = $1"),
    "interaction.contact": ("interaction", "'{0}'", "WHERE id = $1"),
    "interaction.reply_to": ("interaction", "'{0}'", "WHERE id = $1"),
    "interaction.attributes": ("interaction", """'{{"said": "{0}"}}'""", "WHERE id = $1"),
    "interaction.head_start_reasons": ("interaction", "ARRAY['{0}']", "WHERE id = $1"),
    "message.subject": ("message", "'{0}'", "WHERE interaction_id = $1"),
    "message.body": ("message", "'{0}'", "WHERE interaction_id = $1"),
    "message.reference": ("message", "'{0}'", "WHERE interaction_id = $1"),
    "message.attributes": ("message", """'{{"from": "{0}"}}'""", "WHERE interaction_id = $1"),
    "outbox.recipient": ("outbox", "'{0}'", "WHERE interaction_id = $1"),
    "outbox.payload": ("outbox", """'{{"body": "{0}"}}'""", "WHERE interaction_id = $1"),
    "case.subject": ('"case"', "'{0}'", "WHERE id = (SELECT case_id FROM interaction WHERE id = $1)"),
    "case.token": ('"case"', "'{0}'", "WHERE id = (SELECT case_id FROM interaction WHERE id = $1)"),
    "case.page_token": ('"case"', "'{0}'", "WHERE id = (SELECT case_id FROM interaction WHERE id = $1)"),
    "promise.words": ("promise", "'{0}'", OF_THE_CASE),
    "survey.words": ("survey", "'{0}'", OF_THE_CASE),
    "document.name": ("document", "'{0}'", OF_THE_CASE),
    "document.content": ("document", "'{0}'", OF_THE_CASE),
    "second_check.comment": ("second_check", "'{0}'", OF_THE_CASE),
    "customer.name": ("customer", "'{0}'", "WHERE id = (SELECT customer_id FROM interaction WHERE id = $1)"),
    "customer.needs": ("customer", "ARRAY['{0}']", "WHERE id = (SELECT customer_id FROM interaction WHERE id = $1)"),
    "identity.value": ("identity", "'{0}'", "WHERE customer_id = (SELECT customer_id FROM interaction WHERE id = $1)"),
}
"""By name: the table, the value, and which rows are theirs."""


async def looked_at(shift: Shift, contact: UUID) -> None:
    """A second person has said what they think of it."""
    await shift.execute(
        """INSERT INTO second_check (id, case_id, before, state, requested_at, due_at, decided_at, checker, reason)
        SELECT $1, case_id, 'resolution', 'passed', wall_clock(), wall_clock(), wall_clock(), 'chandra', 'share'
        FROM interaction WHERE id = $2""",
        uuid7(), contact,
    )  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_who_is_forgotten_is_found_in_no_place_that_keeps_words(shift: Shift, place: str) -> None:
    contact = await served(shift)
    await looked_at(shift, contact)
    table, value, theirs = PLACES[place]
    column = place.partition(".")[2]
    await shift.execute(f"UPDATE {table} SET {column} = {value.format(SECRET)} {theirs}", contact)
    before = await everything(shift)
    assert SECRET in before or SECRET.encode().hex() in before, "it was there"
    await forgotten(shift, await customer_of(shift, contact))
    after = await everything(shift)
    assert SECRET not in after
    assert SECRET.encode().hex() not in after


async def test_nobody_speaks_for_who_is_forgotten_and_they_speak_for_nobody(shift: Shift) -> None:
    mine = await customer_of(shift, await served(shift))
    people = [Person(name=name, email=f"{name}@example.test") for name in ("ali", "bano")]
    child, parent = [await customer_of(shift, await shift.arrive("email", person=each)) for each in people]
    for whose, who in ((mine, child), (parent, mine), (parent, child)):
        await shift.do(name_proxy, whose, who, relation="child", consent="in_person")
    await forgotten(shift, mine)
    left = await shift.fetch("SELECT customer_id, proxy_id FROM proxy WHERE ended_at IS NULL")
    assert [tuple(row) for row in left] == [(parent, child)]
