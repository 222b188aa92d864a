"""Who may look, and who never may: another person, who holds what the rule asks for, under no other name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, drop, take
from app.errors import Forbidden, Invalid
from app.queries.cases.checks import page
from app.security import Actor
from tests.app.checks.test_checks import ANOTHER_SUPERVISOR, SOFTWARE, check_of, checked, row, served, waiting
from tests.shift import SUPERVISOR, Shift, person


async def test_nobody_checks_their_own_work_not_even_through_software_or_another_key(shift: Shift) -> None:
    _, check = await waiting(shift)
    before = await shift.everything()
    for actor, whom in ((person("ayesha"), None), (SOFTWARE, "ayesha"), (SUPERVISOR, "ayesha")):
        with pytest.raises(Forbidden) as caught:
            await shift.do(take, check, representative=whom, actor=actor)
        assert caught.value.code == "same_person"
    assert await shift.everything() == before


async def test_a_supervisor_who_resolved_it_does_not_approve_it_under_any_name(shift: Shift) -> None:
    await checked(shift, {})
    _, case = await served(shift)
    await shift.do(resolve, case, outcome="paid", actor=SUPERVISOR)
    check = (await check_of(shift, case))["id"]
    for whom in (None, "chandra"):
        with pytest.raises(Forbidden) as caught:
            await shift.do(take, check, representative=whom, actor=SUPERVISOR)
        assert caught.value.code == "same_person"
    assert (await shift.do(take, check, actor=ANOTHER_SUPERVISOR)).checker == ANOTHER_SUPERVISOR.label
    with pytest.raises(Forbidden):
        await shift.do(approve, check, actor=SUPERVISOR)
    assert (await shift.do(approve, check, actor=ANOTHER_SUPERVISOR)).state == "passed"


async def test_software_says_for_whom_it_looks_and_decides_what_it_took_for_them(shift: Shift) -> None:
    case, check = await waiting(shift)
    with pytest.raises(Invalid) as caught:
        await shift.do(take, check, actor=SOFTWARE)
    assert caught.value.code == "who_looks"
    with pytest.raises(Invalid) as unknown:
        await shift.do(take, check, representative="nobody", actor=SOFTWARE)
    assert unknown.value.code == "unknown_representative"
    assert (await shift.do(take, check, representative="chandra", actor=SOFTWARE)).checker == "chandra"
    with pytest.raises(Forbidden):
        await shift.do(approve, check, actor=Actor(role="integration", key_id="8", name="other"))
    await shift.do(approve, check, actor=SOFTWARE)
    assert (await row(shift, case))["state"] == "resolved"


@pytest.mark.parametrize(
    ("rules", "able", "unable"),
    [
        ({"skill": "claims", "level": 3}, "chandra", "farid"),
        ({"skill": "technical", "level": 4}, "bilal", "chandra"),
        ({}, "farid", "bilal"),
    ],
)
async def test_who_looks_holds_the_skill_or_serves_the_queue(
    shift: Shift, rules: dict[str, Any], able: str, unable: str
) -> None:
    _, check = await waiting(shift, **rules)
    with pytest.raises(Forbidden) as caught:
        await shift.do(take, check, actor=person(unable))
    assert caught.value.code == "not_qualified"
    assert (await shift.do(take, check, actor=person(able))).checker == able


async def test_whom_the_customer_must_never_meet_does_not_look_either(shift: Shift) -> None:
    case, check = await waiting(shift)
    await shift.execute(
        "INSERT INTO bar (id, case_id, representative, reason, made_by, made_at)"
        " VALUES (gen_random_uuid(), $1, 'chandra', 'complaint', 'test', wall_clock())",
        case,
    )
    with pytest.raises(Forbidden):
        await shift.do(take, check, actor=person("chandra"))
    assert await seen(shift, "chandra") == []
    assert await seen(shift, "farid") == [check]


async def seen(shift: Shift, code: str) -> list[UUID]:
    async with shift.db.reading() as session:
        items, _ = await page(session, state=None, case_id=None, reader=code, after=None, limit=10)
    return [item["id"] for item in items]


@pytest.mark.parametrize("rules", [{}, {"skill": "claims", "level": 3}, {"skill": "technical", "level": 4}])
async def test_everybody_is_shown_just_what_they_may_take_and_their_own_work(
    shift: Shift, rules: dict[str, Any]
) -> None:
    _, check = await waiting(shift, **rules)
    for code in ("ayesha", "bilal", "chandra", "devi", "esther", "farid"):
        shown = await seen(shift, code) == [check]
        assert shown == (code == "ayesha" or await may_take(shift, check, code)), code


async def may_take(shift: Shift, check: UUID, code: str) -> bool:
    try:
        await shift.do(take, check, actor=person(code))
    except Forbidden:
        return False
    await shift.do(drop, check, actor=person(code))
    return True
