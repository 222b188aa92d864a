"""Promises that a person gives, moves, keeps and lets go: what may be said, by whom, and that it is said once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.promises.given import (
    keep_promises,
    move_promise,
    promise_kept,
    release_promise,
    release_promises,
)
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.security import SYSTEM
from tests.app.promises.test_promises import begin, clock, give, letters, on_case, promises, rule, standing, states
from tests.shift import Shift, person


@pytest.fixture
async def shift(shift: Shift) -> Shift:
    await rule(shift, {})
    return shift


async def test_a_time_given_by_a_person_takes_the_place_of_the_standing_news(shift: Shift) -> None:
    _, case = await begin(shift)
    made = await give(shift, case, hours=5, kind="news")
    before, after = await promises(shift, case)
    assert (before["state"], before["moved_to"], after["id"]) == ("moved", made.id, made.id)


async def test_a_moved_promise_says_why_and_the_customer_hears_the_new_time(shift: Shift) -> None:
    _, case = await begin(shift)
    first = await give(shift, case, hours=5)
    due = await clock(shift) + timedelta(hours=9)
    move: dict[str, Any] = {"due_at": due, "reason": "part_missing", "words": None, "tell": True}
    second, told = await shift.do(move_promise, first.id, **move)
    again, told_again = await shift.do(move_promise, first.id, **move)
    assert (again.id, told, told_again) == (second.id, True, False)
    rows = await promises(shift, case, "solution")
    assert [(row["state"], row["reason"]) for row in rows] == [("moved", "part_missing"), ("standing", None)]
    (letter,) = await letters(shift)
    assert letter["dedupe_key"] == f"noticed:moved:{second.id}"


async def test_keeping_and_releasing_by_hand_happens_once(shift: Shift) -> None:
    _, case = await begin(shift)
    visit, other = await give(shift, case, hours=5, kind="visit"), await give(shift, case, hours=6, kind="visit")
    for _ in range(2):
        await shift.do(promise_kept, visit.id)
        await shift.do(release_promise, other.id, reason="not_needed")
    assert await states(shift, case, "visit") == ["kept", "released"]
    before = await shift.everything()
    for action in (promise_kept, move_promise):
        more = {} if action is promise_kept else {"due_at": other.due_at, "reason": "x", "words": None, "tell": False}
        with pytest.raises(Conflict, match="already"):
            await shift.do(action, other.id, **more)
    assert await shift.everything() == before


async def test_saying_too_late_that_it_was_kept_breaks_it(shift: Shift) -> None:
    _, case = await begin(shift)
    visit = await give(shift, case, hours=5, kind="visit")
    await shift.pass_time(6 * 3_600)
    await shift.do(promise_kept, visit.id)
    assert await states(shift, case, "visit") == ["broken"]


async def test_news_are_always_owed_and_never_released_by_hand(shift: Shift) -> None:
    _, case = await begin(shift)
    row = await standing(shift, case)
    with pytest.raises(Conflict) as refused:
        await shift.do(release_promise, row["id"], reason="x")
    assert refused.value.code == "always_owed"


async def test_a_time_that_is_over_or_too_far_is_refused(shift: Shift) -> None:
    _, case = await begin(shift)
    for hours, code in ((-1.0, "in_the_past"), (367 * 24.0, "too_far")):
        with pytest.raises(Invalid) as refused:
            await give(shift, case, hours=hours)
        assert refused.value.code == code
    for number in range(19):
        await give(shift, case, hours=number + 1, kind="visit")
    with pytest.raises(Conflict) as full:
        await give(shift, case, hours=30, kind="visit")
    assert full.value.code == "too_many_promises"


async def test_only_who_owns_or_served_a_case_speaks_for_it(shift: Shift) -> None:
    _, case = await begin(shift)
    visit = await give(shift, case, hours=5, kind="visit")
    with pytest.raises(Forbidden):
        await shift.do(promise_kept, visit.id, actor=person("farid"))
    with pytest.raises(NotFound):
        await shift.do(promise_kept, UUID(int=1))


async def test_others_keep_and_release_what_they_know_of(shift: Shift) -> None:
    _, case = await begin(shift)
    await give(shift, case, hours=5, kind="incident")
    await on_case(shift, keep_promises, case, kinds=("incident", "news"), actor=SYSTEM)
    assert (await states(shift, case, "incident"), await states(shift, case)) == (["kept"], ["kept", "standing"])
    await give(shift, case, hours=5, kind="visit")
    await on_case(shift, release_promises, case, reason="erased", actor=SYSTEM)
    assert [row["state"] for row in await promises(shift, case, "visit")] == ["released"]
    assert (await shift.fetch("SELECT * FROM timer WHERE kind LIKE 'promise%'")) == []
