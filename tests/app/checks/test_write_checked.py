"""Answers that a second person looks at before they leave, and answers that ask the customer for something."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, send_back, take
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.errors import Conflict, Forbidden, Invalid
from app.loops.tending import Tending
from channels.base import Person, Wrote
from tests.moving import turns
from tests.ruling import document, rule
from tests.shift import Shift, person

SANA = Person(name="Sana Iqbal", email="sana@example.test")


async def letter(shift: Shift, *checks: dict[str, Any]) -> UUID:
    """A claim by letter that Ayesha serves, under rules with these checks."""
    said = {"request_types": {"claim": {"checks": list(checks)}}}
    await rule(shift.db, shift.intake, document(resolution=said))
    interaction = await shift.arrive("email", "claim", person=SANA)
    await shift.serve(interaction, "ayesha")
    await turns(Tending(shift.db))
    return interaction


async def answer(shift: Shift, interaction: UUID, body: str = "It is mended", **more: Any) -> Any:
    return await shift.do(write, interaction, direction="out", subject=None, body=body, actor=person("ayesha"), **more)


async def held(shift: Shift, interaction: UUID, **more: Any) -> tuple[UUID, UUID]:
    """An answer that waits for a second person: the message and its check."""
    message = await answer(shift, interaction, **more)
    return message.id, UUID(message.attributes["held"])


async def state(shift: Shift, interaction: UUID) -> str:
    found: str = (await shift.case(interaction))["state"]
    return found


async def stored(shift: Shift, message: UUID) -> Any:
    return (await shift.fetch("SELECT * FROM message WHERE id = $1", message))[0]


async def test_an_answer_that_is_checked_does_not_leave_before_it_is_approved(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    message, check = await held(shift, interaction)
    assert await shift.commands(interaction) == []
    assert (await stored(shift, message))["reference"] is None
    assert await state(shift, interaction) == "checking"
    last = await shift.last(interaction)
    assert (last["kind"], last["data"]) == (
        "held", {"message": str(message), "check": str(check), "representative": "ayesha"},
    )  # fmt: skip
    await shift.do(complete, interaction, outcome=None)
    await shift.pass_time(60)
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    (command,) = await shift.commands(interaction)
    assert command["dedupe_key"] == f"replied:{message}"
    row = await stored(shift, message)
    assert (row["reference"] is not None, row["attributes"]) == (True, {"checked": str(check)})
    assert row["at"] == (await shift.last(interaction))["at"], "it was said when it left"
    last = await shift.last(interaction)
    assert (last["kind"], last["data"], last["actor"]) == (
        "answered", {"message": str(message), "check": str(check), "representative": "ayesha"},
        "representative:chandra",
    )  # fmt: skip
    assert await state(shift, interaction) == "open"
    assert (await shift.story((await shift.case(interaction))["id"]))[-3:] == [
        "check_taken", "message_checked", "check_ended",
    ]  # fmt: skip


async def test_what_is_returned_never_leaves_and_its_writer_hears_of_it(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    message, check = await held(shift, interaction)
    with pytest.raises(Forbidden):
        await shift.do(take, check, actor=person("ayesha"))
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(send_back, check, comment="Say when", actor=person("chandra"))
    assert await shift.commands(interaction) == []
    assert (await stored(shift, message))["attributes"]["held"] == str(check)
    assert await state(shift, interaction) == "open"
    alarms = await shift.fetch("SELECT kind, representative FROM alarm")
    assert [tuple(each) for each in alarms] == [("check_returned", "ayesha")]


async def test_what_the_customer_wrote_meanwhile_keeps_an_old_answer_back(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    message, check = await held(shift, interaction)
    await shift.do(take, check, actor=person("chandra"))
    token = (await shift.case(interaction))["token"]
    await shift.take(
        "email", Wrote(ref="<2>", contact="<2>", content="2", body="No need", case_token=token, person=SANA)
    )
    with pytest.raises(Conflict) as caught:
        await shift.do(approve, check, actor=person("chandra"))
    assert caught.value.code == "check_withdrawn"
    await turns(Tending(shift.db))
    assert await shift.commands(interaction) == []
    assert "held" in (await stored(shift, message))["attributes"]
    alarms = await shift.fetch("SELECT kind, representative FROM alarm")
    assert [tuple(each) for each in alarms] == [("check_withdrawn", "ayesha")]
    assert await state(shift, interaction) == "open"


async def test_two_answers_are_looked_at_each_by_itself_and_the_case_goes_on_after_the_last(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    _, first = await held(shift, interaction)
    _, second = await held(shift, interaction, body="And paid")
    for check, after in ((first, "checking"), (second, "open")):
        await shift.do(take, check, actor=person("chandra"))
        await shift.do(approve, check, actor=person("chandra"))
        assert await state(shift, interaction) == after
    assert len(await shift.commands(interaction)) == 2


async def test_a_case_is_not_resolved_while_an_answer_is_looked_at(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    _, check = await held(shift, interaction)
    case = (await shift.case(interaction))["id"]
    with pytest.raises(Conflict) as caught:
        await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    assert caught.value.code == "illegal_transition"
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    assert (await shift.do(resolve, case, outcome=None, actor=person("ayesha"))).state == "resolved"


async def test_an_answer_on_a_resolved_case_is_looked_at_and_the_case_stays_resolved(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    case = (await shift.case(interaction))["id"]
    await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    _, check = await held(shift, interaction)
    assert await state(shift, interaction) == "resolved"
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    assert await state(shift, interaction) == "resolved"
    assert [row["dedupe_key"].split(":")[0] for row in await shift.commands(interaction)].count("replied") == 1


async def test_an_answer_that_asks_makes_the_case_wait_when_it_leaves(shift: Shift) -> None:
    interaction = await letter(shift)
    message = await answer(shift, interaction, asks="missing_document")
    assert (await shift.last(interaction))["data"] == {"message": str(message.id), "asks": "missing_document"}
    assert await state(shift, interaction) == "awaiting_customer"
    case = (await shift.case(interaction))["id"]
    assert (await shift.last(case))["data"] == {"cause": "missing_document"}


async def test_what_is_held_asks_only_when_it_leaves_and_after_the_last_of_several(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    _, first = await held(shift, interaction, asks="missing_document")
    _, second = await held(shift, interaction, body="And this")
    assert await state(shift, interaction) == "checking"
    for check, after in ((first, "checking"), (second, "awaiting_customer")):
        await shift.do(take, check, actor=person("chandra"))
        await shift.do(approve, check, actor=person("chandra"))
        assert await state(shift, interaction) == after
    assert (await shift.last((await shift.case(interaction))["id"]))["data"] == {"cause": "missing_document"}


async def test_a_case_that_waited_for_the_customer_waits_again_after_a_look(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message", "amount_over": 10})
    await answer(shift, interaction, asks="missing_document")
    await shift.execute('UPDATE "case" SET amount = 11')
    _, check = await held(shift, interaction, body="Also")
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(send_back, check, comment="No", actor=person("chandra"))
    assert await state(shift, interaction) == "awaiting_customer"


async def test_a_note_asks_nobody_and_is_never_held(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    note = await shift.do(write, interaction, direction="note", subject=None, body="Angry", actor=person("ayesha"))
    assert note.attributes == {}
    with pytest.raises(Invalid) as caught:
        await shift.do(
            write, interaction, direction="note", subject=None, body="Words", asks="papers", actor=person("ayesha")
        )
    assert caught.value.code == "asks_nobody"


async def test_what_could_not_be_sent_anyway_is_refused_and_not_held(shift: Shift) -> None:
    said = {"request_types": {"claim": {"checks": [{"before": "message"}]}}}
    await rule(shift.db, shift.intake, document(resolution=said))
    interaction = await shift.arrive("phone", "claim")
    await shift.serve(interaction, "ayesha")
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await answer(shift, interaction)
    assert caught.value.code == "channel_sends_nothing"
    assert await shift.everything() == before


async def test_approved_twice_at_once_it_leaves_once(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    _, check = await held(shift, interaction)
    await shift.do(take, check, actor=person("chandra"))
    await asyncio.gather(*(shift.do(approve, check, actor=person("chandra")) for _ in range(4)))
    assert len(await shift.commands(interaction)) == 1
    assert (await shift.story(interaction)).count("answered") == 1


async def test_so_many_answers_may_be_held_and_no_more(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.cases.gate.MOST_HELD", 2)
    interaction = await letter(shift, {"before": "message"})
    await held(shift, interaction)
    await held(shift, interaction)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await answer(shift, interaction)
    assert caught.value.code == "too_many_held"
    assert await shift.everything() == before


async def test_events_of_held_answers_hold_no_words(shift: Shift) -> None:
    interaction = await letter(shift, {"before": "message"})
    _, check = await held(shift, interaction)
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(send_back, check, comment="Say when it is mended", actor=person("chandra"))
    told = str([dict(row) for row in await shift.fetch("SELECT data FROM event")])
    assert "mended" not in told
