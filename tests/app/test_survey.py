"""Is it solved, and how was the representative: what an answer does to the case, whenever and however often it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.actions.checks import approve, take
from app.actions.complete import complete
from app.actions.merge_customers import merge_customers
from app.actions.resolve import resolve
from app.actions.survey import MOST_WORDS
from app.actions.survey import say as speak
from app.db import now
from app.errors import Conflict, Invalid
from app.tables import Case
from channels.base import Person, Wrote
from tests import ruling
from tests.shift import Shift
from tests.solving import (
    CHANDRA,
    CUSTOMER,
    DAY,
    alarms,
    call_solved,
    contacts,
    fire,
    letters,
    newest,
    row,
    say,
    served,
    solved,
    surveys,
    tend,
    timer,
)


async def on_their_page(shift: Shift, case: Any, answer: str | None, **more: Any) -> None:
    async with shift.db.session() as session:
        given = {"solved": answer, "mark": None, "words": None, **more}
        found = await session.get_one(Case, case)
        await speak(session, found, actor=CUSTOMER, now=await now(session), **given)


async def over(shift: Shift, case: Any, answer: str | None, **more: Any) -> None:
    """The answer is too late, and nothing at all changes."""
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await say(shift, case, answer, **more)
    assert caught.value.code == "survey_over"
    assert await shift.everything() == before


async def test_who_is_called_solved_is_asked_by_letter_about_the_representative_of_that_moment(shift: Shift) -> None:
    case = await solved(shift)
    (asked,) = await surveys(shift, case)
    found = await row(shift, case)
    assert (asked["state"], asked["round"], asked["channel"]) == ("asked", 1, "email")
    assert (asked["representative"], asked["customer_id"]) == ("esther", found["customer_id"])
    assert asked["closes_at"] == asked["asked_at"] + timedelta(days=5) == await timer(shift, case)
    (letter,) = await letters(shift, "survey")
    assert letter["recipient"] == "sana@example.test"
    assert found["page_token"] in letter["payload"]["body"]
    told = (await shift.fetch("SELECT data FROM event WHERE kind = 'survey_asked'"))[0]["data"]
    assert told == {"survey": str(asked["id"]), "round": 1, "channel": "email", "representative": "esther"}


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


async def test_it_is_asked_again_after_it_was_opened_again_and_the_old_question_is_over(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "partly")
    again = (await newest(shift, case))["id"]
    await shift.serve(again, "ayesha")
    await shift.do(resolve, case, outcome="mended_again")
    check = await shift.fetch("SELECT id FROM second_check")
    assert check, "what was not solved is looked at by a second person"
    await pass_check(shift, check[0]["id"])
    first, second = await surveys(shift, case)
    assert (first["state"], first["solved"], second["state"], second["round"]) == ("answered", "partly", "asked", 2)
    assert (first["representative"], second["representative"]) == ("esther", "ayesha")
    assert len(await letters(shift, "survey")) == 2
    await say(shift, case, "yes")
    assert (await row(shift, case))["state"] == "closed"


async def test_an_answer_about_an_earlier_resolution_is_over_whatever_became_of_the_later_one(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "partly")
    await shift.do(resolve, case, outcome=None)
    await pass_check(shift, (await shift.fetch("SELECT id FROM second_check"))[0]["id"])
    first = (await surveys(shift, case))[0]["id"]
    await over(shift, case, "yes", survey=first)
    await say(shift, case, "no")
    await over(shift, case, "yes", survey=first)
    await over(shift, case, "no", survey=first)


async def test_an_answer_says_nothing_of_a_later_resolution_nobody_was_asked_about(shift: Shift) -> None:
    await ruling.rule(shift.db, shift.intake, ruling.document(resolution={"surveys_per_month": 1}))
    case = await solved(shift)
    await say(shift, case, "partly")
    await shift.do(resolve, case, outcome=None)
    await pass_check(shift, (await shift.fetch("SELECT id FROM second_check"))[0]["id"])
    assert ((await row(shift, case))["state"], len(await surveys(shift, case))) == ("resolved", 1)
    await over(shift, case, "yes")
    await on_their_page(shift, case, "yes")
    assert [each["solved"] for each in await surveys(shift, case)] == ["partly", "yes"]
    assert (await row(shift, case))["closed_by"] == "customer"


async def pass_check(shift: Shift, check: Any) -> None:
    await tend(shift)
    await shift.do(take, check, actor=CHANDRA)
    await shift.do(approve, check, actor=CHANDRA)


async def test_a_customer_who_writes_opens_it_again_and_is_not_asked_any_more(shift: Shift) -> None:
    case = await solved(shift)
    token = (await row(shift, case))["token"]
    letter = Wrote(
        ref="<no>", contact="<no>", content="n", body="It is not", case_token=token, reply_to="sana@example.test"
    )
    await shift.take("email", letter)
    assert (await row(shift, case))["state"] == "open"
    await over(shift, case, "yes")
    await tend(shift)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], asked["ended_at"] is not None) == ("dropped", True)
    assert (await letters(shift, "survey"))[0]["reason"] == "superseded", (
        "a letter that has not left asks nothing any more"
    )
    await over(shift, case, "yes")
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert ((await row(shift, case))["state"], await timer(shift, case)) == ("open", None)


async def test_a_log_that_is_followed_late_drops_no_later_question(shift: Shift) -> None:
    case = await solved(shift)
    token = (await row(shift, case))["token"]
    await shift.take("email", Wrote(ref="<no>", contact="<no>", content="n", body="It is not", case_token=token))
    await shift.execute('UPDATE "case" SET reopened = 0')  # which nobody then need look at first
    await shift.do(resolve, case, outcome=None)
    before = [each["state"] for each in await surveys(shift, case)]
    await tend(shift)
    assert before == [each["state"] for each in await surveys(shift, case)] == ["dropped", "asked"]


async def test_a_machines_letter_answers_nothing(shift: Shift) -> None:
    case = await solved(shift)
    token = (await row(shift, case))["token"]
    away = Wrote(ref="<away>", contact="<away>", content="x", body="I am away: yes", case_token=token, automatic=True)
    await shift.take("email", away)
    await tend(shift)
    assert ((await row(shift, case))["state"], (await surveys(shift, case))[0]["state"]) == ("resolved", "asked")


async def test_nobody_is_asked_more_often_a_month_than_the_rules_say(shift: Shift) -> None:
    first, second, third = [await solved(shift) for _ in range(3)]
    assert [len(await surveys(shift, case)) for case in (first, second, third)] == [1, 1, 0]
    assert await timer(shift, third) is not None
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert [(await row(shift, case))["closed_by"] for case in (first, third)] == ["silence", "not_asked"]
    await shift.pass_time(26 * DAY)
    assert len(await surveys(shift, await solved(shift))) == 1


async def test_two_cases_of_one_person_solved_at_once_are_counted_one_after_the_other(shift: Shift) -> None:
    cases = [(await shift.case(await served(shift)))["id"] for _ in range(4)]
    await asyncio.gather(*[call_solved(shift, case) for case in cases])
    assert sum([len(await surveys(shift, case)) for case in cases]) == 2


async def test_a_customer_who_is_two_is_counted_as_one(shift: Shift) -> None:
    await solved(shift)
    await solved(shift)
    other = await served(
        shift, person=Person(name="Sana T.", email="other@example.test"), reply_to="other@example.test"
    )
    known = "SELECT customer_id FROM identity WHERE value = $1"
    one, two = [(await shift.fetch(known, f"{name}@example.test"))[0][0] for name in ("sana", "other")]
    await shift.do(merge_customers, one, two, reason=None)
    await call_solved(shift, (await shift.case(other))["id"])
    assert len(await shift.fetch("SELECT FROM survey")) == 2


async def test_who_cannot_be_reached_is_not_asked_and_closed_by_nobodys_word(shift: Shift) -> None:
    case = await solved(shift, channel="walk_in")
    assert (await surveys(shift, case), await letters(shift, "survey")) == ([], [])
    assert (await row(shift, case))["state"] == "resolved"
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    found = await row(shift, case)
    assert (found["state"], found["closed_by"]) == ("closed", "not_asked")
    assert (await shift.story(case))[-1] == "not_asked"


async def test_a_letter_that_comes_back_asked_nobody(shift: Shift) -> None:
    case = await solved(shift)
    await shift.execute("UPDATE outbox SET state = 'failed', reason = 'refused', done_at = wall_clock()")
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], (await row(shift, case))["closed_by"]) == ("dropped", "not_asked")


async def test_who_has_their_page_already_is_asked_there(shift: Shift) -> None:
    interaction = await served(shift, channel="walk_in")
    case = (await shift.case(interaction))["id"]
    await shift.execute("UPDATE \"case\" SET page_token = 'a-page' WHERE id = $1", case)
    await call_solved(shift, case)
    (asked,) = await surveys(shift, case)
    assert (asked["state"], asked["channel"]) == ("asked", "page")
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert (await row(shift, case))["closed_by"] == "silence"


async def test_who_was_not_asked_and_speaks_on_their_page_is_heard(shift: Shift) -> None:
    case = await solved(shift, channel="walk_in")
    await on_their_page(shift, case, "yes", mark=4)
    (asked,) = await surveys(shift, case)
    assert (asked["channel"], asked["solved"], asked["representative"]) == ("page", "yes", "esther")
    assert (await row(shift, case))["closed_by"] == "customer"
    await on_their_page(shift, case, "no")
    assert ((await row(shift, case))["state"], len(await surveys(shift, case))) == ("open", 1)


async def test_nobody_answers_what_was_never_solved(shift: Shift) -> None:
    case = (await shift.case(await served(shift)))["id"]
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await on_their_page(shift, case, "yes")
    assert (caught.value.code, await shift.everything()) == ("survey_over", before)


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


async def test_the_window_is_the_queues(shift: Shift) -> None:
    said = {"queues": {"inquiries": {"survey_days": 1, "reopen_days": 2}}, "surveys_per_month": 5}
    await ruling.rule(shift.db, shift.intake, ruling.document(resolution=said))
    interaction = await served(shift)
    await tend(shift)
    case = (await shift.case(interaction))["id"]
    await call_solved(shift, case)
    await shift.pass_time(DAY + 1)
    await fire(shift)
    found = await row(shift, case)
    assert (found["closed_by"], found["reopen_until"]) == ("silence", found["closed_at"] + timedelta(days=2))
