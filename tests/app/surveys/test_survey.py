"""Is it solved, and how was the representative: what an answer does to the case, whenever and however often it comes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.rules import versions as rules
from app.actions.surveys.ask import MOST_WORDS
from app.errors import Invalid
from tests.ruling import document
from tests.shift import Shift
from tests.solving import (
    DAY,
    alarms,
    call_solved,
    contacts,
    fire,
    letters,
    newest,
    over,
    pass_check,
    row,
    say,
    served,
    solved,
    surveys,
    timer,
)


async def test_a_yes_closes_it_in_the_customers_word(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "yes", mark=5, words="Very kind")
    found, (asked,) = await row(shift, case), await surveys(shift, case)
    assert (found["state"], found["closed_by"]) == ("closed", "customer")
    assert found["reopen_until"] == found["closed_at"] + timedelta(days=30)
    assert (asked["state"], asked["solved"], asked["mark"], asked["words"]) == ("answered", "yes", 5, "Very kind")
    assert asked["ended_at"] == found["closed_at"]
    assert await timer(shift, case) is None
    assert (await shift.story(case))[-2:] == ["survey_answered", "confirmed"]
    assert await alarms(shift) == []


async def test_a_no_opens_it_again_near_the_front_and_calls_for_a_rescue(shift: Shift) -> None:
    interaction = await shift.arrive("walk_in")
    await shift.pass_time(90)
    await shift.serve(interaction)
    await shift.do(complete, interaction, outcome=None)
    case = (await shift.case(interaction))["id"]
    await served(shift, case_id=case)
    await shift.execute('UPDATE "case" SET customer_id = (SELECT id FROM customer LIMIT 1) WHERE id = $1', case)
    await call_solved(shift, case)
    waited = (await row(shift, case))["waited_seconds"]
    assert waited >= 90
    await say(shift, case, "no", mark=1, remains="It drips again")
    found, work = await row(shift, case), await newest(shift, case)
    assert (found["state"], found["resolved_at"], found["reopened"], found["closed_at"]) == ("open", None, 1, None)
    assert (work["state"], work["queue"], work["channel"]) == ("queued", "inquiries", "email")
    assert (work["head_start_seconds"], work["head_start_reasons"]) == (waited + 600, ["reopened"])
    assert work["due_at"] == work["queued_at"] + timedelta(seconds=180 - 600 - waited)
    (alarm,) = await alarms(shift)
    assert (alarm["representative"], alarm["case_id"]) == (None, case)
    assert (alarm["data"]["solved"], alarm["data"]["mark"], alarm["data"]["about"]) == ("no", 1, "esther")
    assert alarm["data"]["by"] == (alarm["raised_at"] + timedelta(days=1)).isoformat()
    words = await shift.fetch("SELECT body FROM message WHERE interaction_id = $1", work["id"])
    assert [each["body"] for each in words] == ["It drips again"]
    assert len(await letters(shift, "rescued")) == 1


async def test_partly_opens_it_again_as_work_and_calls_for_nobody_else(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "partly", mark=4)
    assert ((await row(shift, case))["state"], (await newest(shift, case))["state"]) == ("open", "queued")
    assert (await alarms(shift), await letters(shift, "rescued")) == ([], [])


async def test_solved_with_a_bad_mark_is_closed_and_gone_after(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "yes", mark=2)
    assert (await row(shift, case))["state"] == "closed"
    (alarm,) = await alarms(shift)
    assert (alarm["data"]["solved"], alarm["data"]["mark"]) == ("yes", 2)


async def test_a_mark_alone_leaves_the_question_open_and_silence_is_silence(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, None, mark=5)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], asked["mark"], (await row(shift, case))["state"]) == ("asked", 5, "resolved")
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], asked["solved"], (await row(shift, case))["closed_by"]) == ("lapsed", None, "silence")


@pytest.mark.parametrize("answer", ["yes", "no", "partly"])
async def test_the_same_answer_twice_changes_nothing(shift: Shift, answer: str) -> None:
    case = await solved(shift)
    await say(shift, case, answer, mark=3, words="Fine")
    before = await shift.everything()
    await say(shift, case, answer, mark=3, words="Fine")
    assert await shift.everything() == before


async def test_a_no_after_a_yes_opens_it_again_and_both_are_on_record(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "yes")
    await say(shift, case, "no")
    found, (asked,) = await row(shift, case), await surveys(shift, case)
    assert (found["state"], found["closed_by"], asked["solved"]) == ("open", None, "no")
    told = [
        each["data"]
        for each in await shift.fetch("SELECT data FROM event WHERE kind = 'survey_answered' ORDER BY version")
    ]
    assert [(each["solved"], each.get("was")) for each in told] == [("yes", None), ("no", "yes")]
    assert (await contacts(shift, case), len(await alarms(shift))) == (2, 1)


async def test_a_yes_after_a_no_is_on_record_and_the_work_stays(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    await say(shift, case, "yes")
    found, (asked,) = await row(shift, case), await surveys(shift, case)
    assert (found["state"], asked["solved"], (await newest(shift, case))["state"]) == ("open", "yes", "queued")
    await say(shift, case, "no")
    assert (await contacts(shift, case), (await row(shift, case))["reopened"], len(await alarms(shift))) == (2, 1, 1)


async def test_an_answer_after_the_window_is_too_late_but_a_no_is_heard_while_it_can_open_again(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY + 1)
    await over(shift, case, "yes")
    await fire(shift)
    await over(shift, case, "yes", mark=5)
    await over(shift, case, None, mark=1)
    await say(shift, case, "no")
    found, (asked,) = await row(shift, case), await surveys(shift, case)
    assert (found["state"], found["reopened"]) == ("open", 1)
    assert (asked["state"], asked["solved"]) == ("lapsed", None), "its silence stays on record"
    assert (await shift.fetch("SELECT data FROM event WHERE kind = 'reopened'"))[0]["data"]["solved"] == "no"
    assert len(await alarms(shift)) == 1
    await over(shift, case, "no")


async def test_after_its_time_to_open_again_nothing_is_heard(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    await shift.pass_time(30 * DAY + 1)
    await over(shift, case, "no")


@pytest.mark.parametrize("round_", range(4))
async def test_two_answers_at_once_are_taken_one_after_the_other_and_a_no_is_never_lost(
    shift: Shift, round_: int
) -> None:
    case = await solved(shift)
    answers = ("yes", "no") if round_ % 2 else ("no", "yes")
    results = await asyncio.gather(*[say(shift, case, each) for each in answers], return_exceptions=True)
    assert [each for each in results if isinstance(each, BaseException)] == []
    found, (asked,) = await row(shift, case), await surveys(shift, case)
    told = await shift.fetch("SELECT data FROM event WHERE kind = 'survey_answered' ORDER BY version")
    assert (found["state"], found["reopened"], await contacts(shift, case)) == ("open", 1, 2)
    assert asked["solved"] == told[-1]["data"]["solved"]
    assert len(told) == 2


async def test_the_same_no_from_two_windows_at_once_is_one_piece_of_work(shift: Shift) -> None:
    case = await solved(shift)
    await asyncio.gather(*[say(shift, case, "no") for _ in range(5)])
    assert (await contacts(shift, case), (await row(shift, case))["reopened"], len(await alarms(shift))) == (2, 1, 1)


async def test_an_answer_while_the_window_closes_counts_once(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY + 1)
    results = await asyncio.gather(say(shift, case, "no"), fire(shift), fire(shift), return_exceptions=True)
    assert [each for each in results if isinstance(each, BaseException)] == []
    found, story = await row(shift, case), await shift.story(case)
    assert (found["state"], found["reopened"], story.count("reopened")) == ("open", 1, 1)
    assert story.count("lapsed") <= 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"solved": "maybe"}, "unknown_answer"),
        ({"solved": "yes", "mark": 0}, "unknown_mark"),
        ({"solved": "yes", "mark": 6}, "unknown_mark"),
        ({"solved": None, "words": " \x00 "}, "no_answer"),
        ({"solved": None}, "no_answer"),
    ],
)
async def test_what_is_no_answer_is_refused_and_changes_nothing(shift: Shift, given: dict[str, Any], code: str) -> None:
    case = await solved(shift)
    before = await shift.everything()
    with pytest.raises(Invalid) as caught:
        await say(shift, case, given.pop("solved"), **given)
    assert (caught.value.code, await shift.everything()) == (code, before)


async def test_words_are_kept_as_far_as_they_can_be_and_never_in_the_log(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no", words="Zebra\x00\u202e " + "x" * 9_000, remains="Giraffe")
    (asked,) = await surveys(shift, case)
    assert asked["words"].startswith("Zebra x")
    assert len(asked["words"]) == MOST_WORDS
    for table in ("event", "alarm", "timer", "receipt"):
        found = await shift.fetch(f"SELECT t::text FROM {table} t")
        assert not any("Zebra" in each[0] or "Giraffe" in each[0] for each in found), table


async def test_each_time_it_is_not_solved_somebody_goes_after_it(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    await shift.serve((await newest(shift, case))["id"], "ayesha")
    await shift.do(resolve, case, outcome="mended_again")
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await pass_check(shift, check["id"])
    await say(shift, case, "no")
    told = [(alarm["data"]["survey"], alarm["data"]["about"]) for alarm in await alarms(shift)]
    asked = [str(survey["id"]) for survey in await surveys(shift, case)]
    assert told == [(asked[0], "esther"), (asked[1], "ayesha")]


async def test_how_soon_a_rescue_is_to_be_done_is_a_rule(shift: Shift) -> None:
    draft = await shift.do(rules.draft, document(resolution={"rescue_seconds": 7_200}))
    await shift.do(rules.publish, draft.version, recompute=False)
    case = await solved(shift)
    await say(shift, case, "no")
    (told,) = await alarms(shift)
    assert datetime.fromisoformat(told["data"]["by"]) - told["raised_at"] == timedelta(hours=2)
