"""Answers, notes and commands: each leaves once, names what it answers, and no fact holds a customer's words."""

from __future__ import annotations

from typing import Any

import pytest

from app import registry
from app.actions.contacts.cancel import cancel
from app.actions.contacts.depart import depart
from app.actions.contacts.write import REFERENCES_AT_MOST, write
from app.actions.line.requeue import transfer
from app.actions.offers.accept import accept
from app.actions.offers.reject import reject
from app.actions.outward.command import command, key_of
from app.actions.record import locked
from app.db import now
from app.errors import Conflict
from app.tables import Interaction
from channels.base import Connected, Delivered, Disconnected, Ended, Failed, Person, Wrote
from routing.plan import back_off
from tests.shift import Shift, person

SECRETS = ("Sana Iqbal", "sana@example.test", "+923001234567", "My roof leaks", "It is mended")


async def test_an_answer_goes_out_once_under_a_name_that_a_reply_can_name(shift: Shift) -> None:
    interaction = await shift.arrive("email", subject="Roof", body="My roof leaks")
    await shift.serve(interaction)
    message = await shift.do(
        write, interaction, direction="out", subject=None, body="It is mended", actor=person("esther")
    )
    (row,) = await shift.commands(interaction)
    assert (row["dedupe_key"], row["kind"], row["recipient"]) == (f"replied:{message.id}", "send", "sana@example.test")
    token = (await shift.case(interaction))["token"]
    assert row["payload"] == {
        "contact": "email-1", "subject": "Roof", "body": "It is mended", "references": ["email-1"], "case_token": token,
    }  # fmt: skip
    assert (message.direction, message.author, message.subject) == ("out", "esther", "Roof")
    assert message.reference is not None
    assert (await shift.last(interaction))["data"] == {"message": str(message.id)}
    answer = Wrote(
        ref="email-2", contact="email-2", content="2", body="Thanks",
        references=(message.reference,), person=Person(email="sana@example.test"),
    )  # fmt: skip
    assert (await shift.take("email", answer)).interaction_id != interaction, "an unknown sender proves nothing"


async def test_an_answer_to_our_letter_from_the_customer_finds_its_way_back(shift: Shift) -> None:
    sana = Person(name="Sana Iqbal", email="sana@example.test")
    interaction = await shift.arrive("email", person=sana)
    await shift.serve(interaction)
    message = await shift.do(write, interaction, direction="out", subject=None, body="It is mended")
    answer = Wrote(
        ref="<2>", contact="<2>", content="2", body="Thanks", references=(message.reference or "",), person=sana
    )
    assert (await shift.take("email", answer)).interaction_id == interaction
    second = await shift.do(write, interaction, direction="out", subject=None, body="You are welcome")
    rows = await shift.commands(interaction)
    assert rows[1]["payload"]["references"] == ["email-1", message.reference, "<2>"], "oldest first"
    assert rows[1]["dedupe_key"] == f"replied:{second.id}"


async def test_a_long_correspondence_names_only_its_newest_letters(shift: Shift) -> None:
    interaction = await shift.arrive("email")
    await shift.serve(interaction)
    for _ in range(REFERENCES_AT_MOST + 2):
        await shift.do(write, interaction, direction="out", subject=None, body="Words")
    references = (await shift.commands(interaction))[-1]["payload"]["references"]
    assert len(references) == REFERENCES_AT_MOST
    assert "email-1" not in references


async def test_a_note_stays_in_the_house(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="email")
    note = await shift.do(write, interaction, direction="note", subject=None, body="Angry", actor=person("esther"))
    assert await shift.commands(interaction) == []
    assert (note.direction, note.author, note.reference) == ("note", "esther", None)
    assert (await shift.last(interaction))["kind"] == "noted"


async def test_nothing_is_written_to_a_caller(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="phone")
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await shift.do(write, interaction, direction="out", subject=None, body="Words")
    assert caught.value.code == "channel_sends_nothing"
    assert await shift.everything() == before


