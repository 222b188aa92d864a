"""A word that came too late is a broken word, and somebody hears of it: whoever looks first, and however late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.actions.incidents.attach import attach, detach
from app.actions.incidents.declare import Told, Touched, declare
from app.actions.line.callback import request_callback
from app.actions.promises.given import give_promise, release_promise
from app.actions.rules import versions as rules
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.loops.waking import Waking
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift

NEWS = 2 * 86_400
LEAD = 4 * 3_600
LAHORE = ZoneInfo("Asia/Karachi")


@pytest.fixture
async def case(shift: Shift) -> UUID:
    """A letter that nobody has taken, without quiet hours: no test depends on the time of day."""
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never"}))
    await shift.do(rules.publish, draft.version, recompute=False)
    contact = await shift.arrive("email")
    await turns(Tending(shift.db))
    found: UUID = (await shift.row(contact))["case_id"]
    return found


async def after(shift: Shift, seconds: float) -> datetime:
    (found,) = await shift.fetch("SELECT wall_clock() AS at")
    at: datetime = found["at"]
    return at + timedelta(seconds=seconds)


async def of(shift: Shift, case: UUID, kind: str) -> list[Any]:
    return await shift.fetch("SELECT * FROM promise WHERE case_id = $1 AND kind = $2 ORDER BY made_at, id", case, kind)


@pytest.mark.parametrize("between", [0, 60])
async def test_a_letter_that_left_after_its_time_broke_the_promise_and_a_person_is_told(
    shift: Shift, case: UUID, between: float
) -> None:
    """Also where whether it has left is looked at (`between`: seconds later) before the promise is held to its time."""
    await shift.pass_time(NEWS - LEAD + 5)
    await turns(Timers(shift.db))
    (letter,) = await shift.fetch("SELECT * FROM outbox WHERE dedupe_key LIKE 'noticed:news:%'")
    if between == 0:
        await shift.execute("DELETE FROM timer WHERE kind = 'promise_left'")
    await shift.pass_time(LEAD + between)
    await shift.execute("UPDATE outbox SET state = 'sent', done_at = wall_clock() WHERE id = $1", letter["id"])
    await turns(Timers(shift.db))
    await turns(Timers(shift.db))
    broken, standing = await of(shift, case, "news")
    assert (broken["state"], broken["ended_at"], standing["state"]) == ("broken", broken["due_at"], "standing")
    alarms = await shift.fetch("SELECT data ->> 'promise' AS promise FROM alarm WHERE kind = 'promise_broken'")
    assert [row["promise"] for row in alarms] == [str(broken["id"])]
    assert await shift.fetch("SELECT FROM outbox WHERE dedupe_key LIKE 'noticed:late:%'") == [], "they have a letter"
    (told,) = await shift.fetch("SELECT payload ->> 'body' AS body FROM outbox WHERE id = $1", letter["id"])
    assert f"{standing['due_at'].astimezone(LAHORE):%H:%M}" in told["body"], "the next are due as the letter says"


async def test_what_is_let_go_after_its_time_was_broken_all_the_same(shift: Shift, case: UUID) -> None:
    due = await after(shift, 3_600)
    given: dict[str, Any] = {"kind": "solution", "due_at": due, "words": None, "representative": "esther"}
    promise = await shift.do(give_promise, case, **given)
    await shift.pass_time(3_700)
    row = await shift.do(release_promise, promise.id, reason="withdrawn")
    assert (row.state, row.ended_at) == ("broken", due)


async def test_taken_off_an_incident_after_its_time_it_was_broken_and_before_it_is_let_go(
    shift: Shift, case: UUID
) -> None:
    told = Told(words={"en": "The machine stands still."}, promised_at=await after(shift, 3_600))
    incident = await shift.do(declare, told, Touched(products=["oven"]), since=None)
    for seconds, state in ((0, "released"), (3_700, "broken")):
        await shift.do(attach, incident.id, case)
        await shift.pass_time(seconds)
        await shift.do(detach, incident.id, case)
        assert (await of(shift, case, "incident"))[-1]["state"] == state


async def test_a_call_to_somebody_else_keeps_no_callback(shift: Shift, case: UUID) -> None:
    """Also where it is about the same matter, and nobody has heard of it when the time is over."""
    at = await after(shift, 7_200)
    calls = [await shift.arrive("phone", case_id=case, reply_to=f"+92300123456{number}") for number in range(2)]
    for call in calls:
        await shift.do(request_callback, call, number=None, at=at)
    await turns(Tending(shift.db))
    await shift.pass_time(7_205)
    await turns(Waking(shift.db))
    await shift.serve(calls[1])
    await shift.pass_time(3_600)
    await turns(Timers(shift.db))
    states = {row["interaction_id"]: row["state"] for row in await of(shift, case, "callback")}
    assert states == {calls[0]: "broken", calls[1]: "kept"}


@pytest.mark.parametrize("kind", ["news", "solution"])
async def test_after_an_outage_what_is_over_is_told_as_broken_and_not_as_near(
    shift: Shift, case: UUID, kind: str
) -> None:
    if kind == "solution":
        due = await after(shift, NEWS - 60)
        given: dict[str, Any] = {"kind": kind, "due_at": due, "words": None, "representative": "esther"}
        await shift.do(give_promise, case, **given)
    await shift.execute("UPDATE interaction SET reply_to = NULL")  # no letter can say it
    await shift.pass_time(NEWS + LEAD)
    await turns(Timers(shift.db))
    rows = await shift.fetch("SELECT kind FROM alarm WHERE data ->> 'of' = $1", kind)
    assert [row["kind"] for row in rows] == ["promise_broken"]


async def test_a_letter_that_is_known_to_have_failed_only_after_its_time_is_told_as_broken_alone(
    shift: Shift, case: UUID
) -> None:
    await shift.pass_time(NEWS - LEAD + 5)
    await turns(Timers(shift.db))
    await shift.pass_time(LEAD + 60)
    await shift.execute("UPDATE outbox SET state = 'failed', reason = 'refused', done_at = wall_clock()")
    await turns(Timers(shift.db))
    assert [row["kind"] for row in await shift.fetch("SELECT kind FROM alarm")] == ["promise_broken"]
