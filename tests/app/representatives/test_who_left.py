"""Whose case it was works here no more: what is due is still done, and a supervisor hears what they would have heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.alarms import raise_alarm
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, drop, take
from app.actions.contacts.complete import complete
from app.actions.promises.given import give_promise
from app.actions.record import locked
from app.actions.representatives.presence import set_presence
from app.actions.rules import versions as rules
from app.db import now
from app.tables import Case
from tests.ruling import document
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import CHANDRA, alarms, fire, row, served, tend
from tests.ticking import HOUR, clocks


async def in_force(shift: Shift, **resolution: Any) -> None:
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", **resolution}))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()


async def leaves(shift: Shift, code: str) -> None:
    """They are not in the file any more."""
    await shift.do(set_presence, code, status="offline", reason="retired")
    await shift.execute("UPDATE representative SET retired = true WHERE code = $1", code)


async def owned(shift: Shift, **more: Any) -> UUID:
    """Esther's case; she is about to leave."""
    case: UUID = (await shift.case(await served(shift, **more)))["id"]
    await tend(shift)
    assert (await row(shift, case))["owner"] == "esther"
    return case


async def whose(shift: Shift, kind: str) -> list[str | None]:
    return [each["representative"] for each in await alarms(shift, kind)]


async def test_what_the_owner_would_be_told_the_supervisors_are_and_the_log_says_whom(shift: Shift) -> None:
    case = await owned(shift)
    await leaves(shift, "esther")
    async with shift.db.session() as session:
        found = await locked(session, Case, case)
        for key, code in (("a", "esther"), ("b", "ayesha"), ("c", None)):
            told: dict[str, Any] = {"case": found, "representative": code, "now": await now(session)}
            assert await raise_alarm(session, "rescue", key=key, **told)
            assert not await raise_alarm(session, "rescue", key=key, **told), "once"
    assert await whose(shift, "rescue") == [None, "ayesha", None]
    told_of = await shift.fetch("SELECT data FROM event WHERE kind = 'alarmed' ORDER BY seq")
    assert [row["data"].get("representative") for row in told_of] == [None, "ayesha", None]


async def test_promises_and_clocks_are_held_to_their_time_and_a_supervisor_hears(shift: Shift) -> None:
    targets = {"resolution_seconds": 10 * HOUR, "warn": ["bilal"]}
    await in_force(shift, news_by="person", news_seconds=2 * HOUR, news_lead_seconds=HOUR, targets=targets)
    case = await owned(shift)
    at = (await shift.fetch("SELECT wall_clock() + interval '3 hours' AS at"))[0]["at"]
    await shift.do(
        give_promise, case, kind="solution", due_at=at, words=None, representative=None, actor=person("esther")
    )
    await leaves(shift, "esther")
    await leaves(shift, "bilal")
    for _ in range(12):
        await shift.pass_time(HOUR)
        await tend(shift)
        await fire(shift)
    assert {*await whose(shift, "promise_near"), *await whose(shift, "promise_broken")} == {None}
    assert {*await whose(shift, "clock_near"), *await whose(shift, "clock_breached")} == {None}
    assert (await clocks(shift, case))["resolution"] == "breached"
    standing = await shift.fetch(
        "SELECT FROM promise WHERE case_id = $1 AND state = 'standing' AND kind = 'news'", case
    )
    assert len(standing) == 1, "the next news are promised all the same"


@pytest.mark.parametrize("gone", ["chandra", "esther"])
async def test_a_check_whose_checker_or_asker_left_locks_no_case_for_ever(shift: Shift, gone: str) -> None:
    await in_force(shift, checks=[{"before": "resolution"}])
    case = await owned(shift)
    await shift.do(resolve, case, outcome="mended", actor=person("esther"))
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await shift.do(take, check["id"], actor=CHANDRA)
    await leaves(shift, gone)
    await shift.pass_time(5 * HOUR)
    await fire(shift)
    assert await whose(shift, "check_late") == [None]
    await shift.do(drop, check["id"])
    await shift.do(take, check["id"])
    await shift.do(approve, check["id"])
    await tend(shift)
    assert (await row(shift, case))["state"] == "resolved"


async def test_a_new_contact_is_served_by_somebody_who_owns_the_case_from_then_on(shift: Shift) -> None:
    case = await owned(shift)
    await leaves(shift, "esther")
    again = await shift.arrive("email", case_id=case)
    await shift.serve(again, "ayesha")
    await tend(shift)
    await shift.do(complete, again, outcome=None, actor=SUPERVISOR)
    assert (await row(shift, case))["owner"] == "ayesha"
    story = await shift.fetch(
        "SELECT data FROM event WHERE subject_id = $1 AND kind = 'owned' ORDER BY version", str(case)
    )
    assert story[-1]["data"] == {"representative": "ayesha", "before": "esther", "reason": "left"}