async def test_an_answer_that_is_refused_leaves_no_command_behind(shift: Shift) -> None:
    interaction = await shift.bring("queued", channel="email")
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await shift.do(write, interaction, direction="out", subject=None, body="Words")
    assert caught.value.code == "illegal_transition"
    assert await shift.everything() == before


@pytest.mark.parametrize(
    ("channel", "action", "more", "state", "kind"),
    [
        ("phone", accept, {}, "offered", "connect"),
        ("walk_in", accept, {}, "offered", "call_to_counter"),
        ("phone", cancel, {"reason": "asked"}, "queued", "hang_up"),
        ("email", accept, {}, "offered", None),
        ("email", cancel, {"reason": "asked"}, "queued", None),
    ],
)
async def test_a_fact_sends_what_its_channel_says(
    shift: Shift, channel: str, action: Any, more: dict[str, Any], state: str, kind: str | None
) -> None:
    interaction = await shift.bring(state, channel=channel)
    subject = (await shift.holder(interaction))["id"] if action is accept else interaction
    for _ in range(2):
        await shift.do(action, subject, **more)
    rows = await shift.commands(interaction)
    assert [row["kind"] for row in rows] == ([kind] if kind else [])
    if kind in ("connect", "call_to_counter"):
        (row,) = rows
        assert row["dedupe_key"] == f"accepted:{subject}"
        assert row["payload"]["desk"] == "+914023456789"
        assert row["payload"]["number"] == ("C001" if channel == "walk_in" else None)


async def test_each_new_acceptance_is_a_new_reason(shift: Shift) -> None:
    interaction = await shift.arrive("phone")
    first = await shift.serve(interaction, "esther")
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    second = await shift.serve(interaction, "farid")
    keys = [row["dedupe_key"] for row in await shift.commands(interaction) if row["kind"] == "connect"]
    assert keys == [f"accepted:{first}", f"accepted:{second}"]


async def test_one_reason_is_one_command_whoever_asks_again(shift: Shift) -> None:
    interaction = await shift.arrive("phone")
    for desk in ("1", "2"):
        async with shift.db.session() as session:
            held = await locked(session, Interaction, interaction)
            await command(session, held, "accepted", reason="r", payload={"desk": desk}, now=await now(session))
    (row,) = await shift.commands(interaction)
    assert row["payload"]["desk"] == "1"


async def test_a_channel_that_is_no_longer_served_sends_nothing_and_stops_nobody(shift: Shift) -> None:
    interaction = await shift.bring("offered", channel="phone")
    served = dict(registry.current())
    registry.use({name: channel for name, channel in served.items() if name != "phone"})
    try:
        await shift.do(accept, (await shift.holder(interaction))["id"])
    finally:
        registry.use(served)
    assert await shift.commands(interaction) == []


async def report(shift: Shift, signal: Any, channel: str = "phone") -> None:
    await shift.take(channel, signal)


async def test_a_line_that_does_not_answer_gives_the_caller_back_to_the_old_place(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="phone")
    name, due = (await shift.row(interaction))["contact"], (await shift.row(interaction))["due_at"]
    for _ in range(2):
        await report(shift, Failed(ref=f"{name}:try-1", contact=name, reason="no_answer"))
    row = await shift.row(interaction)
    assert (row["state"], row["due_at"], row["misses"]) == ("queued", due, 1)
    assert (row["not_before"] - row["state_at"]).total_seconds() == back_off("no_answer", 1)
    assert (await shift.staff("esther"))["live"] == 0
    await shift.serve(interaction, "farid")
    await report(shift, Failed(ref=f"{name}:try-2", contact=name, reason="refused"))
    assert (await shift.row(interaction))["state"] == "queued"


async def test_a_failure_that_names_an_earlier_call_takes_nothing_out_of_anybodys_hands(shift: Shift) -> None:
    interaction = await shift.arrive("phone")
    first = await shift.serve(interaction, "esther")
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    second = await shift.serve(interaction, "farid")
    await report(shift, Failed(ref="late", key=key_of("accepted", str(first)), reason="busy"))
    assert (await shift.row(interaction))["state"] == "active"
    await report(shift, Failed(ref="true", key=key_of("accepted", str(second)), reason="busy"))
    assert (await shift.row(interaction))["state"] == "queued"
    states = {row["dedupe_key"]: (row["state"], row["reason"]) for row in await shift.commands(interaction)}
    assert states[f"accepted:{first}"] == states[f"accepted:{second}"] == ("failed", "busy")


