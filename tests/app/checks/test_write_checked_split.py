"""An answer that is held while its contact is put on another case: it never leaves in the old one's name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.split import move, split
from app.actions.checks.decide import approve, take
from app.actions.contacts.write import write
from app.errors import Conflict
from app.loops.tending import Tending
from channels.base import Person
from tests.moving import turns
from tests.ruling import document, rule
from tests.shift import Shift, person

SANA = Person(name="Sana Iqbal", email="sana@example.test")


async def held(shift: Shift, **more: Any) -> tuple[UUID, UUID, UUID]:
    """Two letters on a case; the answer to the second waits for a second person. The case, that letter, its check."""
    said = {"request_types": {"claim": {"checks": [{"before": "message"}]}}}
    await rule(shift.db, shift.intake, document(resolution=said))
    case = (await shift.case(await shift.arrive("email", "claim", person=SANA)))["id"]
    second = await shift.arrive("email", "claim", person=SANA, case_id=case)
    await shift.serve(second, "ayesha")
    await turns(Tending(shift.db))
    answered = {"direction": "out", "subject": None, "body": "It is mended", "actor": person("ayesha"), **more}
    message = await shift.do(write, second, **answered)
    await turns(Tending(shift.db))
    return case, second, UUID(message.attributes["held"])


async def withdrawn(shift: Shift, second: UUID, check: UUID) -> None:
    with pytest.raises(Conflict) as caught:
        await shift.do(take, check, actor=person("chandra"))
    assert caught.value.code == "check_withdrawn"
    assert await shift.commands(second) == []
    told = await shift.fetch("SELECT kind, representative FROM alarm")
    assert [(row["kind"], row["representative"]) for row in told] == [("check_withdrawn", "ayesha")]


@pytest.mark.parametrize("taken", [False, True])
async def test_a_contact_that_is_split_off_takes_its_held_answer_out_of_the_check(shift: Shift, taken: bool) -> None:
    case, second, check = await held(shift)
    if taken:
        await shift.do(take, check, actor=person("chandra"))
    await shift.do(split, case, [second], reason=None)
    await turns(Tending(shift.db))
    await withdrawn(shift, second, check)
    (old,) = await shift.fetch('SELECT state FROM "case" WHERE id = $1', case)
    assert old["state"] == "open", "of the first nothing is looked at any more"
    again = await shift.do(write, second, direction="out", subject=None, body="It is mended", actor=person("ayesha"))
    anew = UUID(again.attributes["held"])
    await shift.do(take, anew, actor=person("chandra"))
    await shift.do(approve, anew, actor=person("chandra"))
    (sent,) = await shift.commands(second)
    assert sent["payload"]["case_token"] == (await shift.case(second))["token"]


async def test_what_is_looked_at_besides_goes_on(shift: Shift) -> None:
    case, second, check = await held(shift)
    first = (await shift.fetch("SELECT id FROM interaction WHERE case_id = $1 AND id <> $2", case, second))[0]["id"]
    await shift.serve(first, "esther")
    message = await shift.do(write, first, direction="out", subject=None, body="Soon", actor=person("esther"))
    other = await shift.arrive("email", "claim", person=SANA)
    await turns(Tending(shift.db))
    await shift.do(move, second, (await shift.case(other))["id"], reason=None)
    await withdrawn(shift, second, check)
    assert (await shift.case(first))["state"] == "checking"
    kept = UUID(message.attributes["held"])
    await shift.do(take, kept, actor=person("chandra"))
    await shift.do(approve, kept, actor=person("chandra"))
    assert (await shift.case(first))["state"] == "open"


async def test_who_was_waited_for_is_waited_for_again(shift: Shift) -> None:
    case, second, check = await held(shift)
    await shift.execute('UPDATE second_check SET data = data || \'{"waited": "still_waiting"}\' WHERE id = $1', check)
    await shift.do(split, case, [second], reason=None)
    (old,) = await shift.fetch('SELECT state FROM "case" WHERE id = $1', case)
    assert old["state"] == "awaiting_customer"
