"""Nobody waits in a queue that is split, whichever way they come to it: handed on, woken, overflowing, or split under their feet."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from app.actions.line.callback import request_callback
from app.actions.line.requeue import park, transfer, wake
from app.actions.line.rouse import rouse
from app.actions.line.step import exhaust
from app.actions.offers.consult import consult
from app.actions.rules.trial import trial
from app.actions.rules.versions import draft, publish
from app.db import now
from app.queries.rules import live_rules
from channels.base import Left, Person
from routing.entry import split
from tests.app.contacts.test_entry import CALLER, call, found
from tests.ruling import ADMIN, document, rule
from tests.shift import Shift

SPLIT: Final[dict[str, dict[str, Any]]] = {
    "inquiries": {"split": {"first": 50, "second": 50}},
    "first": {},
    "second": {},
}


async def split_up(shift: Shift) -> None:
    await rule(shift.db, shift.intake, document(SPLIT))


async def part_of(shift: Shift, interaction: UUID) -> str:
    async with shift.db.connection() as connection:
        return split(await live_rules(connection), "inquiries", interaction)


async def lies_in_its_part(shift: Shift, interaction: UUID, told_by: str) -> None:
    """The row says so, and so does the event that brought it there."""
    part = await part_of(shift, interaction)
    assert part in ("first", "second")
    assert (await shift.row(interaction))["queue"] == part
    events = "SELECT data FROM event WHERE subject_id = $1 AND kind = $2 ORDER BY version DESC LIMIT 1"
    [event] = await shift.fetch(events, str(interaction), told_by)
    assert event["data"]["queue"] == part


async def test_who_is_handed_on_to_a_split_queue_waits_in_one_of_its_parts(shift: Shift) -> None:
    await split_up(shift)
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    await shift.do(transfer, served, queue="inquiries", representative=None, reason=None)
    await lies_in_its_part(shift, served, "transferred")


async def test_a_question_to_a_split_queue_waits_in_one_of_its_parts(shift: Shift) -> None:
    await split_up(shift)
    served = await shift.arrive("phone", "claim")
    await shift.serve(served)
    asked = await shift.do(consult, served, queue="inquiries", representative=None, reason=None)
    assert (await shift.row(asked.id))["queue"] in ("first", "second")


async def test_who_slept_while_their_queue_was_split_wakes_in_a_part(shift: Shift) -> None:
    slept = await shift.arrive("email", "inquiry")
    await shift.serve(slept)
    await shift.do(park, slept, until=None, reason=None)
    await split_up(shift)
    await shift.do(wake, slept)
    await lies_in_its_part(shift, slept, "woken")


async def test_a_callback_of_a_later_hour_joins_a_part_of_what_was_split_meanwhile(shift: Shift) -> None:
    booked = found(await call(shift, "CA1"))
    async with shift.db.session() as session:
        hour = (await now(session)).replace(microsecond=0)
    await shift.pass_time(-60)
    await shift.do(request_callback, booked, number=None, at=hour)
    assert (await shift.row(booked))["state"] == "scheduled"
    await split_up(shift)
    await shift.pass_time(61)
    async with shift.db.session() as session:
        assert await rouse(session, booked, now=await now(session))
    await lies_in_its_part(shift, booked, "queued")


async def test_who_overflows_into_what_was_split_meanwhile_waits_in_a_part(shift: Shift) -> None:
    overflow = {"after_seconds": 30, "queue": "inquiries"}
    await rule(shift.db, shift.intake, document({"claims": {"overflow": overflow}}))
    waiting = await shift.arrive("phone", "claim")
    await split_up(shift)
    await shift.pass_time(31)
    async with shift.db.session() as session:
        assert await exhaust(session, waiting, now=await now(session)) == "overflow"
    await lies_in_its_part(shift, waiting, "overflowed")


async def test_who_calls_again_after_their_queue_was_split_has_their_place_in_a_part(shift: Shift) -> None:
    first = found(await call(shift, "CA1"))
    began = (await shift.row(first))["queued_at"]
    await shift.take("phone", Left(ref="CA1:left", contact="CA1", reason="hung_up"))
    await split_up(shift)
    again = found(await call(shift, "CA2", person=Person(phone=CALLER.phone)))
    row = await shift.row(again)
    assert row["queued_at"] == began
    assert row["queue"] == await part_of(shift, again)


async def test_filing_anew_brings_those_who_wait_into_the_parts_and_the_dry_run_says_so(shift: Shift) -> None:
    await rule(shift.db, shift.intake, document())
    waiting = await shift.arrive("email", "inquiry")
    async with shift.db.session() as session:
        moment = await now(session)
        version = (await draft(session, document(SPLIT), actor=ADMIN, now=moment)).version
        tried = await trial(session, version)
        made = await publish(session, version, recompute=True, actor=ADMIN, now=moment)
    await lies_in_its_part(shift, waiting, "refiled")
    [moved] = tried.moved
    assert (moved.old.queue, moved.new.queue) == ("inquiries", await part_of(shift, waiting))
    assert (made.recomputed.refiled, made.recomputed.left) == (1, 0)
