"""The database's clock is set back while an incident goes on: everybody hears all that is said, in order, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.actions.incidents import declare as incidents
from app.actions.incidents.declare import Told
from tests.app.incidents.test_incidents import attached, clock, declare, house, letter, letters, promises, spread
from tests.shift import Shift
from tests.solving import row, surveys, tend

__all__ = ["house"]
BACK = (-3.0, -3_600.0, -86_400.0)


async def subjects(shift: Shift, to: str) -> int:
    return len(await letters(shift, to))


@pytest.mark.parametrize("seconds", BACK)
async def test_who_was_attached_before_hears_what_is_said_after_it(shift: Shift, seconds: float) -> None:
    incident = await declare(shift, by=timedelta(hours=6))
    case = await letter(shift)
    await tend(shift)
    await spread(shift)
    assert await subjects(shift, "sana@example.test") == 1
    await shift.pass_time(seconds)
    by = await clock(shift) + timedelta(hours=9)
    await shift.do(incidents.update, incident.id, Told(words={"en": "It takes longer."}, promised_at=by))
    await spread(shift)
    assert await subjects(shift, "sana@example.test") == 2
    assert [due for state, due in await promises(shift, case) if state == "standing"] == [by]
    await shift.do(incidents.close, incident.id, {"en": "It works again."})
    await spread(shift)
    assert (await row(shift, case))["state"] == "resolved"
    assert len(await surveys(shift, case)) == 1
    assert sorted(state for state, _ in await promises(shift, case)) == ["kept", "moved"]


@pytest.mark.parametrize("seconds", BACK)
async def test_who_comes_after_it_hears_the_last_news_once_and_all_that_follows(shift: Shift, seconds: float) -> None:
    incident = await declare(shift, since=await clock(shift) - timedelta(days=3))
    await spread(shift)
    await shift.do(incidents.update, incident.id, Told(words={"en": "The part is on its way."}))
    await spread(shift)
    await shift.pass_time(seconds)
    case = await letter(shift)
    await tend(shift)
    await spread(shift)
    assert await attached(shift, incident) == {case}
    (first,) = await letters(shift)
    assert "The part is on its way." in str(first["payload"])
    await shift.do(incidents.update, incident.id, Told(words={"en": "The part is here."}))
    await spread(shift)
    assert [("The part is here." in str(each["payload"])) for each in await letters(shift)] == [False, True]
    other = await letter(shift, "devi")
    await tend(shift)
    (late,) = await letters(shift, "devi@example.test")
    assert "The part is here." in str(late["payload"]), "the last news are those that were said last"
    await shift.do(incidents.close, incident.id, {"en": "It works again."})
    await spread(shift)
    assert {(await row(shift, each))["state"] for each in (case, other)} == {"resolved"}