async def test_a_letter_that_bounced_stays_with_who_wrote_it(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="email")
    message = await shift.do(write, interaction, direction="out", subject=None, body="Words")
    await report(shift, Failed(ref="bounce", key=f"replied:{message.id}", reason="unreachable"), "email")
    assert (await shift.row(interaction))["state"] == "active"
    assert (await shift.commands(interaction))[0]["state"] == "failed"


@pytest.mark.parametrize("first_failed", [True, False])
async def test_a_commands_fate_is_the_same_in_whatever_order_it_is_told(shift: Shift, first_failed: bool) -> None:
    interaction = await shift.bring("active", channel="email")
    message = await shift.do(write, interaction, direction="out", subject=None, body="Words")
    key = f"replied:{message.id}"
    signals = [Failed(ref="f", key=key, reason="unreachable"), Delivered(ref="d", key=key)]
    for signal in signals if first_failed else reversed(signals):
        await report(shift, signal, "email")
        await report(shift, signal, "email")
    (row,) = await shift.commands(interaction)
    assert (row["state"], row["reason"]) == ("failed", "unreachable")
    assert row["done_at"] is not None


async def test_a_report_about_a_command_nobody_knows_changes_nothing(shift: Shift) -> None:
    await shift.bring("active", channel="email")
    before = await shift.everything()
    outcome = await shift.take("email", Delivered(ref="d", key="replied:never"))
    assert outcome.state is None
    assert await shift.everything() == before


async def test_the_end_of_a_bridge_ends_the_contact_of_who_is_served_and_not_of_who_was_handed_on(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="phone")
    name = (await shift.row(interaction))["contact"]
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    await report(shift, Disconnected(ref=f"{name}:bridge-1", contact=name, reason="completed"))
    assert (await shift.row(interaction))["state"] == "queued"
    await shift.serve(interaction, "farid")
    for _ in range(2):
        await report(shift, Disconnected(ref=f"{name}:bridge-2", contact=name, reason="completed"))
    assert (await shift.row(interaction))["state"] == "wrapping"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
async def test_a_calls_reports_in_any_order_and_twice_end_in_one_state(shift: Shift, order: tuple[int, ...]) -> None:
    interaction = await shift.bring("active", channel="phone")
    name = (await shift.row(interaction))["contact"]
    reports = [
        Connected(ref=f"{name}:connected", contact=name),
        Ended(ref=f"{name}:ended", contact=name, reason="completed"),
        Failed(ref=f"{name}:late", key="accepted:somebody-before", contact=name, reason="busy"),
    ]
    for place in order:
        await report(shift, reports[place])
        await report(shift, reports[place])
    assert (await shift.row(interaction))["state"] == "wrapping"
    assert (await shift.story(interaction)).count("ended") == 1


async def test_no_fact_holds_a_name_an_address_or_a_word_of_a_customer(shift: Shift) -> None:
    sana = Person(name="Sana Iqbal", email="sana@example.test", phone="+923001234567")
    letter = await shift.arrive("email", person=sana, subject="My roof leaks", body="My roof leaks")
    visit = await shift.arrive("walk_in", person=sana, body="My roof leaks")
    await shift.serve(letter)
    await shift.do(write, letter, direction="out", subject="It is mended", body="It is mended")
    await shift.do(write, letter, direction="note", subject=None, body="Sana Iqbal called")
    await shift.do(reject, await shift.offer(visit), reason="busy")
    await shift.do(depart, visit, reason="left")
    facts = await shift.fetch("SELECT event::text FROM event")
    assert len(facts) > 10
    for (fact,) in facts:
        assert not [secret for secret in SECRETS if secret in fact]
