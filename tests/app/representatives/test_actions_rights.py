"""A representative's own key acts on what they hold; whoever acts for others is on record."""

from __future__ import annotations

from typing import Any

import pytest

from app.actions.cases.resolve import resolve
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import no_show
from app.actions.contacts.write import write
from app.actions.line.requeue import park, transfer
from app.actions.offers.accept import accept
from app.actions.offers.reject import reject
from app.actions.representatives.presence import set_presence
from app.errors import Forbidden
from app.security import Actor
from tests.shift import Shift, person

STRANGER = person("farid")
OWNER = person("esther")

VERBS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "complete": (complete, {"outcome": None}, "active", "completed"),
    "cancel": (cancel, {"reason": "test"}, "offered", "cancelled"),
    "transfer": (transfer, {"queue": "sales", "representative": None, "reason": None}, "active", "queued"),
    "park": (park, {"until": None, "reason": None}, "active", "parked"),
    "no_show": (no_show, {}, "active", "abandoned"),
    "answer": (write, {"direction": "out", "subject": None, "body": "Words"}, "active", "active"),
    "note": (write, {"direction": "note", "subject": None, "body": "Words"}, "active", "active"),
}


async def refused(shift: Shift, action: Any, what: Any, *, actor: Actor, **more: Any) -> None:
    before = await shift.everything()
    with pytest.raises(Forbidden) as caught:
        await shift.do(action, what, actor=actor, **more)
    assert caught.value.code == "not_yours"
    assert await shift.everything() == before


@pytest.mark.parametrize("name", VERBS)
async def test_only_who_holds_it_may(shift: Shift, name: str) -> None:
    action, more, state, after = VERBS[name]
    interaction = await shift.bring(state, channel="console", code="esther")
    await refused(shift, action, interaction, actor=STRANGER, **more)
    await shift.do(action, interaction, actor=OWNER, **more)
    assert (await shift.row(interaction))["state"] == after
    assert (await shift.last(interaction))["actor"] == "representative:esther"


@pytest.mark.parametrize("name", ["complete", "park", "no_show"])
async def test_a_repeat_is_answered_only_to_who_once_held_it(shift: Shift, name: str) -> None:
    action, more, state, _ = VERBS[name]
    interaction = await shift.bring(state, channel="console", code="esther")
    await shift.do(action, interaction, actor=OWNER, **more)
    before = await shift.everything()
    await shift.do(action, interaction, actor=OWNER, **more)
    assert await shift.everything() == before
    await refused(shift, action, interaction, actor=STRANGER, **more)


@pytest.mark.parametrize("name", VERBS)
async def test_what_nobody_holds_is_nobodys_to_change(shift: Shift, name: str) -> None:
    action, more, _, _ = VERBS[name]
    interaction = await shift.bring("queued", channel="console")
    await refused(shift, action, interaction, actor=OWNER, **more)


async def test_what_was_called_off_before_anybody_had_it_is_not_shown_to_a_representative(shift: Shift) -> None:
    interaction = await shift.bring("cancelled", channel="console")
    await refused(shift, cancel, interaction, actor=OWNER, reason="test")


async def test_an_offer_is_answered_only_by_who_was_asked(shift: Shift) -> None:
    interaction = await shift.bring("offered", code="esther")
    assignment = (await shift.holder(interaction))["id"]
    await refused(shift, accept, assignment, actor=STRANGER)
    await refused(shift, reject, assignment, actor=STRANGER, reason="busy")
    await shift.do(accept, assignment, actor=OWNER)


async def test_who_held_it_may_still_leave_a_note_and_others_may_not(shift: Shift) -> None:
    interaction = await shift.bring("completed", code="esther")
    await refused(shift, write, interaction, actor=STRANGER, direction="note", subject=None, body="Words")
    await shift.do(write, interaction, actor=OWNER, direction="note", subject=None, body="Words")
    assert await shift.story(interaction) == ["queued", "offered", "accepted", "completed", "noted"]


async def test_presence_is_ones_own_to_say(shift: Shift) -> None:
    await refused(shift, set_presence, "esther", actor=STRANGER, status="available", reason=None)
    await shift.do(set_presence, "farid", actor=STRANGER, status="available", reason=None)


async def test_a_case_is_resolved_by_who_served_it(shift: Shift) -> None:
    interaction = await shift.bring("completed", code="esther")
    case = (await shift.case(interaction))["id"]
    await refused(shift, resolve, case, actor=STRANGER, outcome="paid")
    told = await shift.do(resolve, case, actor=OWNER, outcome="paid")
    assert told.state == "resolved"


async def test_an_offer_that_was_not_taken_is_no_service(shift: Shift) -> None:
    interaction = await shift.bring("offered", code="farid")
    await shift.do(reject, (await shift.holder(interaction))["id"], actor=STRANGER, reason="busy")
    await refused(shift, resolve, (await shift.case(interaction))["id"], actor=STRANGER, outcome=None)


async def test_who_acts_for_another_is_on_record(shift: Shift) -> None:
    interaction = await shift.bring("offered", code="esther")
    helper = Actor(role="integration", key_id="7")
    await shift.do(accept, (await shift.holder(interaction))["id"], actor=helper)
    told = await shift.last(interaction)
    assert (told["actor"], told["data"]["representative"]) == ("integration:7", "esther")
