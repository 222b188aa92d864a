"""The database's clock is set back, or on, while much is pending: no time is negative, nothing stands for ever, nothing comes twice."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.awaiting import await_customer
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, take
from app.actions.contacts.write import write
from app.loops.spreading import Spreading
from app.loops.surges import Surges
from tests.app.promises.test_promises import begin, deliver, give, letters, promises, rule, states, tend, wait
from tests.moving import turns
from tests.shift import Shift, person
from tests.solving import CHANDRA, row, say
from tests.ticking import HOUR, TARGETS, on_case

DAY = 24 * HOUR
LEAPS = (-DAY, -HOUR, -2.0, HOUR, DAY)

NEGATIVE = """
SELECT 'clock' AS what FROM clock WHERE spent_seconds < 0 OR ended_at < started_at OR late_at < ended_at
UNION ALL SELECT 'promise' FROM promise WHERE ended_at < made_at OR due_at < made_at
UNION ALL SELECT 'check' FROM second_check WHERE decided_at < taken_at OR taken_at < requested_at
UNION ALL SELECT 'case' FROM "case" WHERE first_answer_at < opened_at
"""
TWICE = "SELECT kind, case_id, representative, data FROM alarm GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
TOLD_TWICE = """
SELECT subject_id, kind, data FROM event WHERE kind IN (
    'clock_breached', 'clock_met', 'clock_stopped', 'promise_kept', 'promise_broken', 'survey_asked', 'survey_lapsed')
GROUP BY 1, 2, 3 HAVING count(*) > 1
"""


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Clocks, promises and checks, and letters at any time of the day."""
    targets = {**TARGETS, "first_response_seconds": 2 * HOUR}
    checks = [{"before": "resolution"}]
    await rule(shift, {"targets": targets, "checks": checks, "news_seconds": 8 * HOUR, "news_lead_seconds": HOUR})


async def go_on(shift: Shift, hours: float, *, step: float = 1.0) -> None:
    """Time goes by, and everything that is due is done."""
    for _ in range(int(hours / step)):
        await shift.pass_time(step * HOUR)
        await tend(shift)
        await wait(shift, 0)
        await deliver(shift)
        await turns(Spreading(shift.db))
        await Surges(shift.db).turn()


async def nothing_is_wrong(shift: Shift) -> None:
    assert await shift.fetch(NEGATIVE) == []
    assert await shift.fetch(TWICE) == []
    assert await shift.fetch(TOLD_TWICE) == []
    assert await shift.fetch("SELECT * FROM timer WHERE due_at < wall_clock() - interval '10 minutes'") == []
    await shift.sound()


async def answered(shift: Shift, contact: UUID) -> None:
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"))
    await tend(shift)


@pytest.mark.parametrize("seconds", LEAPS)
@pytest.mark.parametrize("hours", [0, 7])
async def test_a_case_comes_to_its_end_whenever_the_clock_leaps(shift: Shift, seconds: float, hours: int) -> None:
    contact, case = await begin(shift)
    _, other = await begin(shift)
    await shift.serve(contact)
    await tend(shift)
    await give(shift, case, hours=5)
    await go_on(shift, hours)
    await shift.pass_time(seconds)
    await answered(shift, contact)
    await on_case(shift, other, await_customer, cause="our_question")
    await go_on(shift, 2)
    await shift.arrive("email", case_id=other)
    await shift.do(resolve, case, outcome=None, actor=person("esther"))
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await shift.do(take, check["id"], actor=CHANDRA)
    await shift.do(approve, check["id"], actor=CHANDRA)
    await tend(shift)
    await nothing_is_wrong(shift)
    assert len(await promises(shift, other)) - (await states(shift, other)).count("standing") < hours + 3
    await go_on(shift, 60, step=6)
    assert (await states(shift, other)).count("standing") == 1, "who is not solved is promised news"
    assert await states(shift, case) == [each for each in await states(shift, case) if each != "standing"]
    await say(shift, case, "yes")
    assert (await row(shift, case))["state"] == "closed"
    await nothing_is_wrong(shift)
    assert await shift.fetch("SELECT FROM timer WHERE case_id = $1", case) == []


async def test_a_letter_that_left_after_the_clock_was_set_back_keeps_the_promise_it_was_written_for(
    shift: Shift,
) -> None:
    """By the clock it left before the promise was made; it was written because of it."""
    _, case = await begin(shift)
    await wait(shift, 7 * HOUR + 5)
    assert len(await letters(shift)) == 1
    await shift.pass_time(-DAY)
    await shift.execute("UPDATE outbox SET state = 'sent', done_at = wall_clock() WHERE state = 'pending'")
    await wait(shift, DAY + 15)
    assert sorted(await states(shift, case)) == ["kept", "standing"]
    await go_on(shift, 24, step=6)
    assert len(await states(shift, case)) > 2, "and the next is looked at in its turn"
    await nothing_is_wrong(shift)


async def test_what_is_late_is_never_late_by_less_than_nothing(shift: Shift) -> None:
    contact, case = await begin(shift)
    await wait(shift, 2 * HOUR + 5)
    late = "SELECT state, ended_at, late_at FROM clock WHERE kind = 'first_response'"
    assert (await shift.fetch(late))[0]["state"] == "breached"
    await shift.pass_time(-HOUR)
    await shift.serve(contact)
    await shift.do(resolve, case, outcome=None, actor=person("esther"))
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await shift.do(take, check["id"], actor=CHANDRA)
    await shift.do(approve, check["id"], actor=CHANDRA)
    await tend(shift)
    await nothing_is_wrong(shift)
