"""Next, please: the same choice as the dispatcher's, for one who asks; nobody is called to two counters."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app import convert
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.line.requeue import transfer
from app.actions.offers.accept import accept
from app.actions.offers.pull import pull
from app.actions.representatives.bar import Whose, bar
from app.actions.representatives.presence import set_presence
from app.db import now
from app.errors import Conflict, NotFound
from app.queries.line.next import OF_A_LINE
from tests.moving import in_force
from tests.racing import holding, staggered
from tests.shift import Shift, person


async def next_for(shift: Shift, code: str) -> UUID | None:
    """They ask, and are done with it; which it was."""
    made = await shift.do(pull, code, actor=person(code))
    if made is None:
        return None
    found: UUID = made.interaction_id
    await shift.do(complete, found, outcome=None)
    return found


async def test_the_earliest_due_whom_they_may_serve_comes_next_and_is_theirs_at_once(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    late = await shift.arrive("walk_in", "suggestion")  # an hour to wait for
    claim = await shift.arrive("walk_in", "claim")
    elsewhere = await shift.arrive("walk_in", "claim", office="hyderabad")
    telugu = await shift.arrive("walk_in", "claim", language="te")
    made = await shift.do(pull, "ayesha", actor=person("ayesha"))
    assert made.interaction_id == claim
    assert (await shift.row(claim))["state"] == "active"
    assert await shift.story(claim) == ["queued", "offered", "accepted"]
    trace = (await shift.fetch("SELECT data -> 'trace' AS trace FROM event WHERE kind = 'offered'"))[0]["trace"]
    assert convert.trace(trace).chosen.representative == "ayesha", "kept like any other decision"
    assert [each["kind"] for each in await shift.commands(claim)] == ["call_to_counter"]
    assert await shift.do(pull, "ayesha", actor=person("ayesha")) is None, "one visitor at a time"
    await shift.do(complete, claim, outcome=None)
    assert [await next_for(shift, "ayesha") for _ in range(2)] == [late, None]
    assert {(await shift.row(each))["state"] for each in (elsewhere, telugu)} == {"queued"}


async def test_who_waits_in_another_line_is_called_once_the_rules_let_them(shift: Shift) -> None:
    await in_force(
        shift,
        technical={
            "steps": [{"after_seconds": 60, "drop_skills": ["technical"], "add_queues": ["claims"]}],
            "on_exhausted": {"after_seconds": 600, "then": "any"},
        },
    )
    await shift.come_to_work("ayesha")
    waiting = await shift.arrive("walk_in", "technical_service")
    assert await next_for(shift, "ayesha") is None
    await shift.pass_time(61)
    assert await next_for(shift, "ayesha") == waiting


async def test_whoever_is_held_for_a_colleague_is_left_to_them(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "farid")
    held = await shift.arrive("walk_in", "claim")
    await shift.do(transfer, held, queue=None, representative="farid", reason=None)
    assert await next_for(shift, "ayesha") is None
    assert await next_for(shift, "farid") == held
    another = await shift.arrive("walk_in", "claim")
    await shift.do(transfer, another, queue=None, representative="farid", reason=None)
    await shift.pass_time(121)
    assert await next_for(shift, "ayesha") == another, "then everybody may"


async def test_nobody_pulls_whom_they_must_not_meet(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    waiting = await shift.arrive("walk_in", "claim")
    await shift.do(bar, Whose(case_id=(await shift.row(waiting))["case_id"]), "ayesha", reason="complaint")
    assert await next_for(shift, "ayesha") is None


async def test_only_who_is_available_asks_for_the_next_one(shift: Shift) -> None:
    await shift.arrive("walk_in", "claim")
    with pytest.raises(Conflict) as caught:
        await next_for(shift, "ayesha")
    assert caught.value.code == "not_available"
    await shift.do(set_presence, "ayesha", status="away", reason=None)
    with pytest.raises(Conflict):
        await next_for(shift, "ayesha")
    with pytest.raises(NotFound):
        await shift.do(pull, "nobody")


async def test_as_many_as_the_hour_allows_are_pulled_and_no_more(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    await shift.execute("UPDATE representative SET per_hour = 1 WHERE code = 'ayesha'")
    for _ in range(2):
        await shift.arrive("walk_in", "claim")
    await next_for(shift, "ayesha")
    with pytest.raises(Conflict) as caught:
        await next_for(shift, "ayesha")
    assert caught.value.code == "resting"


async def test_two_counters_never_get_the_same_visitor_and_nobody_is_passed_over(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "farid", "esther")
    await shift.execute("UPDATE representative SET office = 'lahore'")
    called: list[UUID] = []
    for _ in range(12):
        waiting = [await shift.arrive("walk_in", "claim") for _ in range(3)]
        made: list[Any] = await asyncio.gather(*(shift.do(pull, code) for code in ("ayesha", "farid", "esther")))
        got = [each.interaction_id for each in made]
        assert sorted(got) == sorted(waiting)
        called += got
        for each in got:
            await shift.do(complete, each, outcome=None)
    assert len(called) == len(set(called)) == 36


async def test_one_who_presses_twice_at_once_gets_one_visitor(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    for _ in range(8):
        waiting = [await shift.arrive("walk_in", "claim") for _ in range(2)]
        made = await asyncio.gather(*(shift.do(pull, "ayesha") for _ in range(3)))
        [got] = [each.interaction_id for each in made if each is not None]
        assert got == waiting[0]
        for each in waiting:
            await shift.do(depart, each, reason="test")
        await shift.do(complete, got, outcome=None)


async def test_a_counter_and_the_dispatcher_never_give_the_same_visitor_twice(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "esther")
    await shift.execute("UPDATE representative SET office = 'lahore'")
    winners = set()
    for race in staggered(33):
        visitor = await shift.arrive("walk_in", "claim")
        pulled, offered = await race(shift.do(pull, "ayesha"), shift.offer(visitor, "esther"))
        assert not isinstance(pulled, BaseException), pulled
        lost = isinstance(offered, BaseException)
        assert lost == (pulled is not None), "exactly one of the two"
        winners.add(lost)
        held = await shift.fetch("SELECT representative FROM assignment WHERE ended_at IS NULL")
        assert [row["representative"] for row in held] == (["ayesha"] if lost else ["esther"])
        await shift.do(depart, visitor, reason="test")
        if lost:
            await shift.do(complete, visitor, outcome=None)
    assert winners == {True, False}, "whoever is wholly first has the visitor"


async def test_while_a_counter_or_the_dispatcher_is_taking_a_visitor_the_other_passes_them_over(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "esther")
    await shift.execute("UPDATE representative SET office = 'lahore'")
    visitor = await shift.arrive("walk_in", "claim")
    async with shift.db.session() as session:
        assert await pull(session, "ayesha", actor=person("ayesha"), now=await now(session)) is not None
        with pytest.raises(AssertionError, match="does not hold"):
            await shift.offer(visitor, "esther")
    await shift.do(complete, visitor, outcome=None)
    visitor = await shift.arrive("walk_in", "claim")
    async with holding(shift.db.dsn, "SELECT FROM interaction WHERE id = $1 FOR NO KEY UPDATE", visitor):
        assert await shift.do(pull, "ayesha") is None, "somebody is at it, and nobody is waited for"
    assert (await shift.do(pull, "ayesha")).interaction_id == visitor


async def test_who_pulls_the_last_that_their_hour_allows_lets_go_of_what_else_they_are_offered(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    await shift.execute("UPDATE representative SET per_hour = 1, capacity = 9, ceiling = 9 WHERE code = 'ayesha'")
    letter = await shift.arrive("email", "claim")
    offered = await shift.offer(letter, "ayesha")
    visitor = await shift.arrive("walk_in", "claim")
    assert (await shift.do(pull, "ayesha", actor=person("ayesha"))).interaction_id == visitor
    assert ((await shift.row(letter))["state"], (await shift.holder(letter))["reason"]) == ("queued", "resting")
    with pytest.raises(Conflict):
        await shift.do(accept, offered, actor=person("ayesha"))


async def test_whom_they_may_serve_comes_next_however_many_wait_before_for_others(shift: Shift) -> None:
    await in_force(
        shift,
        claims={
            "steps": [{"after_seconds": 6000, "lower_levels_by": 1}],
            "on_exhausted": {"after_seconds": 9000, "then": "any"},
        },
    )
    await shift.come_to_work("ayesha")
    for _ in range(OF_A_LINE + 1):
        await shift.arrive("walk_in", "claim", language="te")
    mine = await shift.arrive("walk_in", "claim")
    assert await next_for(shift, "ayesha") == mine


async def test_whom_they_may_serve_comes_next_however_many_are_held_for_a_colleague(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "farid")
    for _ in range(OF_A_LINE + 1):
        held = await shift.arrive("walk_in", "claim")
        await shift.do(transfer, held, queue=None, representative="farid", reason=None)
    mine = await shift.arrive("walk_in", "claim")
    assert await next_for(shift, "ayesha") == mine
