"""The matters of somebody who was forgotten end: nobody is left who could answer, and they count as solved nowhere."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from app.actions.cases.awaiting import await_customer
from app.actions.cases.merge import merge
from app.actions.cases.reopen import reopen_by_hand
from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.customers.erase import ask_erasure
from app.db import now
from app.errors import Conflict
from app.loops.erasing import Erasing
from app.queries.reports import Wish, period
from app.queries.reports.cases import cases
from app.queries.reports.first_contact import first_contact
from app.tables import Case
from tests.app.customers.test_erasure import forgotten
from tests.app.reports.test_reports import whole
from tests.moving import turns
from tests.ruling import document, rule
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import DAY, SANA, fire, letters, row, served, surveys, tend


async def of(shift: Shift, contact: UUID) -> tuple[UUID, UUID]:
    """Whose it is, and the case."""
    return (await shift.row(contact))["customer_id"], (await shift.case(contact))["id"]


async def ended(shift: Shift, case: UUID) -> None:
    found = await row(shift, case)
    assert (found["state"], found["closed_by"], found["outcome"]) == ("closed", "not_asked", "erased")
    assert (found["resolved_at"], found["resolved_by"]) == (None, None)
    story = await shift.story(case)
    assert story[story.index("resolved") :][:2] == ["resolved", "not_asked"]
    assert "promise_kept" not in story


@pytest.mark.parametrize("waits", [False, True], ids=["open", "awaiting the customer"])
async def test_what_was_open_is_closed_as_not_asked_and_nobody_is_written_to(shift: Shift, waits: bool) -> None:
    customer, case = await of(shift, await served(shift))
    await tend(shift)
    if waits:
        async with shift.db.session() as session:
            found = await session.get_one(Case, case)
            await await_customer(session, found, cause="document", actor=SUPERVISOR, now=await now(session))
    await forgotten(shift, customer)
    await ended(shift, case)
    for _ in range(2):
        await tend(shift)
        await fire(shift)
    await ended(shift, case)
    assert (await surveys(shift, case), await letters(shift, "survey")) == ([], [])
    await shift.sound()


async def test_what_a_second_person_looked_at_is_closed_too(shift: Shift) -> None:
    said = {"checks": [{"before": "resolution"}]}
    await rule(shift.db, shift.intake, document(resolution=said))
    customer, case = await of(shift, await served(shift))
    await tend(shift)
    await shift.do(resolve, case, outcome="mended", actor=person("esther"))
    assert (await row(shift, case))["state"] == "checking"
    await forgotten(shift, customer)
    await ended(shift, case)


async def test_what_is_still_served_stays_open_until_that_is_over(shift: Shift) -> None:
    contact = await shift.arrive("email", person=SANA)
    await shift.serve(contact)
    customer, case = await of(shift, contact)
    await shift.do(ask_erasure, customer)
    for _ in range(3):
        await turns(Erasing(shift.db))
    assert (await row(shift, case))["state"] == "open"
    await shift.do(complete, contact, outcome=None)
    await forgotten(shift, customer)
    await ended(shift, case)


async def test_what_was_taken_in_is_spoken_for_by_the_case_that_survives(shift: Shift) -> None:
    first, second = await served(shift), await served(shift)
    (customer, survivor), (_, merged) = await of(shift, first), await of(shift, second)
    await shift.do(merge, survivor, merged, reason=None)
    await forgotten(shift, customer)
    await ended(shift, survivor)
    assert "resolved" not in await shift.story(merged)


async def test_it_is_solved_in_no_report_and_never_opened_again(shift: Shift) -> None:
    customer, case = await of(shift, await served(shift))
    await tend(shift)
    await forgotten(shift, customer)
    with pytest.raises(Conflict) as caught:
        await shift.do(reopen_by_hand, case, reason="other", words=None)
    assert caught.value.code == "reopening_over"
    await shift.pass_time(30 * DAY)
    async with shift.db.reading() as session:
        at = await now(session)
        days = await period(session, at.date() - timedelta(days=40), at.date(), office=None, now=at)
        wish = Wish(by="request_type", period=days, only={}, total=True)
        closed, first = await cases(session, wish), await first_contact(session, wish, now=at)
    found = whole(closed)
    assert (found["closed"], found["solved"], found["silent"], found["not_asked"]) == (1, 0, 0, 1)
    assert whole(first)["first_contact"] == 0
