"""What was called solved and is not goes back in line: near the front, where the customer can be answered, and to others first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app import convert, registry
from app.actions.cases import reopen_work
from app.actions.cases.merge import merge, unmerge
from app.actions.cases.reopen import reopen_by_hand
from app.actions.contacts.arrival import Arrival, RulesMovedOn
from app.actions.contacts.receive import receive
from app.actions.line.closing import close
from app.actions.line.requeue import transfer
from app.actions.representatives.bar import Whose, bar
from app.actions.surveys.ask import answer
from app.db import Connection, now
from app.errors import Conflict, Forbidden, NotFound, Unavailable
from app.queries.explained.past import floor_at
from app.queries.line import floor as queries
from app.tables import Merge, Survey
from channels.base import Config
from channels.console.contacts import Console
from routing.floor import Floor
from routing.model import Offer, Staff, Waiting
from routing.plan import EXCLUDED_SECONDS
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import (
    CUSTOMER,
    DAY,
    alarms,
    contacts,
    fire,
    newest,
    row,
    say,
    solved,
    surveys,
    tend,
    timer,
)


class Killed(Exception):
    """The process died before the commit."""


async def by_hand(shift: Shift, case: UUID, **more: Any) -> None:
    await shift.do(reopen_by_hand, case, **{"reason": "told_by_phone", "words": None, **more})


async def test_opened_by_hand_it_is_work_again_and_nobody_is_asked_any_more(shift: Shift) -> None:
    case = await solved(shift)
    await by_hand(shift, case, words="She called: it drips", actor=person("esther"))
    found, work, (asked,) = await row(shift, case), await newest(shift, case), await surveys(shift, case)
    assert (found["state"], found["resolved_at"], found["outcome"], found["reopened"]) == ("open", None, None, 1)
    assert (work["state"], work["channel"], work["reply_to"]) == ("queued", "email", "sana@example.test")
    assert work["head_start_reasons"] == ["reopened"]
    assert (asked["state"], await timer(shift, case)) == ("dropped", None)
    (told,) = await shift.fetch("SELECT actor, data FROM event WHERE kind = 'reopened'")
    assert (told["actor"], told["data"]) == ("representative:esther", {"reason": "told_by_phone"})
    (words,) = await shift.fetch("SELECT direction, body FROM message WHERE interaction_id = $1", work["id"])
    assert (words["direction"], words["body"]) == ("in", "She called: it drips")
    assert await alarms(shift) == []


async def test_what_the_customer_closed_opens_by_hand_too(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "yes")
    await by_hand(shift, case)
    found = await row(shift, case)
    assert (found["state"], found["closed_at"], found["closed_by"]) == ("open", None, None)
    assert (await surveys(shift, case))[0]["state"] == "answered"


async def test_only_who_served_it_opens_it_by_hand(shift: Shift) -> None:
    case = await solved(shift)
    before = await shift.everything()
    with pytest.raises(Forbidden):
        await by_hand(shift, case, actor=person("ayesha"))
    assert await shift.everything() == before


async def test_what_is_open_is_not_opened(shift: Shift) -> None:
    case = await solved(shift)
    await by_hand(shift, case)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await by_hand(shift, case)
    assert (caught.value.code, await shift.everything()) == ("illegal_transition", before)


async def test_after_its_time_it_stays_closed(shift: Shift) -> None:
    case = await solved(shift)
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    await shift.pass_time(30 * DAY + 1)
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await by_hand(shift, case)
    assert (caught.value.code, await shift.everything()) == ("reopening_over", before)


async def test_an_unknown_case_is_not_found(shift: Shift) -> None:
    with pytest.raises(NotFound):
        await by_hand(shift, UUID(int=7))


async def test_a_case_that_was_taken_into_another_is_opened_as_that_one(shift: Shift) -> None:
    one, other = await solved(shift), await solved(shift)
    await shift.do(merge, one, other, reason=None)
    await tend(shift)
    waited = 0
    for case in (one, other):
        waited += (await row(shift, case))["waited_seconds"]
    await by_hand(shift, other)
    assert ((await row(shift, one))["state"], (await row(shift, other))["state"]) == ("open", "resolved")
    assert (await newest(shift, one))["head_start_seconds"] == waited + 600
    assert [each["state"] for each in (*await surveys(shift, one), *await surveys(shift, other))] == [
        "dropped",
        "dropped",
    ]


async def test_a_merged_case_is_not_asked_about_and_one_that_stands_alone_again_closes_in_time(shift: Shift) -> None:
    one, other = await solved(shift), await solved(shift)
    made = await shift.do(merge, one, other, reason=None)
    await tend(shift)
    assert [(await surveys(shift, case))[0]["state"] for case in (one, other)] == ["asked", "dropped"]
    await shift.pass_time(5 * DAY + 1)
    await fire(shift)
    assert [(await row(shift, case))["state"] for case in (one, other)] == ["closed", "resolved"]
    async with shift.db.session() as session:
        await unmerge(session, await session.get_one(Merge, made.id), actor=SUPERVISOR, now=await now(session))
    await tend(shift)
    await fire(shift)
    assert (await row(shift, other))["closed_by"] == "not_asked"


async def test_others_are_asked_before_the_one_who_called_it_solved(shift: Shift) -> None:
    await shift.come_to_work("esther", "ayesha")
    case = await solved(shift)
    await say(shift, case, "no")
    work = await newest(shift, case)
    assert (work["excluded"], work["preferred"], work["not_before"] <= work["state_at"]) == (["esther"], None, True)
    assert await shift.story(work["id"]) == ["queued", "withheld"]


async def test_where_there_is_nobody_else_the_one_before_may_take_it_at_once(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no")
    work = await newest(shift, case)
    assert (work["excluded"], await shift.story(work["id"])) == ([], ["queued"])
    await shift.serve(work["id"], "esther")


async def test_the_one_before_is_asked_once_the_others_have_had_their_time(shift: Shift) -> None:
    await shift.come_to_work("esther", "ayesha")
    case = await solved(shift)
    await say(shift, case, "no")
    async with shift.db.connection() as connection:
        (work,) = await queries.interactions(connection, [(await newest(shift, case))["id"]])
        people = [convert.staff(each) for each in await queries.staff(connection, ["esther", "ayesha"])]
    waiting, begin = convert.waiting(work), work["not_before"].timestamp()
    assert [offer.representative for offer in planned(waiting, people, begin)] == ["ayesha"]
    alone = [each for each in people if each.id == "esther"]
    assert planned(waiting, alone, begin + EXCLUDED_SECONDS - 1) == []
    assert [offer.representative for offer in planned(waiting, alone, begin + EXCLUDED_SECONDS + 1)] == ["esther"]


def planned(waiting: Waiting, people: Sequence[Staff], moment: float) -> Sequence[Offer]:
    floor = Floor(now=moment)
    floor.place(waiting)
    for each in people:
        floor.staff(each)
    return list(floor.plan(moment).offers)


async def test_the_past_floor_knows_who_was_not_asked_first(shift: Shift) -> None:
    await shift.come_to_work("esther", "ayesha")
    case = await solved(shift)
    await say(shift, case, "no")
    work = (await newest(shift, case))["id"]
    async with shift.db.connection() as connection:
        moment = await connection.fetchval("SELECT wall_clock()")
        (stood,) = [convert.waiting(each) for each in await queries.interactions(connection, [work])]
    await shift.serve(work, "ayesha")
    async with shift.db.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        past = await floor_at(connection, moment)
    (folded,) = past.waiting
    assert (folded.excluded, folded.preferred) == (stood.excluded, stood.preferred) == (frozenset({"esther"}), None)
    await shift.do(transfer, work, queue="claims", representative=None, reason=None, actor=person("ayesha"))
    async with shift.db.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        (folded,) = (await floor_at(connection, moment)).waiting
    assert (folded.excluded, folded.preferred) == (frozenset({"esther"}), None)
    assert abs(folded.excluded_until - stood.excluded_until) < 1


async def test_whom_the_customer_must_not_meet_stays_barred(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    case = await solved(shift)
    await shift.do(bar, Whose(case_id=case), "ayesha", reason="complaint")
    await say(shift, case, "no")
    work = await newest(shift, case)
    assert (work["barred"], work["excluded"]) == (["ayesha"], [])


@pytest.mark.parametrize("live", [False, True])
async def test_a_line_that_is_closed_takes_back_what_it_had_taken(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    case = await solved(shift, channel="walk_in")
    console = Console(Config(public_base_url="", settings={"CONSOLE_LIVE": "1" if live else ""}))
    monkeypatch.setattr(registry, "_found", {**registry.current(), "console": console})
    until = (await row(shift, case))["resolved_at"] + timedelta(hours=1)
    await shift.do(close, "inquiries", until=until, message=None)
    await by_hand(shift, case)
    work = await newest(shift, case)
    assert (work["live"], work["state"], work["queue"]) == (live, "queued", "inquiries")
    assert work["head_start_seconds"] >= 600


async def test_the_head_start_keeps_to_the_limit_of_the_line(shift: Shift) -> None:
    await shift.execute("UPDATE queue SET head_start_cap_seconds = 300 WHERE code = 'inquiries'")
    case = await solved(shift)
    await say(shift, case, "no")
    assert (await newest(shift, case))["head_start_seconds"] == 300


async def test_who_came_in_person_is_put_back_where_somebody_reads_it(shift: Shift) -> None:
    case = await solved(shift, channel="walk_in")
    await by_hand(shift, case)
    assert ((await newest(shift, case))["channel"], (await newest(shift, case))["state"]) == ("console", "queued")


async def test_the_answer_decides_the_channel_where_that_is_known(shift: Shift) -> None:
    case = await solved(shift)
    await say(shift, case, "no", via="console")
    assert (await newest(shift, case))["channel"] == "console"
    other = await solved(shift)
    await say(shift, other, "no", via="pigeon")
    assert (await newest(shift, other))["channel"] == "email"


async def test_a_case_whose_request_is_known_no_more_goes_where_all_go(shift: Shift) -> None:
    case = await solved(shift)
    await shift.execute('UPDATE "case" SET request_type = NULL WHERE id = $1', case)
    await say(shift, case, "no")
    assert (await newest(shift, case))["request_type"] == "inquiry"


async def test_rules_that_are_published_meanwhile_are_the_ones_it_waits_by(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await solved(shift)
    tries = 0

    async def moving(connection: Connection, arrivals: Sequence[Arrival]) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 2:
            await receive(connection, arrivals)
            raise RulesMovedOn
        return await receive(connection, arrivals)

    monkeypatch.setattr(reopen_work, "receive", moving)
    await say(shift, case, "no")
    assert (tries, await contacts(shift, case), (await row(shift, case))["state"]) == (3, 2, "open")


async def test_rules_that_never_stand_still_are_told_and_the_answer_is_not_half_taken(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await solved(shift)

    async def moving(connection: Connection, arrivals: Sequence[Arrival]) -> Any:
        raise RulesMovedOn

    monkeypatch.setattr(reopen_work, "receive", moving)
    before = await shift.everything()
    with pytest.raises(Unavailable):
        await say(shift, case, "no")
    assert await shift.everything() == before


async def test_a_no_that_is_aborted_leaves_nothing_and_is_taken_whole_the_next_time(shift: Shift) -> None:
    case = await solved(shift)
    before = await shift.everything()

    with pytest.raises(Killed):
        await dying(shift, (await surveys(shift, case))[0]["id"])
    assert await shift.everything() == before
    await say(shift, case, "no", mark=1)
    assert (await contacts(shift, case), len(await alarms(shift))) == (2, 1)


async def dying(shift: Shift, survey: UUID) -> None:
    async with shift.db.session() as session:
        found = await session.get_one(Survey, survey)
        await answer(session, found, solved="no", mark=1, words=None, actor=CUSTOMER, now=await now(session))
        raise Killed
