"""Handing on: to a named colleague, by hand, or after asking first. The customer's clock never restarts."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.line.requeue import transfer
from app.actions.offers.assign import assign
from app.actions.offers.consult import consult, hand_over
from app.actions.offers.pull import pull
from app.actions.representatives.bar import Whose, bar
from app.actions.representatives.presence import set_presence
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.loops.line import line
from app.loops.measures import Measures
from app.loops.stepping import Exhaustion
from app.loops.term import Term
from tests.moving import in_force, turns
from tests.shift import Shift, person


async def hand_on(shift: Shift, interaction: UUID, *, queue: str | None = None, to: str | None = None) -> Any:
    return await shift.do(transfer, interaction, queue=queue, representative=to, reason="asked")


async def question(
    shift: Shift, interaction: UUID, *, to: str | None = "chandra", queue: str | None = None, by: str = "esther"
) -> UUID:
    row = await shift.do(
        consult, interaction, representative=to, queue=queue, reason="second_opinion", actor=person(by)
    )
    found: UUID = row.id
    return found


async def by_hand(shift: Shift, interaction: UUID, to: str, override: str | None = None) -> Any:
    return await shift.do(assign, interaction, representative=to, override=override)


async def dispatch(shift: Shift) -> None:
    """Everything that can be offered now, is."""
    async with line(shift.db) as connection:
        term = Term(connection, measures=Measures())
        await term.open()
        await term.cycle()


async def refused(shift: Shift, doing: Any) -> str:
    """The code of the refusal; nothing at all may have changed."""
    before = await shift.everything()
    with pytest.raises((Conflict, Invalid, NotFound, Forbidden)) as caught:
        await doing
    assert await shift.everything() == before
    return caught.value.code


# --- to somebody by name


async def test_a_named_colleague_is_asked_alone_for_as_long_as_the_queue_says(shift: Shift) -> None:
    await in_force(shift, claims={"preferred_seconds": 45})
    await shift.come_to_work("ayesha")
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    before = await shift.row(served)
    await hand_on(shift, served, to="ayesha")
    row, last = await shift.row(served), await shift.last(served)
    assert (row["preferred_until"] - row["state_at"]).total_seconds() == 45
    assert (last["data"]["preferred"], last["data"]["reason"]) == ("ayesha", "asked"), "everybody is told why"
    assert (row["queued_at"], row["due_at"], row["skills"]) == (before["queued_at"], before["due_at"], {"claims": 2})


async def test_nobody_is_handed_what_they_could_never_serve(shift: Shift) -> None:
    await shift.come_to_work("devi", "bilal", "ayesha")
    claim = await shift.arrive("phone", "claim")
    await shift.serve(claim)
    assert await refused(shift, hand_on(shift, claim, to="devi")) == "cannot_serve"  # not in that queue
    assert await refused(shift, hand_on(shift, claim, queue="inquiries", to="devi")) == "cannot_serve"
    assert await refused(shift, hand_on(shift, claim, queue="inquiries", to="bilal")) == "cannot_serve"  # no English
    assert await refused(shift, hand_on(shift, claim, queue="technical", to="ayesha")) == "cannot_serve"


async def test_the_skills_of_the_old_queue_do_not_count_in_the_new_one(shift: Shift) -> None:
    await shift.come_to_work("bilal")
    claim = await shift.arrive("phone", "claim", language="ur")
    await shift.serve(claim)
    await hand_on(shift, claim, queue="technical", to="bilal")  # knows nothing of claims, and need not
    row = await shift.row(claim)
    assert (row["queue"], row["skills"], row["preferred"]) == ("technical", {"technical": 3}, "bilal")


async def test_steps_of_the_new_queue_count_from_when_they_first_stood_in_line(shift: Shift) -> None:
    steps = {
        "steps": [{"after_seconds": 60, "drop_language": True}],
        "overflow": {"after_seconds": 600, "queue": "sales"},
    }
    await in_force(shift, inquiries=steps)
    waiting = await shift.arrive("phone", "claim")
    await shift.pass_time(50)
    await hand_on(shift, waiting, queue="inquiries")
    row = await shift.row(waiting)
    assert (row["step_at"] - row["queued_at"]).total_seconds() == pytest.approx(60)


# --- by hand


async def test_a_supervisor_gives_it_to_whom_they_choose_and_it_is_on_record_who(shift: Shift) -> None:
    await shift.come_to_work("devi")
    claim = await shift.arrive("phone", "claim")
    made = await by_hand(shift, claim, "devi")
    data = (await shift.last(claim))["data"]
    assert (made.representative, data["by"], "override" in data) == ("devi", "supervisor:test", False)
    assert (made.expires_at - made.offered_at).total_seconds() == 20
    assert (await shift.staff("devi"))["live"] == 1
    before = await shift.everything()
    assert (await by_hand(shift, claim, "devi")).id == made.id, "again: that offer"
    assert await shift.everything() == before


async def test_more_than_somebody_may_hold_needs_a_reason_on_record_and_drains(shift: Shift) -> None:
    await shift.come_to_work("farid")
    letters = [await shift.arrive("email") for _ in range(2)]
    await shift.serve(letters[0], "farid")
    assert await refused(shift, by_hand(shift, letters[1], "farid")) == "over_capacity"
    await by_hand(shift, letters[1], "farid", "knows_the_matter")
    row = await shift.staff("farid")
    assert (row["capacity"], row["units"], row["ceiling"]) == (1, 2, 2)
    assert (await shift.last(letters[1]))["data"]["override"] == "knows_the_matter"
    await shift.do(complete, letters[0], outcome=None)
    row = await shift.staff("farid")
    assert (row["units"], row["ceiling"]) == (1, 1), "the ceiling sinks with the load"


async def test_no_reason_gives_anybody_two_calls_at_once(shift: Shift) -> None:
    calls = [await shift.arrive("phone") for _ in range(2)]
    await shift.serve(calls[0])
    assert await refused(shift, by_hand(shift, calls[1], "esther", "urgent")) == "on_a_call"


async def test_nobody_absent_barred_or_gone_is_given_anything_by_hand(shift: Shift) -> None:
    waiting = await shift.arrive("phone")
    assert await refused(shift, by_hand(shift, waiting, "devi", "urgent")) == "not_on_shift"
    assert await refused(shift, by_hand(shift, waiting, "nobody", "urgent")) == "unknown_representative"
    await shift.do(set_presence, "devi", status="away", reason=None)
    assert await refused(shift, by_hand(shift, waiting, "devi", "urgent")) == "not_available"
    await shift.come_to_work("esther")
    await shift.do(bar, Whose(case_id=(await shift.row(waiting))["case_id"]), "esther", reason="complaint")
    assert await refused(shift, by_hand(shift, waiting, "esther", "urgent")) == "barred"
    await shift.do(set_presence, "devi", status="offline", reason=None)
    await shift.execute("UPDATE representative SET retired = true WHERE code = 'devi'")
    assert await refused(shift, by_hand(shift, waiting, "devi", "urgent")) == "unknown_representative"


async def test_what_somebody_holds_is_not_given_to_another_by_hand(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    for state in ("offered", "active", "wrapping", "parked", "completed", "abandoned"):
        interaction = await shift.bring(state)
        assert await refused(shift, by_hand(shift, interaction, "ayesha")) == "illegal_transition", state
        if state in ("offered", "active", "wrapping"):
            await shift.do(depart, interaction, reason="test")
            if state != "offered":
                await shift.do(complete, interaction, outcome=None)


async def test_two_supervisors_who_give_the_same_one_at_once_give_it_once(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "esther")
    for _ in range(10):
        letter = await shift.arrive("email")
        made = await asyncio.gather(
            by_hand(shift, letter, "ayesha", "asked"), by_hand(shift, letter, "esther", "asked"), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in made) == ["Assignment", "Conflict"]


# --- after asking first


async def test_a_colleague_is_asked_on_the_same_case_while_the_customer_stays(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    asked = await question(shift, served)
    row, about = await shift.row(asked), await shift.row(served)
    assert (row["case_id"], row["channel"], row["live"], row["preferred"]) == (
        about["case_id"],
        "console",
        False,
        "chandra",
    )
    assert about["state"] == "active"
    assert (await shift.last(served))["data"] == {"consultation": str(asked), "reason": "second_opinion"}
    waited = (await shift.case(served))["waited_seconds"]
    await shift.pass_time(30)
    await shift.serve(asked, "chandra")
    assert (await shift.case(served))["waited_seconds"] == waited, "a colleague's question is no wait of the customer's"
    await shift.do(complete, asked, outcome="answered", actor=person("chandra"))
    assert (await shift.row(served))["state"] == "active", "advice is not a handing over"


async def test_who_was_asked_takes_over_at_once_and_the_clock_goes_on(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    before = await shift.row(served)
    asked = await question(shift, served)
    await shift.serve(asked, "chandra")
    await shift.do(hand_over, served, consultation=asked, reason="knows_it", actor=person("esther"))
    row, holder = await shift.row(served), await shift.holder(served)
    assert (row["state"], holder["representative"], holder["state"]) == ("active", "chandra", "accepted")
    assert (row["queued_at"], row["due_at"]) == (before["queued_at"], before["due_at"])
    assert await shift.story(served) == [
        "queued", "offered", "accepted", "consulted", "transferred", "offered", "accepted",
    ]  # fmt: skip
    assert (await shift.row(asked))["state"] == "completed"
    loads = {code: await shift.staff(code) for code in ("esther", "chandra")}
    assert {code: (each["live"], each["units"]) for code, each in loads.items()} == {
        "esther": (0, 0),
        "chandra": (1, 1),
    }
    assert [each["kind"] for each in await shift.commands(served)] == ["connect", "connect"]


async def test_nobody_takes_over_who_has_not_taken_the_question_or_was_asked_another(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    served, other = await shift.arrive("phone", "claim"), await shift.arrive("phone")
    await shift.serve(served)
    await shift.serve(other, "ayesha")
    asked = await question(shift, served)

    def over(interaction: UUID, by: str) -> Any:
        return shift.do(hand_over, interaction, consultation=asked, reason=None, actor=person(by))

    assert await refused(shift, over(served, "esther")) == "no_consultation"
    await shift.serve(asked, "chandra")
    assert await refused(shift, over(other, "ayesha")) == "not_found"
    assert await refused(shift, over(served, "chandra")) == "not_yours"
    await shift.do(complete, served, outcome=None)
    assert await refused(shift, over(served, "esther")) == "illegal_transition"


async def test_a_limit_holds_for_who_takes_over_too(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    served, another = await shift.arrive("phone", "claim"), await shift.arrive("phone")
    await shift.serve(served)
    asked = await question(shift, served)
    await shift.serve(asked, "chandra")
    await shift.serve(another, "chandra")
    over = shift.do(hand_over, served, consultation=asked, reason=None, actor=person("esther"))
    assert await refused(shift, over) == "on_a_call"


async def test_who_was_barred_after_taking_the_question_does_not_take_over(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    asked = await question(shift, served)
    await shift.serve(asked, "chandra")
    await shift.do(bar, Whose(case_id=(await shift.row(served))["case_id"]), "chandra", reason="complaint")
    over = shift.do(hand_over, served, consultation=asked, reason=None, actor=person("esther"))
    assert await refused(shift, over) == "barred"
    assert (await shift.row(served))["state"] == "active"


async def test_only_who_serves_asks_and_only_somebody_who_could_know(shift: Shift) -> None:
    await shift.come_to_work("devi", "chandra")
    served, waiting = await shift.arrive("phone", "claim"), await shift.arrive("phone", "claim")
    await shift.serve(served)
    assert await refused(shift, question(shift, served, by="chandra")) == "not_yours"
    assert await refused(shift, question(shift, served, to="devi")) == "cannot_serve"
    assert await refused(shift, question(shift, served, to="farid")) == "not_on_shift"
    assert await refused(shift, question(shift, served, to="esther")) == "no_target"
    assert await refused(shift, question(shift, served, to=None)) == "no_target"
    assert await refused(shift, question(shift, served, queue="nowhere")) == "unknown_queue"
    anybody = shift.do(consult, waiting, representative="chandra", queue=None, reason=None)
    assert await refused(shift, anybody) == "illegal_transition"


async def test_two_who_hand_over_at_once_hand_over_once(shift: Shift) -> None:
    await shift.come_to_work("chandra")
    for _ in range(8):
        served = await shift.arrive("phone", "claim")
        await shift.serve(served)
        asked = await question(shift, served)
        await shift.serve(asked, "chandra")
        over = [
            shift.do(hand_over, served, consultation=asked, reason=None, actor=person("esther")),
            shift.do(complete, served, outcome=None, actor=person("esther")),
            shift.do(hand_over, served, consultation=asked, reason=None, actor=person("esther")),
        ]
        made = await asyncio.gather(*over, return_exceptions=True)
        assert all(isinstance(each, Conflict | Forbidden) for each in made if isinstance(each, BaseException)), made
        await shift.sound()
        for each in (asked, served):
            if (await shift.row(each))["state"] == "active":
                await shift.do(complete, each, outcome=None)


async def test_who_takes_over_the_last_that_their_hour_allows_lets_go_of_what_else_they_are_offered(
    shift: Shift,
) -> None:
    await shift.come_to_work("farid")
    contact = await shift.arrive("phone", "claim")
    await shift.serve(contact, "ayesha")
    question = (await shift.do(consult, contact, representative="farid", queue=None, reason=None)).id
    await shift.serve(question, "farid")
    await shift.execute("UPDATE representative SET per_hour = 2, capacity = 9, ceiling = 9 WHERE code = 'farid'")
    letter = await shift.arrive("email", "claim")
    await shift.offer(letter, "farid")
    await shift.do(hand_over, contact, consultation=question, reason=None)
    assert (await shift.staff("farid"))["resting_until"] is not None
    assert (await shift.row(letter))["state"] == "queued"


async def test_a_question_is_never_put_to_whoever_asks_it(shift: Shift) -> None:
    """Not later either: an exclusion lapses after two minutes, and whoever asks has no answer then."""
    served = await shift.arrive("email", "inquiry")
    await shift.serve(served)
    asked = await question(shift, served, to=None, queue="inquiries")
    for _ in range(2):
        await dispatch(shift)
        assert (await shift.row(asked))["state"] == "queued"
        await shift.pass_time(200)


async def test_an_offer_by_hand_stands_as_long_as_the_live_rules_say(shift: Shift) -> None:
    await in_force(shift, inquiries={"offer_timeout_seconds": 20})
    given, dealt = await shift.arrive("email", "inquiry"), await shift.arrive("email", "inquiry")
    await in_force(shift, inquiries={"offer_timeout_seconds": 90})
    await shift.come_to_work("esther")
    await by_hand(shift, given, "esther")
    await shift.offer(dealt)
    for each in (given, dealt):
        row = await shift.holder(each)
        assert (row["expires_at"] - row["offered_at"]).total_seconds() == 90


async def test_who_was_handed_to_somebody_by_name_is_not_taken_from_them_by_an_end_that_was_over(shift: Shift) -> None:
    await in_force(
        shift, claims={"preferred_seconds": 45, "overflow": {"after_seconds": 60, "queue": "inquiries"}, "steps": []}
    )
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    await shift.come_to_work("farid")
    await shift.pass_time(90)
    await hand_on(shift, served, to="farid")
    exhaustion = Exhaustion(shift.db)
    await turns(exhaustion)
    assert (await shift.row(served))["queue"] == "claims"
    await shift.pass_time(46)
    await turns(exhaustion)
    row = await shift.row(served)
    assert (row["queue"], row["preferred"]) == ("inquiries", "farid")


async def test_a_counter_that_calls_by_itself_is_waited_for_when_somebody_is_handed_to_it_by_name(shift: Shift) -> None:
    await in_force(shift, inquiries={"preferred_seconds": 45})
    await shift.execute("UPDATE representative SET pull = true WHERE code IN ('ayesha', 'farid')")
    await shift.come_to_work("ayesha", "farid", "esther", "chandra")
    served = await shift.arrive("email", "inquiry")
    await shift.serve(served)
    await hand_on(shift, served, to="ayesha")
    await dispatch(shift)
    assert (await shift.row(served))["state"] == "queued"
    assert await shift.do(pull, "farid") is None
    await shift.pass_time(46)
    await dispatch(shift)
    assert (await shift.holder(served))["representative"] == "chandra"  # who handed it on is not asked at once
