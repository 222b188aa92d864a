"""Touches as the log is followed: what is written, why, and who is told when it is too often."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from app.actions.cases.awaiting import await_customer
from app.actions.cases.describe import describe_case
from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.line.requeue import come_back, transfer
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.actions.touches.causes import set_cause
from app.db import now
from app.errors import NotFound
from app.loops.tending import Tending
from app.security import SYSTEM
from app.tables import Case
from channels.base import Wrote
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person

BUDGET: Final = {"resolution": {"touches": 2, "causes": [{"cause": "bill", "words": ["bill"]}]}}


async def tend(shift: Shift) -> None:
    await turns(Tending(shift.db))


async def touches(shift: Shift, case: UUID) -> list[tuple[Any, ...]]:
    rows = await shift.fetch(
        "SELECT number, kind, cause, caused_by FROM touch WHERE case_id = $1 ORDER BY number", case
    )
    return [tuple(row) for row in rows]


async def causes(shift: Shift, case: UUID) -> list[str]:
    await tend(shift)
    return [cause for _, _, cause, _ in await touches(shift, case)]


async def case_row(shift: Shift, case: UUID) -> asyncpg.Record:
    (row,) = await shift.fetch('SELECT * FROM "case" WHERE id = $1', case)
    return row


async def begin(shift: Shift, channel: str = "email", **more: Any) -> tuple[UUID, UUID]:
    """A first contact and its case."""
    contact = await shift.arrive(channel, **more)
    case = (await shift.row(contact))["case_id"]
    return contact, case


async def again(shift: Shift, case: UUID, **more: Any) -> UUID:
    """The customer comes again about the same matter."""
    return await shift.arrive("email", case_id=case, **more)


async def say_rules(shift: Shift, **more: Any) -> None:
    draft = await shift.do(rules.draft, document(**{**BUDGET, **more}))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()


async def test_the_first_contact_is_no_touch_and_every_one_after_it_is(shift: Shift) -> None:
    _, case = await begin(shift)
    assert await causes(shift, case) == []
    await again(shift, case)
    await again(shift, case)
    await tend(shift)
    assert await touches(shift, case) == [(1, "contact", "repeat", "rule"), (2, "contact", "repeat", "rule")]
    assert (await case_row(shift, case))["touches"] == 2
    assert [kind for kind in await shift.story(case) if kind == "touched"] == ["touched"] * 2


async def test_a_contact_of_another_matter_is_none(shift: Shift) -> None:
    _, case = await begin(shift)
    await begin(shift)
    assert await causes(shift, case) == []


async def test_a_message_to_an_open_contact_is_one_and_a_machines_is_not(shift: Shift) -> None:
    contact, case = await begin(shift)
    token = (await shift.case(contact))["token"]
    for name, automatic in (("two", False), ("three", True)):
        letter = Wrote(ref=name, contact=name, content=name, body="Hello?", case_token=token, automatic=automatic)
        await shift.take("email", letter)
    await tend(shift)
    assert await touches(shift, case) == [(1, "message", "repeat", "rule")]


async def test_a_machines_letter_that_joins_is_none(shift: Shift) -> None:
    _, case = await begin(shift)
    letter = Wrote(ref="out", contact="out", content="out", body="Away", language="en", automatic=True)
    await shift.take("email", letter, case_id=case)
    assert await causes(shift, case) == []


async def test_a_redial_that_keeps_its_place_is_none(shift: Shift) -> None:
    contact = await shift.bring("abandoned")
    case = (await shift.row(contact))["case_id"]
    await shift.do(come_back, contact)
    assert await causes(shift, case) == []


async def test_an_answer_counts_only_where_it_asks_for_something(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Thank you", actor=person("esther"))
    assert await causes(shift, case) == []
    await shift.do(
        write, contact, direction="out", subject=None, body="The bill?", asks="missing_document", actor=person("esther")
    )
    assert await causes(shift, case) == ["missing_document"]
    await again(shift, case)
    assert await causes(shift, case) == ["missing_document", "missing_document"]
    (row,) = await shift.fetch("SELECT kind, representative FROM touch WHERE number = 1")
    assert tuple(row) == ("asked", "esther")


async def test_who_was_answered_asks_how_it_stands(shift: Shift) -> None:
    contact, case = await begin(shift, "walk_in")
    await shift.serve(contact)
    await shift.do(complete, contact, outcome=None)
    await again(shift, case)
    await again(shift, case)
    assert await causes(shift, case) == ["status", "repeat"], "the second was not answered in between"


async def test_who_was_handed_on_twice_was_handed_to_the_wrong_ones(shift: Shift) -> None:
    contact, case = await begin(shift)
    for queue in ("claims", "technical"):
        await shift.do(transfer, contact, queue=queue, representative=None, reason=None)
    await again(shift, case)
    assert await causes(shift, case) == ["wrong_hand_over"]


async def test_a_case_that_was_called_solved_and_is_not(shift: Shift) -> None:
    contact, case = await begin(shift)
    await tend(shift)
    await shift.serve(contact)
    await shift.do(complete, contact, outcome=None)
    await shift.do(resolve, case, outcome="refunded", root_cause=None)
    await again(shift, case)
    assert await causes(shift, case) == ["not_solved"]


async def test_they_come_with_what_was_awaited(shift: Shift) -> None:
    _, case = await begin(shift)
    async with shift.db.session() as session:
        row = await locked(session, Case, case)
        await await_customer(session, row, cause="photo", actor=SYSTEM, now=await now(session))
    await again(shift, case)
    assert await causes(shift, case) == ["photo"]


async def test_the_houses_words_say_the_cause(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await again(shift, case, body="About my BILL again")
    assert await causes(shift, case) == ["bill"]


async def test_at_the_budget_the_owner_is_told_and_at_twice_the_supervisors_own_it(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    await shift.serve(contact, "ayesha")
    told: list[Any] = []
    for count in range(1, 6):
        await again(shift, case)
        await tend(shift)
        rows = await shift.fetch(
            "SELECT representative, data FROM alarm WHERE kind = 'touch_budget' ORDER BY raised_at"
        )
        told = [(row["representative"], row["data"]["touches"]) for row in rows]
        assert told == [("ayesha", 2), (None, 4)][: min(2, count // 2)]
    row = await case_row(shift, case)
    assert (row["supervised"], row["owner"], row["alarmed"], row["touches"]) == (True, None, 2, 5)
    owned = await shift.fetch("SELECT data FROM event WHERE kind = 'owned' ORDER BY seq")
    assert owned[-1]["data"] == {"supervised": True, "reason": "touches", "before": "ayesha"}
    assert len(told) == 2


async def test_nobody_owns_a_supervised_case_by_accepting_it(shift: Shift) -> None:
    await say_rules(shift)
    contact, case = await begin(shift)
    for _ in range(4):
        await again(shift, case)
    await tend(shift)
    await shift.serve(contact, "ayesha")
    await tend(shift)
    assert (await case_row(shift, case))["owner"] is None


async def test_an_alarm_of_a_case_that_nobody_owns_is_the_supervisors(shift: Shift) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await again(shift, case)
    await again(shift, case)
    await tend(shift)
    assert [row["representative"] for row in await shift.fetch("SELECT representative FROM alarm")] == [None]


@pytest.mark.parametrize("batch", [1, 3, 200])
async def test_however_the_log_is_cut_the_touches_are_the_same(shift: Shift, batch: int) -> None:
    contact, case = await begin(shift)
    await again(shift, case)
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="?", asks="photo", actor=person("esther"))
    await again(shift, case)
    chore = Tending(shift.db)
    chore.batch = chore._limit = batch  # type: ignore[misc]
    await turns(chore)
    assert [cause for _, _, cause, _ in await touches(shift, case)] == ["repeat", "photo", "photo"]


async def test_a_person_who_knows_better_says_the_cause_and_the_log_keeps_both(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.serve(contact)
    await again(shift, case)
    await tend(shift)
    await shift.do(set_cause, case, 1, cause="rude", actor=person("esther"))
    touch = await shift.do(set_cause, case, 1, cause="rude", actor=person("esther"))
    assert (touch.cause, touch.caused_by) == ("rude", "representative:esther")
    said = await shift.fetch("SELECT data FROM event WHERE kind = 'described'")
    assert [row["data"] for row in said] == [{"touch": 1, "cause": "rude", "was": "repeat"}]


async def test_who_never_saw_a_case_says_nothing_of_its_touches(shift: Shift) -> None:
    _, case = await begin(shift)
    await again(shift, case)
    await tend(shift)
    with pytest.raises(NotFound):
        await shift.do(set_cause, case, 1, cause="rude", actor=person("bilal"))
    with pytest.raises(NotFound, match="no touch 2"):
        await shift.do(set_cause, case, 2, cause="rude")


async def test_what_it_has_cost_so_far_is_held_against_the_budget_of_what_it_is_said_to_be_about(shift: Shift) -> None:
    said = {"touches": 4, "request_types": {"claim": {"touches": 2}}}
    draft = await shift.do(rules.draft, document(resolution=said))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()
    _, case = await begin(shift)
    for _ in range(2):
        await again(shift, case)
    await tend(shift)
    assert await shift.fetch("SELECT FROM alarm") == []
    await shift.do(describe_case, case, {"product": "oven"})
    await tend(shift)
    assert await shift.fetch("SELECT FROM alarm") == []
    await shift.do(describe_case, case, {"request_type": "claim"})
    await tend(shift)
    (told,) = await shift.fetch("SELECT kind, data FROM alarm")
    assert (told["kind"], told["data"]) == ("touch_budget", {"touches": 2, "budget": 2})
