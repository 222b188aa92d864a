"""Those who wait keep what they entered with, unless somebody asks that they be filed anew."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.offers.reject import reject
from app.actions.rules import recompute as rules_recompute
from app.actions.rules import versions as rules
from app.actions.rules.trial import Trial, trial
from app.actions.rules.versions import Published
from app.db import now
from app.tables import RuleSet
from tests.documents import document
from tests.racing import HANG_SECONDS
from tests.shift import SUPERVISOR, Shift

STEP = {"after_seconds": 60, "lower_levels_by": 1}


async def published(shift: Shift, wanted: dict[str, Any], *, recompute: bool = False) -> Published:
    row: RuleSet = await shift.do(rules.draft, wanted)
    made: Published = await shift.do(rules.publish, row.version, recompute=recompute)
    return made


async def tried(shift: Shift, wanted: dict[str, Any]) -> Trial:
    """What publishing would do; the draft is gone again afterwards."""
    row: RuleSet = await shift.do(rules.draft, wanted)
    async with shift.db.reading() as session:
        found = await trial(session, row.version)
    await shift.do(rules.discard, row.version)
    return found


def harder() -> dict[str, Any]:
    """Claims are due earlier, need more, and relax later on."""
    end = {"after_seconds": 600, "then": "supervisor"}
    wanted = document(claims={"target_seconds": 60, "steps": [STEP], "on_exhausted": end})
    wanted["request_types"]["claim"]["skills"] = {"claims": 4}
    return wanted


async def claims(shift: Shift, number: int) -> list[UUID]:
    return [await shift.arrive("email", "claim") for _ in range(number)]


async def test_those_who_wait_keep_the_rules_they_entered_with(shift: Shift) -> None:
    await published(shift, document())
    (waiting,) = await claims(shift, 1)
    before = await shift.row(waiting)
    made = await published(shift, harder())
    assert made.recomputed.refiled == 0
    assert await shift.row(waiting) == before
    assert before["rules_version"] == 1


async def test_filed_anew_they_have_the_new_rules_and_their_old_clock(shift: Shift) -> None:
    await published(shift, document())
    (waiting,) = await claims(shift, 1)
    before = await shift.row(waiting)
    made = await published(shift, harder(), recompute=True)
    assert (made.recomputed.refiled, made.recomputed.left) == (1, 0)
    after = await shift.row(waiting)
    assert (after["queue"], after["queued_at"], after["state"]) == ("claims", before["queued_at"], "queued")
    assert after["due_at"] == before["due_at"] - timedelta(seconds=60)
    assert (after["skills"], after["rules_version"]) == ({"claims": 4}, 2)
    (step,) = after["steps"]
    assert step["skills"] == {"claims": 3}
    assert step["at"] == pytest.approx(before["queued_at"].timestamp() + 60, abs=0.001)
    told = await shift.last(waiting)
    assert (told["kind"], told["data"], told["actor"]) == (
        "refiled", {"rules": 2, "queue": "claims"}, SUPERVISOR.label,
    )  # fmt: skip


async def test_the_head_start_somebody_was_granted_is_kept_within_the_new_cap(shift: Shift) -> None:
    await published(shift, document())
    waiting = await shift.arrive("email", "claim")
    await shift.execute("UPDATE interaction SET head_start_seconds = 300 WHERE id = $1", waiting)
    await published(shift, document(claims={"head_start_cap_seconds": 100}), recompute=True)
    after = await shift.row(waiting)
    assert after["head_start_seconds"] == 100
    assert after["due_at"] == after["queued_at"] + timedelta(seconds=20)


async def test_only_those_who_wait_are_filed_anew(shift: Shift) -> None:
    await published(shift, document())
    states = {"arriving": "phone", "parked": "email", "completed": "email", "abandoned": "walk_in", "active": "walk_in"}
    rows = {state: await shift.bring(state, channel=channel) for state, channel in states.items()}
    before = {state: await shift.row(interaction) for state, interaction in rows.items()}
    made = await published(shift, harder(), recompute=True)
    assert (made.recomputed.refiled, made.recomputed.left) == (0, 0)
    assert {state: await shift.row(interaction) for state, interaction in rows.items()} == before


async def test_what_was_done_at_the_end_of_all_steps_is_not_done_again(shift: Shift) -> None:
    await published(shift, harder())
    told, untold = await claims(shift, 2)
    await shift.execute("UPDATE interaction SET exhausted_at = NULL WHERE id = $1", told)  # as the timers leave it
    later = harder()
    later["queues"]["claims"]["on_exhausted"]["after_seconds"] = 900
    await published(shift, later, recompute=True)
    assert (await shift.row(told))["exhausted_at"] is None
    again = await shift.row(untold)
    assert (again["exhausted_at"] - again["queued_at"]).total_seconds() == pytest.approx(900, abs=0.001)


async def test_asking_again_files_the_rest_and_then_nothing(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    await published(shift, document())
    waiting = await claims(shift, 7)
    monkeypatch.setattr(rules_recompute, "BATCH", 2)
    monkeypatch.setattr(rules_recompute.file_anew, "__kwdefaults__", {"most": 3})
    made = await published(shift, harder(), recompute=True)
    assert (made.recomputed.refiled, made.recomputed.left) == (3, 4)
    version = made.row.version
    again = [(await shift.do(rules.publish, version, recompute=True)).recomputed for _ in range(3)]
    assert [(each.refiled, each.left) for each in again] == [(3, 1), (1, 0), (0, 0)]
    for interaction in waiting:
        assert (await shift.story(interaction)).count("refiled") == 1


async def test_a_contact_somebody_works_on_is_left_for_the_next_turn(shift: Shift) -> None:
    await published(shift, document())
    held, free = await claims(shift, 2)
    async with shift.db.transaction() as connection:
        await connection.execute("SELECT FROM interaction WHERE id = $1 FOR UPDATE", held)
        made = await asyncio.wait_for(published(shift, harder(), recompute=True), HANG_SECONDS)
    assert (made.recomputed.refiled, made.recomputed.left) == (1, 1)
    assert (await shift.row(held))["rules_version"] == 1
    assert (await shift.row(free))["rules_version"] == 2


async def test_the_dry_run_says_before_what_filing_anew_does(shift: Shift) -> None:
    await published(shift, document())
    changing = await claims(shift, 3)
    await shift.arrive("email", "order")
    found = await tried(shift, harder())
    assert (found.waiting, found.looked_at, found.changing) == (4, 4, 3)
    assert {each.id for each in found.moved} == set(changing)
    await published(shift, harder(), recompute=True)
    for each in found.moved:
        row = await shift.row(each.id)
        assert (row["queue"], row["skills"]) == (each.new.queue, each.new.needs["skills"])
        assert abs((row["due_at"] - each.new.due_at).total_seconds()) < 0.001
        assert each.new.needs["steps"] == len(row["steps"])
    again = await tried(shift, harder())
    assert (again.changing, again.differences) == (0, [])


async def test_what_entered_under_the_live_rules_would_not_change(shift: Shift) -> None:
    """As written in batches and as filed one by one, a contact waits alike."""
    await published(shift, harder())
    await claims(shift, 2)
    for kind in ("order", "inquiry", "technical_service", "suggestion"):
        await shift.arrive("email", kind)
        await shift.arrive("walk_in", kind)
    found = await tried(shift, harder())
    assert (found.looked_at, found.changing, found.moved) == (10, 0, [])


async def test_contacts_that_arrive_while_rules_are_published_are_all_filed_under_one_version(shift: Shift) -> None:
    await published(shift, document())
    seeded = random.Random(7)

    async def come() -> None:
        for _ in range(12):
            await shift.arrive("email", seeded.choice(["claim", "order"]))
            await asyncio.sleep(seeded.random() / 50)

    async def rule() -> None:
        for number in range(6):
            await published(shift, document(claims={"target_seconds": 60 + number}), recompute=bool(number % 2))
            await asyncio.sleep(seeded.random() / 50)

    await asyncio.gather(come(), come(), come(), rule())
    rows = await shift.fetch("SELECT rules_version, queue, queued_at, due_at FROM interaction WHERE state = 'queued'")
    assert len(rows) == 36
    targets = {0: 120, 1: 120} | {version: 58 + version for version in range(2, 8)}
    for row in rows:
        if row["queue"] == "claims":
            wanted = targets[row["rules_version"]]
            assert (row["due_at"] - row["queued_at"]).total_seconds() == pytest.approx(wanted, abs=0.001)
    async with shift.db.session() as session:
        last = await rules.publish(session, 7, recompute=True, actor=SUPERVISOR, now=await now(session))
    assert last.recomputed.left == 0


async def test_who_is_being_offered_is_told_as_left_and_filed_anew_once_they_wait_again(shift: Shift) -> None:
    await published(shift, document())
    (waiting,) = await claims(shift, 1)
    await shift.offer(waiting)
    made = await published(shift, harder(), recompute=True)
    assert (made.recomputed.refiled, made.recomputed.left) == (0, 1)
    await shift.do(reject, (await shift.holder(waiting))["id"], reason="busy")
    again: Published = await shift.do(rules.publish, made.row.version, recompute=True)
    assert (again.recomputed.refiled, again.recomputed.left) == (1, 0)
    assert (await shift.row(waiting))["skills"] == {"claims": 4}
