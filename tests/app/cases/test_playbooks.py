"""Playbooks: published as versions, kept by the cases that have them, ticked with times, and what is required gates resolution."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.describe import describe_case
from app.actions.cases.playbooks import tick, untick
from app.actions.cases.resolve import resolve
from app.actions.rules.versions import roll_back
from app.errors import Conflict, Forbidden, NotFound
from app.loops.tending import Tending
from app.queries.cases.adherence import adherence
from app.queries.cases.playbooks import of_case
from routing.resolution.playbooks import LEAST
from tests.moving import turns
from tests.ruling import ADMIN, document, rule
from tests.shift import Shift, person

GREET = {"code": "greet", "do": "say", "words": {"en": "Good morning"}}
PHOTOS = {"code": "photos", "do": "ask", "words": {"en": "Ask for photos"}, "required": True}
LIMIT = {"code": "limit", "do": "check", "words": {"en": "Within the limit?"}, "required": True, "link": "/limits"}


async def book(shift: Shift, *steps: dict[str, Any], **more: Any) -> int:
    """From now on this is the playbook of claims; the version of the rules."""
    return await rule(
        shift.db, shift.intake,
        document(
            playbooks={"claim": {"steps": list(steps)}, **more},
            resolution={"request_types": {"claim": {"playbook": "claim"}}},
        ),
    )  # fmt: skip


async def claim(shift: Shift, code: str = "ayesha") -> UUID:
    interaction = await shift.arrive("console", "claim")
    await shift.serve(interaction, code)
    await turns(Tending(shift.db))
    found: UUID = (await shift.case(interaction))["id"]
    return found


async def given(shift: Shift, case: UUID) -> tuple[str | None, int | None]:
    row = (await shift.fetch('SELECT playbook, playbook_version FROM "case" WHERE id = $1', case))[0]
    return row["playbook"], row["playbook_version"]


async def versions(shift: Shift) -> list[tuple[Any, ...]]:
    rows = await shift.fetch(
        "SELECT code, version, rules_version, jsonb_array_length(steps) FROM playbook ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


async def shown(shift: Shift, case: UUID, reader: str | None = None) -> dict[str, Any]:
    async with shift.db.reading() as session:
        return await of_case(session, case, reader=reader)


async def test_a_version_is_written_only_where_the_steps_differ(shift: Shift) -> None:
    await book(shift, GREET)
    await book(shift, GREET)
    assert await versions(shift) == [("claim", 1, 1, 1)]
    await book(shift, GREET, PHOTOS)
    await book(shift, GREET, PHOTOS, other={"steps": [GREET]})
    assert await versions(shift) == [("claim", 1, 1, 1), ("claim", 2, 3, 2), ("other", 1, 4, 1)]
    await shift.do(roll_back, 1, actor=ADMIN)
    assert (await versions(shift))[2] == ("claim", 3, 5, 1), "what was once is a version of its own again"


async def test_a_case_keeps_the_version_it_was_given(shift: Shift) -> None:
    await book(shift, GREET)
    old = await claim(shift)
    assert await given(shift, old) == ("claim", 1)
    await book(shift, GREET, PHOTOS)
    new = await claim(shift, "chandra")
    await turns(Tending(shift.db))
    assert (await given(shift, old), await given(shift, new)) == (("claim", 1), ("claim", 2))
    assert (await shift.story(old)).count("playbook_given") == 1
    assert [step["code"] for step in (await shown(shift, old))["steps"]] == ["greet"]


async def test_what_turns_out_to_be_another_matter_gets_its_playbook_or_none(shift: Shift) -> None:
    said = {"request_types": {"claim": {"playbook": "claim"}, "order": {"playbook": "order"}}}
    books = {"claim": {"steps": [GREET, PHOTOS]}, "order": {"steps": [GREET]}}
    await rule(shift.db, shift.intake, document(playbooks=books, resolution=said))
    case = await claim(shift)
    await shift.do(tick, case, "greet", actor=person("ayesha"))
    for request_type, wanted in (("order", ("order", 1)), ("inquiry", (None, None)), ("claim", ("claim", 1))):
        await shift.do(describe_case, case, {"request_type": request_type})
        await turns(Tending(shift.db))
        assert await given(shift, case) == wanted
        assert [step["ticked_at"] for step in (await shown(shift, case))["steps"] if step["ticked_at"]] == []
    assert (await shift.story(case)).count("playbook_given") == 4


async def test_a_case_without_a_playbook_has_no_steps(shift: Shift) -> None:
    case = (await shift.case(await shift.arrive("console", "claim")))["id"]
    assert await shown(shift, case) == {"case_id": case, "playbook": None, "version": None, "steps": [], "missing": []}
    with pytest.raises(NotFound) as caught:
        await shift.do(tick, case, "greet")
    assert caught.value.code == "unknown_step"


async def test_a_required_step_that_is_missing_keeps_a_case_from_being_resolved(shift: Shift) -> None:
    await book(shift, GREET, PHOTOS, LIMIT)
    case = await claim(shift)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    assert caught.value.code == "steps_missing"
    assert [each["where"] for each in caught.value.errors] == ["photos", "limit"]
    assert await shift.everything() == before
    await shift.do(tick, case, "limit", actor=person("ayesha"))
    await shift.do(tick, case, "photos", actor=person("ayesha"))
    assert (await shown(shift, case))["missing"] == []
    assert (await shift.do(resolve, case, outcome=None, actor=person("ayesha"))).state == "resolved"


async def test_being_quick_is_no_way_around_a_required_step(shift: Shift) -> None:
    await book(shift, PHOTOS)
    interaction = await shift.arrive("console", "claim")
    await shift.serve(interaction, "ayesha")
    case = (await shift.case(interaction))["id"]
    with pytest.raises(Conflict) as caught:
        await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    assert caught.value.code == "steps_missing"
    await turns(Tending(shift.db))
    assert await given(shift, case) == ("claim", 1)


async def test_a_tick_is_kept_with_when_and_by_whom_once(shift: Shift) -> None:
    await book(shift, GREET)
    case = await claim(shift)
    await asyncio.gather(*(shift.do(tick, case, "greet", actor=person("ayesha")) for _ in range(4)))
    (step,) = (await shown(shift, case))["steps"]
    assert step["ticked_by"] == "representative:ayesha"
    assert step["ticked_at"] == (await shift.last(case))["at"]
    assert (await shift.last(case))["data"] == {"step": "greet", "playbook": "claim", "version": 1}
    assert (await shift.story(case)).count("ticked") == 1
    for _ in range(2):
        await shift.do(untick, case, "greet", actor=person("ayesha"))
    assert (await shift.story(case)).count("unticked") == 1
    assert (await shown(shift, case))["steps"][0]["ticked_at"] is None


async def test_only_who_works_on_a_case_ticks_and_reads_its_steps(shift: Shift) -> None:
    await book(shift, GREET)
    case = await claim(shift)
    before = await shift.everything()
    with pytest.raises(Forbidden) as caught:
        await shift.do(tick, case, "greet", actor=person("chandra"))
    assert caught.value.code == "not_yours"
    with pytest.raises(NotFound):
        await shown(shift, case, "chandra")
    with pytest.raises(NotFound) as unknown:
        await shift.do(tick, case, "dance", actor=person("ayesha"))
    assert unknown.value.code == "unknown_step"
    assert await shift.everything() == before
    assert len((await shown(shift, case, "ayesha"))["steps"]) == 1


async def test_what_was_done_stands_once_the_case_is_resolved(shift: Shift) -> None:
    await book(shift, GREET)
    case = await claim(shift)
    await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    for action in (tick, untick):
        with pytest.raises(Conflict) as caught:
            await shift.do(action, case, "greet", actor=person("ayesha"))
        assert caught.value.code == "not_open"


async def test_what_goes_with_a_step_is_told_per_version_and_only_of_enough_cases(shift: Shift) -> None:
    await book(shift, GREET, PHOTOS)
    await closed(shift, version=1, ticked=["greet", "photos"], cases=LEAST, solved=LEAST, touches=1)
    await closed(shift, version=1, ticked=["photos"], cases=LEAST, solved=4, touches=3, reopened=5)
    await closed(shift, version=1, ticked=["photos"], cases=3, solved=0, by="not_asked")
    await closed(shift, version=1, ticked=["greet", "photos"], cases=50, solved=0, days=400)
    await book(shift, GREET)
    await closed(shift, version=2, ticked=["greet"], cases=2, solved=2)
    async with shift.db.reading() as session:
        begin, end = (await shift.fetch("SELECT wall_clock() - interval '90 days', wall_clock() + interval '1 day'"))[0]
        found = await adherence(session, "claim", begin=begin, end=end)
    assert [(each["version"], each["cases"]) for each in found["versions"]] == [(2, 2), (1, 2 * LEAST + 3)]
    greet, photos = found["versions"][1]["steps"]
    assert greet["done"] == {"cases": LEAST, "solved_share": 1.0, "reopened_share": 0.0, "touches_per_case": 1.0}
    assert greet["left_out"]["cases"] == LEAST + 3
    assert greet["left_out"]["solved_share"] == 4 / LEAST, "whom nobody asked could not say that it is solved"
    assert greet["left_out"]["touches_per_case"] == 3 * LEAST / (LEAST + 3)
    assert greet["ticked_share"] == LEAST / (2 * LEAST + 3)
    assert (greet["verdict"], greet["difference"]) == ("helps", 1 - 4 / LEAST)
    assert greet["low"] > 0
    assert (photos["verdict"], photos["difference"]) == ("too_few", None)
    assert found["versions"][0]["steps"][0]["done"] == {
        "cases": 2, "solved_share": None, "reopened_share": None, "touches_per_case": None,
    }  # fmt: skip
    await shift.execute("DELETE FROM playbook_tick")
    await shift.execute("DELETE FROM \"case\" WHERE token LIKE 'made-%'")


async def test_there_is_no_playbook_of_that_name(shift: Shift) -> None:
    async with shift.db.reading() as session:
        begin, end = (await shift.fetch("SELECT wall_clock() - interval '90 days', wall_clock()"))[0]
        with pytest.raises(NotFound) as caught:
            await adherence(session, "dance", begin=begin, end=end)
    assert caught.value.code == "unknown_playbook"


async def closed(
    shift: Shift,
    *,
    version: int,
    ticked: list[str],
    cases: int,
    solved: int,
    touches: int = 0,
    reopened: int = 0,
    by: str = "silence",
    days: int = 1,
) -> None:
    """Cases closed so many days ago, the first `solved` of them by the customer's word."""
    await shift.execute(
        """
        WITH made AS (
            INSERT INTO "case" (id, token, state, opened_at, version, playbook, playbook_version, touches, reopened, closed_at, closed_by)
            SELECT gen_random_uuid(), 'made-' || gen_random_uuid(), 'closed', wall_clock(), 1, 'claim', $1, $4,
                (n <= $5)::int, wall_clock() - make_interval(days => $7), CASE WHEN n <= $3 THEN 'customer' ELSE $6 END
            FROM generate_series(1, $2) AS n RETURNING id
        )
        INSERT INTO playbook_tick (case_id, step, at, by)
        SELECT made.id, step, wall_clock(), 'test' FROM made, unnest($8::text[]) AS step
        """,
        version, cases, solved, touches, reopened, by, days, ticked,
    )  # fmt: skip
