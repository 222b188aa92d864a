"""The whole story of one matter: in order, by pages both ways, with its words, and of nobody else's matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.actions.checks.decide import send_back, take
from app.actions.contacts.write import write
from app.db import uuid7
from app.errors import Invalid, NotFound
from app.loops.tending import Tending
from app.queries.cases.timeline import KINDS, Page, Wish, timeline
from channels.base import Person
from routing.lifecycle import CASE, INTERACTION
from tests.app.cases.test_cases import case_of
from tests.moving import turns
from tests.shift import Shift, person
from tests.solving import call_solved, newest, say, solved, tend


async def page(shift: Shift, case: UUID, *, reader: str | None = None, **more: Any) -> Page:
    wish = {"newest_first": True, "kinds": (), "after": None, "before": None, "limit": 200, **more}
    async with shift.db.reading() as session:
        return await timeline(session, case, Wish(**wish), reader=reader)


async def read(shift: Shift, case: UUID, **more: Any) -> Sequence[Any]:
    return (await page(shift, case, newest_first=False, **more)).items


async def story(shift: Shift) -> UUID:
    """A letter, a call about it that was merged, a note, an answer, and the promise of news."""
    letter = await shift.arrive("email", "claim", person=Person(email="sana@example.test"), body="It is broken")
    case = await case_of(shift, letter)
    await turns(Tending(shift.db))
    call = await shift.arrive("phone", "claim", person=Person(email="sana@example.test"))
    await shift.do(merge, case, await case_of(shift, call), reason=None)
    await shift.serve(call, "esther")
    await shift.do(write, call, direction="note", subject=None, body="She is cross", actor=person("esther"))
    await shift.serve(letter, "chandra")
    await shift.do(write, letter, direction="out", subject=None, body="We mend it", actor=person("chandra"))
    await turns(Tending(shift.db))
    return case


async def test_a_timeline_tells_what_happened_in_order_with_who_and_what_was_said(shift: Shift) -> None:
    case = await story(shift)
    items = await read(shift, case)
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    kinds = [item["kind"] for item in items]
    assert {"contact", "offer", "note", "message", "promise", "merge", "case"} <= set(kinds)
    said = [(item["kind"], item["channel"], item["representative"], item["words"]) for item in items if item["words"]]
    assert said[:1] == [("contact", "email", None, "It is broken")]
    assert ("note", "phone", "esther", "She is cross") in said
    assert ("message", "email", "chandra", "We mend it") in said
    answered = next(item for item in items if item["type"] == "interaction.answered")
    assert (answered["name"], answered["actor"], answered["direction"]) == (
        "Chandra Rao",
        "representative:chandra",
        "out",
    )
    promise = next(item for item in items if item["type"] == "case.promised")
    assert promise["due_at"] > promise["at"]
    assert all("trace" not in item["data"] for item in items)


async def test_a_merged_case_tells_the_same_story_as_its_survivor(shift: Shift) -> None:
    case = await story(shift)
    merged = (await shift.fetch('SELECT id FROM "case" WHERE merged_into = $1', case))[0]["id"]
    assert await read(shift, merged) == await read(shift, case)
    assert {item["case_id"] for item in await read(shift, case)} == {case, merged}


@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_miss_nothing_and_repeat_nothing_there_and_back(shift: Shift, newest_first: bool) -> None:
    case = await story(shift)
    whole = [item["id"] for item in (await page(shift, case, newest_first=newest_first)).items]
    assert len(set(whole)) == len(whole) > 10
    there: list[str] = []
    last = await page(shift, case, newest_first=newest_first, limit=3)
    assert last.previous is None
    there += [item["id"] for item in last.items]
    while last.next is not None:
        last = await page(shift, case, newest_first=newest_first, limit=3, after=last.next)
        there += [item["id"] for item in last.items]
    assert there == whole
    back = [item["id"] for item in last.items]
    while last.previous is not None:
        last = await page(shift, case, newest_first=newest_first, limit=3, before=last.previous)
        assert last.next is not None
        back = [item["id"] for item in last.items] + back
    assert back == whole


async def test_events_of_the_very_same_moment_have_one_order(shift: Shift) -> None:
    case = await case_of(shift, await shift.arrive())
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor) SELECT 'case', $1, n, 'described',"
        " '2026-01-01Z', 'system' FROM generate_series(2, 9) AS n", str(case),
    )  # fmt: skip
    await shift.execute('UPDATE "case" SET version = 9 WHERE id = $1', case)
    first = await page(shift, case, newest_first=False, limit=5)
    second = await page(shift, case, newest_first=False, limit=5, after=first.next)
    assert len({item["id"] for item in (*first.items, *second.items)}) == 10


async def test_how_the_house_works_is_told_only_to_who_asks(shift: Shift) -> None:
    case = await story(shift)
    assert not {"routing", "clock", "touch"} & {item["kind"] for item in await read(shift, case)}
    await shift.arrive(case_id=case)
    assert {item["type"] for item in await read(shift, case, kinds=("routing",))} >= {"case.joined"}
    assert {item["kind"] for item in await read(shift, case, kinds=("note",))} == {"note"}


async def test_who_asks_for_one_kind_is_told_that_kind_and_all_of_it(shift: Shift) -> None:
    case = await story(shift)
    every = await read(shift, case, kinds=tuple(KINDS))
    assert {"case", "contact", "promise"} <= {item["kind"] for item in every}
    for kind in KINDS:
        assert await read(shift, case, kinds=(kind,)) == [item for item in every if item["kind"] == kind], kind


async def test_a_representative_reads_what_they_served_and_not_how_a_colleague_was_judged(shift: Shift) -> None:
    case = await story(shift)
    survey = uuid7()
    await shift.execute(
        "INSERT INTO survey (id, case_id, round, state, channel, asked_at, closes_at, ended_at, solved, mark, words)"
        " VALUES ($1, $2, 1, 'answered', 'email', now(), now(), now(), 'no', 1, 'Rude')", survey, case,
    )  # fmt: skip
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor, data)"
        " SELECT 'case', $1, max(version) + 1, 'survey_answered', wall_clock(), 'customer',"
        " jsonb_build_object('survey', $2::text, 'solved', 'no', 'mark', 1) FROM event WHERE subject_id = $1", str(case), str(survey),
    )  # fmt: skip
    await shift.execute('UPDATE "case" SET version = version + 1 WHERE id = $1', case)
    seen = [next(item for item in await read(shift, case, reader=who) if item["kind"] == "survey") for who in (None, "esther")]  # fmt: skip
    assert [(item["solved"], item.get("mark"), item["words"]) for item in seen] == [
        ("no", 1, "Rude"),
        ("no", None, None),
    ]
    assert ["mark" in item["data"] for item in seen] == [True, False]
    with pytest.raises(NotFound):
        await read(shift, case, reader="bilal")
    with pytest.raises(NotFound):
        await read(shift, uuid7())


async def test_a_cursor_that_is_not_ours_is_refused(shift: Shift) -> None:
    case = await case_of(shift, await shift.arrive())
    for cursor in ("x", "", "AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Cjk"):
        with pytest.raises(Invalid):
            await page(shift, case, after=cursor)


def test_every_event_of_contacts_has_a_kind_and_no_name_is_misspelt() -> None:
    named = {event for events in KINDS.values() for event in events}
    there = {f"interaction.{event}" for _, event in INTERACTION.table} | {f"case.{event}" for _, event in CASE.table}
    assert named <= there
    assert {event for event in there if event.startswith("interaction.")} <= named


async def test_each_answer_to_a_survey_tells_what_was_said_then(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    await say(shift, case, "yes", mark=4)
    await say(shift, case, None, words="Kind")
    events = [each for each in await read(shift, case) if each["kind"] == "survey"]
    told = [(each["type"], each.get("solved"), each.get("mark"), each["words"]) for each in events]
    assert told == [
        ("case.survey_asked", None, None, None),
        ("case.survey_answered", "no", None, None),
        ("case.survey_answered", "yes", 4, "Kind"),
        ("case.survey_marked", "yes", 4, "Kind"),
    ]


async def test_what_a_second_person_says_stands_where_they_say_it_and_is_theirs(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    await shift.serve((await newest(shift, case))["id"], "esther")
    await call_solved(shift, case)
    await tend(shift)
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await shift.do(take, check["id"], actor=person("chandra"))
    await shift.do(send_back, check["id"], comment="Where are the photos?", actor=person("chandra"))
    events = [each for each in await read(shift, case) if each["kind"] == "check"]
    assert [(each["type"], each["representative"], each["words"]) for each in events] == [
        ("case.check_requested", "esther", None),
        ("case.check_taken", "chandra", None),
        ("case.check_returned", "chandra", "Where are the photos?"),
    ]
