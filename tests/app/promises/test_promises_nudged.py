"""Who was told that a word nears, or that a look is late, need not look any more once it is over: the alarm ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, take
from app.actions.contacts.write import write
from app.actions.promises.given import give_promise, move_promise, release_promise
from app.actions.rules import versions as rules
from app.loops.timers import Timers
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import CHANDRA, alarms, call_solved, served, tend

HOUR: Final = 3_600


@pytest.fixture
async def case(shift: Shift) -> UUID:
    """Esther's, who promised a solution within ten hours and hears an hour before."""
    await rule(shift, news_by="person", news_lead_seconds=HOUR)
    found: UUID = (await shift.case(await served(shift)))["id"]
    await tend(shift)
    await promised(shift, found)
    return found


async def rule(shift: Shift, **said: Any) -> None:
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", **said}))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()


async def promised(shift: Shift, case: UUID) -> UUID:
    due = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"] + timedelta(hours=10)
    given = {"kind": "solution", "due_at": due, "words": None, "representative": None}
    made: UUID = (await shift.do(give_promise, case, **given, actor=person("esther"))).id
    return made


async def wait(shift: Shift, hours: float) -> None:
    await shift.pass_time(hours * HOUR)
    await turns(Timers(shift.db))


async def open_ones(shift: Shift) -> list[str]:
    return [row["kind"] for row in await shift.fetch("SELECT kind FROM alarm WHERE done_at IS NULL ORDER BY kind")]


@pytest.mark.parametrize("ends", ["kept", "moved", "released"])
async def test_a_word_that_is_kept_moved_or_let_go_nears_no_more(shift: Shift, case: UUID, ends: str) -> None:
    await wait(shift, 9.5)
    assert await open_ones(shift) == ["promise_near"]
    promise = (await shift.fetch("SELECT id FROM promise WHERE kind = 'solution'"))[0]["id"]
    if ends == "kept":
        await call_solved(shift, case)
        await tend(shift)
    elif ends == "moved":
        later = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"] + timedelta(days=1)
        await shift.do(move_promise, promise, due_at=later, reason="parts", words=None, tell=False)
    else:
        await shift.do(release_promise, promise, reason="withdrawn")
    assert await open_ones(shift) == []
    (told,) = await alarms(shift, "promise_near")
    assert told["done_by"] == "system"


async def test_a_word_that_is_broken_is_told_as_broken_alone(shift: Shift, case: UUID) -> None:
    await wait(shift, 9.5)
    await wait(shift, 1)
    assert await open_ones(shift) == ["promise_broken"]


async def test_another_word_that_nears_is_still_to_be_kept(shift: Shift, case: UUID) -> None:
    contact = await shift.arrive("email", case_id=case)
    await promised(shift, case)
    await shift.serve(contact)
    await wait(shift, 9.5)
    first = (await shift.fetch("SELECT id FROM promise WHERE kind = 'solution' ORDER BY id"))[0]["id"]
    await shift.do(release_promise, first, reason="withdrawn")
    await shift.do(write, contact, direction="out", subject=None, body="Soon", actor=person("esther"))
    await tend(shift)
    assert await open_ones(shift) == ["promise_near"]


async def test_a_look_that_was_late_and_is_decided_is_late_no_more(shift: Shift) -> None:
    await rule(shift, checks=[{"before": "resolution", "within_seconds": 60}])
    case = (await shift.case(await served(shift)))["id"]
    await tend(shift)
    await shift.do(resolve, case, outcome="mended", actor=person("esther"))
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await wait(shift, 1)
    assert await open_ones(shift) == ["check_late"]
    await shift.do(take, check["id"], actor=CHANDRA)
    assert await open_ones(shift) == ["check_late"]
    await shift.do(approve, check["id"], actor=CHANDRA)
    assert await open_ones(shift) == []
