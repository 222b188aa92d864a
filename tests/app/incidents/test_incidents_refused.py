"""What cannot be said of an incident, and what is over: refused, and nothing changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.actions.incidents import declare as incidents
from app.actions.incidents.attach import attach, detach
from app.actions.incidents.declare import Change, Told, Touched
from app.actions.incidents.reach import tell
from app.errors import Conflict, Invalid, NotFound, RaabtaError
from tests.app.incidents.test_incidents import WORDS, attached, clock, declare, house, letter, spread
from tests.shift import Shift
from tests.solving import row, tend

__all__ = ["house"]


@pytest.mark.parametrize(
    ("told", "touched", "code"),
    [
        (Told(words={}), Touched(areas=["north"]), "no_words"),
        (Told(words={"en": "  "}), Touched(areas=["north"]), "no_words"),
        (Told(words=WORDS), Touched(channels=["phone"]), "touches_everybody"),
        (Told(words=WORDS), Touched(request_types=["nonsense"]), "unknown_request_type"),
        (Told(words=WORDS), Touched(areas=["north"], channels=["telex"]), "unknown_channel"),
    ],
)
async def test_what_cannot_be_declared(shift: Shift, told: Told, touched: Touched, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        await shift.do(incidents.declare, told, touched, since=None)
    assert caught.value.code == code
    assert await shift.fetch("SELECT * FROM incident") == []


async def test_times_are_ahead_and_beginnings_are_not_long_ago(shift: Shift) -> None:
    at = await clock(shift)
    for promised, since, code in (
        (at, None, "in_the_past"),
        (at + timedelta(days=400), None, "too_far"),
        (None, at + timedelta(hours=1), "in_the_future"),
        (None, at - timedelta(days=40), "too_far"),
    ):
        with pytest.raises(Invalid) as caught:
            await shift.do(
                incidents.declare, Told(words=WORDS, promised_at=promised), Touched(areas=["north"]), since=since
            )
        assert caught.value.code == code


async def test_a_beginning_by_a_clock_a_little_ahead_of_ours_is_now(shift: Shift) -> None:
    at = await clock(shift)
    made = await shift.do(
        incidents.declare, Told(words=WORDS), Touched(areas=["north"]), since=at + timedelta(seconds=30)
    )
    assert at <= made.since < at + timedelta(seconds=25)


async def test_what_is_over_stays_over(shift: Shift) -> None:
    case = await letter(shift)
    incident = await declare(shift)
    await shift.do(incidents.close, incident.id, {"en": "It is mended."})
    await tend(shift)
    assert await attached(shift, incident) == set(), "nobody is attached to what is over"
    for action, given in (
        (incidents.update, Told(words=WORDS)),
        (incidents.change, Change(words=WORDS)),
        (incidents.dismiss, None),
        (attach, case),
        (tell, [(await row(shift, case))["customer_id"]]),
    ):
        with pytest.raises(Conflict):
            await shift.do(action, incident.id, *([given] if given is not None else []))
    await spread(shift)


async def test_only_a_case_that_is_open_can_be_attached_by_hand(shift: Shift) -> None:
    incident = await declare(shift)
    case = await letter(shift)
    await shift.execute('UPDATE "case" SET erased_at = now() WHERE id = $1', case)
    with pytest.raises(Conflict) as caught:
        await shift.do(attach, incident.id, case)
    assert caught.value.code == "case_over"
    await shift.execute('UPDATE "case" SET erased_at = NULL WHERE id = $1', case)
    with pytest.raises(NotFound):
        await shift.do(attach, case, case)
    missing: list[RaabtaError] = []
    try:
        await shift.do(detach, incident.id, incident.id)
    except NotFound as error:
        missing.append(error)
    assert missing
