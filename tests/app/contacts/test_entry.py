"""What happens to one who comes: let in, told why not, sent elsewhere, held for whom they know, or back at the old place."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.complete import complete
from app.actions.line.closing import close
from app.db import now
from app.errors import Invalid, NotFound
from app.intake import Contact, Intake
from app.queries.audit.audit import audit
from app.queries.rules import live_rules
from app.security import SYSTEM
from channels.base import Arrived, Asked, Ended, Left, Outcome, Person
from routing.entry import split
from tests.app.contacts.test_told import measure
from tests.ruling import document, rule
from tests.shift import Shift, person

CALLER = Person(phone="+923001234567")
TODAY = datetime.now(UTC).date()
CLOSED_THESE_DAYS: dict[str, Any] = {
    "timezone": "UTC",
    "mon": ["09:00-17:00"],
    "exceptions": {(TODAY + timedelta(days=days)).isoformat(): [] for days in range(-1, 9)},
}


def closing_soon() -> dict[str, Any]:
    """Open, and not much longer: worked out when it is asked for, since a run of all tests takes longer than that."""
    now = datetime.now(UTC)
    span = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(minutes=3):%H:%M}"
    return {"timezone": "UTC", **{day: [span] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}}


async def govern(shift: Shift, queues: dict[str, dict[str, Any]] | None = None, **more: Any) -> int:
    return await rule(shift.db, shift.intake, document(queues, **more))


async def call(shift: Shift, name: str, request: str = "inquiry", **more: Any) -> Outcome:
    """A caller through the menu."""
    plain = {"person": CALLER, "reply_to": CALLER.phone, "language": "en", **more}
    await shift.take("phone", Arrived(ref=name, contact=name, **plain))
    return await shift.take("phone", Arrived(ref=f"{name}:request", contact=name, request_type=request, **plain))


async def visit(shift: Shift, name: str, request: str = "inquiry", **more: Any) -> Outcome:
    return await shift.take("walk_in", Arrived(ref=name, contact=name, request_type=request, language="en", **more))


def found(outcome: Outcome) -> UUID:
    assert outcome.interaction_id is not None
    return outcome.interaction_id


# --- admission


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"on_entry": [{"when": "closed"}], "hours": CLOSED_THESE_DAYS}, "closed"),
        ({"on_entry": [{"when": "closing"}]}, "closing"),
        ({"on_entry": [{"when": "nobody"}]}, "nobody"),
        ({"on_entry": [{"when": "length", "over": 0}]}, "length"),
        ({"on_entry": [{"when": "wait", "over": 30}]}, "wait"),
    ],
)
async def test_each_reason_to_turn_somebody_away_is_told_and_on_record(
    shift: Shift, rules: dict[str, Any], reason: str
) -> None:
    if reason == "length":
        await visit(shift, "first")
    if reason == "wait":
        await shift.serve(await shift.arrive())  # the only one there has her hands full
        await measure(shift)
    hours = {"hours": closing_soon()} if reason == "closing" else {}
    await govern(shift, {"inquiries": {**rules, **hours}})
    for outcome in (await visit(shift, "v1"), await call(shift, "CA1")):
        assert outcome.refusal is not None
        assert (outcome.state, outcome.refusal.reason, outcome.number) == ("cancelled", reason, None)
        assert await shift.story(found(outcome)) == ["arrived", "turned_away"]
        told = (await shift.last(found(outcome)))["data"]
        assert (told["reason"], told["queue"], told["rules"]) == (reason, "inquiries", 1)
    again = await visit(shift, "v1")
    assert again.repeated
    assert again.refusal is not None
    assert again.refusal.reason == reason


async def test_a_letter_is_never_turned_away_and_the_house_may_say_something_all_the_same(shift: Shift) -> None:
    closed = {"hours": CLOSED_THESE_DAYS, "on_entry": [{"when": "closed", "message": "Back on Monday."}]}
    await govern(shift, {"inquiries": closed})
    letter = await shift.arrive("email")
    row = await shift.row(letter)
    assert (row["state"], row["queue"]) == ("queued", "inquiries")
    assert (await shift.last(letter))["data"]["reason"] == "closed"
    console = await shift.take("console", Arrived(ref="c1", contact="c1", request_type="inquiry"))
    assert (console.state, console.notices) == ("queued", ("Back on Monday.",))


async def test_one_who_is_turned_away_takes_no_number(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"on_entry": [{"when": "length", "over": 0}]}})
    assert (await visit(shift, "v1")).number == "C001"
    shift.intake.forget()
    assert (await visit(shift, "v2")).number is None
    await govern(shift)
    assert (await visit(shift, "v3")).number == "C002"


async def test_overflow_on_entry_waits_elsewhere_and_tells_from_where_and_why(shift: Shift) -> None:
    elsewhere = {"on_entry": [{"when": "nobody", "then": "overflow", "queue": "feedback"}]}
    await govern(shift, {"claims": elsewhere})
    outcome = await call(shift, "CA1", "claim")
    assert (outcome.state, outcome.queue) == ("queued", "feedback")
    row, told = await shift.row(found(outcome)), (await shift.last(found(outcome)))["data"]
    assert (row["queue"], row["skills"], row["request_type"]) == ("feedback", {}, "claim")
    assert (told["queue"], told["overflowed_from"], told["reason"]) == ("feedback", "claims", "nobody")
    await shift.come_to_work("ayesha")
    shift.intake.forget()
    assert (await call(shift, "CA2", "claim", person=None, reply_to=None)).queue == "claims"


async def test_a_closing_by_hand_needs_no_rule_and_who_waits_keeps_waiting(shift: Shift) -> None:
    waiting = await visit(shift, "v1")
    async with shift.db.session() as session:
        moment = await now(session)
        await close(session, "inquiries", until=moment + timedelta(hours=2), message="Flood.", actor=SYSTEM, now=moment)
    shift.intake.forget()
    outcome = await visit(shift, "v2")
    assert outcome.refusal is not None
    assert (outcome.refusal.reason, outcome.refusal.message) == ("closed", "Flood.")
    assert outcome.refusal.opens_at == moment + timedelta(hours=2)
    assert (await shift.row(found(waiting)))["state"] == "queued"
    await shift.pass_time(7201)
    shift.intake.forget()
    assert (await visit(shift, "v3")).state == "queued"


async def test_a_queue_is_split_by_the_contact_and_not_by_who_asks_first(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"split": {"first": 50, "second": 50}}, "first": {}, "second": {}})
    async with shift.db.connection() as connection:
        rules = await live_rules(connection)
    seen: set[str | None] = set()
    for number in range(1_000):  # where one comes, their own new id decides: each goes either way
        outcome = await visit(shift, f"v{number}")
        assert outcome.queue == split(rules, "inquiries", found(outcome))
        seen.add(outcome.queue)
        if number >= 19 and len(seen) == 2:
            break
    assert seen == {"first", "second"}
    assert (await visit(shift, "v1")).queue == (await visit(shift, "v1")).queue


async def test_a_split_queue_that_is_closed_by_hand_is_closed_with_its_parts(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"split": {"first": 50, "second": 50}}, "first": {}, "second": {}})
    async with shift.db.session() as session:
        moment = await now(session)
        hours = {"inquiries": 2, "first": 1, "second": 3}
        for code, number in hours.items():
            until = moment + timedelta(hours=number)
            await close(session, code, until=until, message=f"{code}.", actor=SYSTEM, now=moment)
    shift.intake.forget()
    seen: set[str] = set()
    for number in range(1_000):  # their own new id decides which part they fall to
        outcome = await visit(shift, f"v{number}")
        assert outcome.refusal is not None
        part = (await shift.row(found(outcome)))["queue"]
        later = "second" if part == "second" else "inquiries"
        assert (outcome.refusal.reason, outcome.refusal.message) == ("closed", f"{later}.")
        assert outcome.refusal.opens_at == moment + timedelta(hours=hours[later])
        seen.add(part)
        if seen == {"first", "second"}:
            break
    assert seen == {"first", "second"}


@pytest.mark.parametrize(
    ("inquiries", "sales", "words"),
    [
        (
            [
                {"when": "length", "over": 5, "then": "overflow", "queue": "sales", "message": "Others are quicker."},
                {"when": "length", "over": 0, "message": "Full."},
            ],
            [],
            "Full.",
        ),
        ([{"when": "nobody", "then": "overflow", "queue": "sales", "message": "Gone."}], [{"when": "nobody"}], "Gone."),
    ],
)
async def test_who_asks_again_is_told_the_same_words(
    shift: Shift, inquiries: list[dict[str, Any]], sales: list[dict[str, Any]], words: str
) -> None:
    """Not those of a rule for the same reason that sends others on; and those that were said on the way here."""
    await govern(shift, {"inquiries": {"on_entry": inquiries}, "sales": {"on_entry": sales}})
    await shift.arrive("email")
    shift.intake.forget()
    for repeated in (False, True):
        outcome = await visit(shift, "v1")
        assert outcome.refusal is not None
        assert (outcome.repeated, outcome.refusal.message) == (repeated, words)


# --- filing


async def test_one_who_comes_carries_what_the_rules_make_of_it_whichever_way_it_comes(shift: Shift) -> None:
    queue = {
        "steps": [{"after_seconds": 60, "drop_language": True}, {"after_seconds": 120, "add_queues": ["sales"]}],
        "overflow": {"after_seconds": 150, "queue": "feedback"},
    }
    version = await govern(shift, {"inquiries": queue}, channels={"phone": {"interrupts": True}, "email": {"units": 2}})
    called, wrote = await shift.row(found(await call(shift, "CA1"))), await shift.row(await shift.arrive("email"))
    assert (called["units"], called["routing"]) == (0, {"interrupts": True})
    assert (wrote["units"], wrote["routing"]) == (2, {"beside_live": False})
    for row in (called, wrote):
        start = row["queued_at"]
        assert (row["rules_version"], row["step"], len(row["steps"])) == (version, 0, 2)
        assert [each["at"] - start.timestamp() for each in row["steps"]] == pytest.approx([60, 120], abs=0.01)
        assert row["step_at"] == start + timedelta(seconds=60)
        assert (row["exhausted"], row["overflow_to"]) == ("overflow", "feedback")
        assert row["exhausted_at"] == start + timedelta(seconds=150)


# --- a call back


async def test_who_is_called_back_may_hang_up_and_keeps_the_place(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"on_entry": [{"when": "nobody", "then": "callback"}]}})
    outcome = await call(shift, "CA1")
    assert (outcome.state, outcome.callback) == ("queued", True)
    before = await shift.row(found(outcome))
    await shift.take("phone", Ended(ref="CA1:ended", contact="CA1", reason="completed"))
    after = await shift.row(found(outcome))
    assert (after["state"], after["callback"], after["due_at"]) == ("queued", True, before["due_at"])
    assert await shift.story(found(outcome)) == ["arrived", "queued", "callback_requested", "callback_requested"]
    nameless = await call(shift, "CA2", person=None, reply_to=None)
    assert (nameless.state, nameless.callback) == ("queued", False)
    await shift.take("phone", Ended(ref="CA2:ended", contact="CA2", reason="completed"))
    assert (await shift.row(found(nameless)))["state"] == "abandoned"


# --- the same caller again


async def test_who_hung_up_and_calls_again_within_the_grace_time_stands_where_they_stood(shift: Shift) -> None:
    first = await call(shift, "CA1", person=Person(phone="+923001234567", needs=("elderly",)))
    old = await shift.row(found(first))
    await shift.take("phone", Ended(ref="CA1:ended", contact="CA1", reason="completed"))
    await shift.pass_time(100)
    again = await call(shift, "CA2")
    row = await shift.row(found(again))
    assert (row["queued_at"], row["due_at"]) == (old["queued_at"], old["due_at"])
    assert row["case_id"] != old["case_id"]
    assert (await shift.last(found(again)))["data"]["resumes"] == str(found(first))
    await shift.take("phone", Ended(ref="CA2:ended", contact="CA2", reason="completed"))
    third = await call(shift, "CA3")
    assert (await shift.last(found(third)))["data"]["resumes"] == str(found(again))


@pytest.mark.parametrize(("after", "phone", "request_type"), [(301, "+923001234567", "inquiry"), (5, "+923009999999", "inquiry"), (5, "+923001234567", "order")])  # fmt: skip
async def test_too_late_from_another_number_or_for_something_else_is_a_new_place(
    shift: Shift, after: float, phone: str, request_type: str
) -> None:
    await call(shift, "CA1")
    await shift.take("phone", Ended(ref="CA1:ended", contact="CA1", reason="completed"))
    await shift.pass_time(after)
    again = await call(shift, "CA2", request_type, person=Person(phone=phone), reply_to=phone)
    assert "resumes" not in (await shift.last(found(again)))["data"]


async def test_one_place_is_taken_up_by_one_however_many_call_at_once(shift: Shift) -> None:
    await call(shift, "CA0")
    await shift.take("phone", Ended(ref="CA0:ended", contact="CA0", reason="completed"))
    async with Intake(shift.db) as other:
        calls = [
            Arrived(ref=f"api{n}", contact=f"api{n}", request_type="inquiry", person=CALLER, reply_to=CALLER.phone)
            for n in range(12)
        ]
        mine, theirs = shift.intake, other
        outcomes = await asyncio.gather(
            *(
                (mine if n % 2 else theirs).submit(
                    Contact(source="test", channel="phone", signals=[each], actor="integration:test")
                )
                for n, each in enumerate(calls)
            )
        )
    told = [(await shift.last(found(each[0])))["data"] for each in outcomes]
    assert sum("resumes" in each for each in told) == 1


# --- whom they know, and whom they must not meet


async def test_one_who_returns_to_a_case_is_held_for_the_last_who_served_it(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"preferred_seconds": 45}})
    first = await shift.arrive()
    await shift.serve(first, "esther")
    await shift.do(complete, first, outcome=None, actor=person("esther"))
    case = (await shift.case(first))["id"]
    again = await shift.row(await shift.arrive(case_id=case))
    assert again["preferred"] == "esther"
    assert again["preferred_until"] == again["queued_at"] + timedelta(seconds=45)
    await shift.execute(
        "INSERT INTO bar (id, case_id, representative, reason, made_by, made_at) VALUES (gen_random_uuid(), $1, 'esther', 'r', 'test', wall_clock())",
        case,
    )
    barred = await shift.row(await shift.arrive(case_id=case))
    assert (barred["preferred"], barred["barred"]) == (None, ["esther"])


# --- what strangers and clocks do


async def test_a_visit_that_asks_for_nothing_is_asked_again_and_leaves_no_trace(shift: Shift) -> None:
    with pytest.raises(Invalid) as refused:
        await shift.take("walk_in", Arrived(ref="v1", contact="v1"))
    assert refused.value.code == "missing_request_type"
    assert (await visit(shift, "v1")).number == "C001"


async def test_the_departure_of_an_unknown_visit_makes_no_ghost(shift: Shift) -> None:
    gone = await shift.take("walk_in", Left(ref="v9:left:1", contact="v9", reason="left"))
    assert (gone.state, gone.interaction_id) == (None, None)
    assert await shift.fetch("SELECT FROM interaction") == []
    assert (await shift.take("walk_in", Asked(contact="v9"))).state is None


@pytest.mark.parametrize("seconds", [-7200.0, 7200.0])
async def test_a_jump_of_the_databases_clock_loses_nobody_and_makes_no_wait_negative(
    shift: Shift, seconds: float
) -> None:
    relaxing = {
        "steps": [{"after_seconds": 60, "drop_language": True}],
        "overflow": {"after_seconds": 90, "queue": "feedback"},
    }
    await govern(shift, {"inquiries": relaxing})
    first = await call(shift, "CA1")
    await shift.take("phone", Ended(ref="CA1:ended", contact="CA1", reason="completed"))
    await shift.pass_time(seconds)
    again = await call(shift, "CA2")
    assert (again.state, again.position) == ("queued", 1)
    assert found(again) != found(first)
    async with shift.db.connection() as connection:
        assert await audit(connection) == []


async def test_a_queue_nobody_knows_cannot_be_closed(shift: Shift) -> None:
    async with shift.db.session() as session:
        moment = await now(session)
        with pytest.raises(NotFound):
            await close(session, "nowhere", until=moment + timedelta(hours=1), message=None, actor=SYSTEM, now=moment)
