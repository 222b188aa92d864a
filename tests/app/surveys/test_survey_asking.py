"""Who is asked whether it is solved, how often, until when, and when it is not asked any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.resolve import resolve
from app.actions.customers.merge import merge_customers
from app.db import now
from app.errors import Conflict
from app.tables import Merge
from channels.base import Person, Wrote
from tests import ruling
from tests.shift import SUPERVISOR, Shift
from tests.solving import (
    DAY,
    call_solved,
    fire,
    letters,
    newest,
    on_their_page,
    over,
    pass_check,
    row,
    say,
    served,
    solved,
    surveys,
    tend,
    timer,
)


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


async def test_who_is_erased_meanwhile_says_nothing_more_and_is_asked_nothing(shift: Shift) -> None:
    case, other = await solved(shift), (await shift.case(await served(shift)))["id"]
    await shift.execute('UPDATE "case" SET erased_at = wall_clock()')
    await over(shift, case, "no", words="Zebra", remains="Giraffe")
    await call_solved(shift, other)
    assert await surveys(shift, other) == []
    before = await shift.everything()
    with pytest.raises(Conflict):
        await on_their_page(shift, other, "no", remains="Giraffe")
    assert await shift.everything() == before
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert [(await row(shift, each))["closed_by"] for each in (case, other)] == ["silence", "not_asked"]
    await shift.execute('UPDATE "case" SET erased_at = NULL')  # nobody was, for the audit


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


async def test_a_case_that_was_taken_into_another_is_closed_by_nobodys_silence(shift: Shift) -> None:
    survivor, merged = await solved(shift), await solved(shift)
    made = await shift.do(merge, survivor, merged, reason=None)
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)  # before anybody has followed the log
    found = [await row(shift, case) for case in (survivor, merged)]
    assert [(case["state"], case["closed_by"]) for case in found] == [("closed", "silence"), ("resolved", None)]
    await tend(shift)
    assert [each["state"] for each in await surveys(shift, merged)] == ["dropped"]
    async with shift.db.session() as session:
        again = await session.get_one(Merge, made.id)
        await unmerge(session, again, actor=SUPERVISOR, now=await now(session))
    await tend(shift)
    await fire(shift)
    assert (await row(shift, merged))["closed_by"] == "not_asked", "it stands alone again, and its time is over"
