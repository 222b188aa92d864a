"""Every verb in every state: it does its work, it is a repeat that writes nothing, or it is refused and nothing has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import pytest

from app.actions.cases.resolve import resolve
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart, no_show
from app.actions.contacts.write import write
from app.actions.line.requeue import come_back, hand_back, park, transfer, wake
from app.actions.offers.accept import accept
from app.actions.offers.reject import reject
from app.errors import Conflict, Invalid, NotFound
from routing.lifecycle import CASE, INTERACTION
from tests.shift import STATES, Shift

Verb = Callable[[Shift, UUID], Awaitable[Any]]

VERBS: Final[dict[str, tuple[Verb, dict[str, str]]]] = {
    "complete": (
        lambda shift, it: shift.do(complete, it, outcome=None),
        {"active": "completed", "wrapping": "completed", "parked": "completed", "completed": "repeat"},
    ),
    "cancel": (
        lambda shift, it: shift.do(cancel, it, reason="test"),
        {
            **dict.fromkeys(("arriving", "scheduled", "queued", "offered"), "cancelled"),
            "cancelled": "repeat",
        },
    ),
    "transfer": (
        lambda shift, it: shift.do(transfer, it, queue="sales", representative=None, reason=None),
        dict.fromkeys(("queued", "offered", "active"), "queued"),
    ),
    "park": (
        lambda shift, it: shift.do(park, it, until=None, reason=None),
        {"active": "parked", "parked": "repeat"},
    ),
    "no_show": (
        lambda shift, it: shift.do(no_show, it),
        {"active": "abandoned", "abandoned": "repeat"},
    ),
    "answer": (
        lambda shift, it: shift.do(write, it, direction="out", subject=None, body="Words"),
        {"active": "active", "wrapping": "wrapping"},
    ),
    "note": (
        lambda shift, it: shift.do(write, it, direction="note", subject=None, body="Words"),
        {state: state for state in STATES},
    ),
    "wake": (
        lambda shift, it: shift.do(wake, it),
        {**dict.fromkeys(STATES, "repeat"), "parked": "queued"},
    ),
    "depart": (
        lambda shift, it: shift.do(depart, it, reason="test"),
        {
            **dict.fromkeys(STATES, "repeat"),
            **dict.fromkeys(("arriving", "queued", "offered"), "abandoned"),
            "active": "wrapping",
        },
    ),
    "come_back": (
        lambda shift, it: shift.do(come_back, it),
        {**dict.fromkeys(STATES, "repeat"), "abandoned": "queued"},
    ),
    "hand_back": (
        lambda shift, it: shift.do(hand_back, it, reason="test"),
        {**dict.fromkeys(STATES, "repeat"), "active": "queued"},
    ),
    "withdraw": (
        lambda shift, it: shift.do(hand_back, it, reason="test", event="withdrawn"),
        {**dict.fromkeys(STATES, "repeat"), "offered": "queued"},
    ),
}
"""By verb: how it is done, and what it makes of each state; `repeat` writes nothing, and what is missing is refused."""


@pytest.mark.parametrize("name", VERBS)
async def test_in_every_state_the_verb_keeps_its_word(shift: Shift, name: str) -> None:
    verb, meaning = VERBS[name]
    for state in STATES:
        interaction = await shift.bring(state, channel="console")
        version = (await shift.row(interaction))["version"]
        before = await shift.everything()
        if state not in meaning:
            with pytest.raises(Conflict) as caught:
                await verb(shift, interaction)
            assert caught.value.code == "illegal_transition", state
            assert await shift.everything() == before, f"{name} was refused in {state}, and yet something changed"
            continue
        await verb(shift, interaction)
        row = await shift.row(interaction)
        if meaning[state] == "repeat":
            assert await shift.everything() == before, f"{name} in {state} should write nothing"
        else:
            assert (row["state"], row["version"]) == (meaning[state], version + 1), state
    await shift.sound()


@pytest.mark.parametrize("name", ["complete", "cancel", "park", "no_show"])
async def test_said_twice_it_happened_once(shift: Shift, name: str) -> None:
    verb, meaning = VERBS[name]
    first = next(state for state, after in meaning.items() if after != "repeat" and state != "arriving")
    interaction = await shift.bring(first, channel="console")
    once = await verb(shift, interaction)
    before = await shift.everything()
    twice = await verb(shift, interaction)
    assert twice.model_dump() == once.model_dump()
    assert await shift.everything() == before


async def test_there_are_no_more_states_than_these() -> None:
    assert set(STATES) == set(INTERACTION.states)


@pytest.mark.parametrize("name", VERBS)
async def test_what_does_not_exist_is_not_found(shift: Shift, name: str) -> None:
    nobody = UUID("00000000-0000-7000-8000-000000000000")
    with pytest.raises(NotFound):
        await VERBS[name][0](shift, nobody)


@pytest.mark.parametrize(
    ("state", "accepting", "rejecting"),
    [
        ("offered", "accepted", "ended"),
        ("active", "repeat", "offer_gone"),
        ("wrapping", "repeat", "offer_gone"),
        ("completed", "repeat", "offer_gone"),
        ("parked", "repeat", "offer_gone"),
    ],
)
async def test_an_offer_is_answered_once(shift: Shift, state: str, accepting: str, rejecting: str) -> None:
    answers: list[tuple[Any, str, dict[str, Any]]] = [(accept, accepting, {}), (reject, rejecting, {"reason": "busy"})]
    for action, after, more in answers:
        interaction = await shift.bring(state, channel="console")
        assignment = (await shift.holder(interaction))["id"]
        before = await shift.everything()
        if after == "offer_gone":
            with pytest.raises(Conflict) as caught:
                await shift.do(action, assignment, **more)
            assert caught.value.code == "offer_gone"
            assert await shift.everything() == before
            continue
        told = await shift.do(action, assignment, **more)
        if after == "repeat":
            assert await shift.everything() == before
        else:
            assert told.state == after


async def test_a_declined_offer_is_declined_again_with_the_same_answer_and_never_accepted(shift: Shift) -> None:
    interaction = await shift.bring("offered")
    assignment = (await shift.holder(interaction))["id"]
    once = await shift.do(reject, assignment, reason="busy")
    before = await shift.everything()
    assert (await shift.do(reject, assignment, reason="other")).model_dump() == once.model_dump()
    with pytest.raises(Conflict):
        await shift.do(accept, assignment)
    assert await shift.everything() == before


async def test_an_offer_is_never_accepted_after_its_time_even_before_anybody_ends_it(shift: Shift) -> None:
    interaction = await shift.bring("offered")
    assignment = (await shift.holder(interaction))["id"]
    await shift.pass_time(21)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await shift.do(accept, assignment)
    assert caught.value.code == "offer_gone"
    assert await shift.everything() == before
    await shift.do(reject, assignment, reason="too_late")
    assert (await shift.row(interaction))["state"] == "queued"


async def test_an_offer_is_accepted_until_its_last_second(shift: Shift) -> None:
    interaction = await shift.bring("offered")
    await shift.pass_time(18)
    told = await shift.do(accept, (await shift.holder(interaction))["id"])
    assert told.state == "accepted"
    assert told.answered_at < told.expires_at


@pytest.mark.parametrize("state", CASE.states)
async def test_a_case_is_resolved_only_from_where_that_is_possible(shift: Shift, state: str) -> None:
    interaction = await shift.bring("completed")
    case = await shift.case(interaction)
    path = {"awaiting_customer": ["awaited"], "checking": ["check_requested"], "resolved": ["resolved"], "closed": ["resolved", "confirmed"]}  # fmt: skip
    for version, kind in enumerate(path.get(state, []), start=2):
        await shift.execute(
            "INSERT INTO event (subject, subject_id, version, kind, at, actor) VALUES ('case', $1, $2, $3, wall_clock(), 'system')",
            str(case["id"]), version, kind,
        )  # fmt: skip
        await shift.execute(
            "UPDATE \"case\" SET state = $2, version = $3, closed_by = CASE WHEN $2 = 'closed' THEN 'customer' END WHERE id = $1",
            case["id"], state, version,
        )  # fmt: skip
    before = await shift.everything()
    if state in ("checking", "closed"):
        with pytest.raises(Conflict) as caught:
            await shift.do(resolve, case["id"], outcome="paid")
        assert caught.value.code == "illegal_transition"
        assert await shift.everything() == before
        return
    told = await shift.do(resolve, case["id"], outcome="paid")
    assert told.state == "resolved"
    if state == "resolved":
        assert await shift.everything() == before


async def test_a_transfer_without_a_target_or_to_an_unknown_one_is_invalid_and_changes_nothing(shift: Shift) -> None:
    interaction = await shift.bring("active")
    before = await shift.everything()
    for target, code in (
        ((None, None), "no_target"),
        (("nowhere", None), "unknown_queue"),
        ((None, "nobody"), "unknown_representative"),
    ):
        with pytest.raises(Invalid) as caught:
            await shift.do(transfer, interaction, queue=target[0], representative=target[1], reason=None)
        assert caught.value.code == code
    with pytest.raises(Conflict) as off:
        await shift.do(transfer, interaction, queue=None, representative="devi", reason=None)
    assert off.value.code == "not_on_shift"
    assert await shift.everything() == before


async def test_nobody_parks_into_the_past(shift: Shift) -> None:
    interaction = await shift.bring("active")
    before = await shift.everything()
    with pytest.raises(Invalid) as caught:
        await shift.do(park, interaction, until=(await shift.row(interaction))["arrived_at"], reason=None)
    assert caught.value.code == "in_the_past"
    assert await shift.everything() == before
