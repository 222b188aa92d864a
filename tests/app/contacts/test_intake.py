"""What intake promises: a contact is taken once, whatever is repeated, and told truly how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from app.actions.contacts.cancel import cancel
from app.db import Connection, Database, now
from app.errors import Invalid, NotFound, Unavailable
from app.intake import Contact, Intake
from app.queries.audit.audit import audit
from app.queries.cases.threads import Thread, thread
from app.security import SYSTEM
from channels.base import Arrived, Asked, Ended, Outcome, Person, Returned, Signal, Wrote
from tests.office import furnish


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    await furnish(database)
    async with Database(database) as opened:
        yield opened


@pytest.fixture
async def intake(db: Database) -> AsyncIterator[Intake]:
    async with Intake(db) as opened:
        yield opened


async def take(intake: Intake, channel: str, signal: Signal, **more: Any) -> Outcome:
    contact = Contact(source="test", channel=channel, signals=[signal], actor="integration:test", **more)
    return (await intake.submit(contact))[0]


async def row(db: Database, outcome: Outcome) -> asyncpg.Record:
    async with db.connection() as connection:
        found = await connection.fetchrow("SELECT * FROM interaction WHERE id = $1", outcome.interaction_id)
        assert found is not None
        return found


def visit(ref: str, **more: Any) -> Arrived:
    return Arrived(ref=ref, contact=ref, **{"request_type": "claim", "language": "ur", **more})


def mail(ref: str, **more: Any) -> Wrote:
    person = Person(name="Sana", email="sana@example.test")
    plain: dict[str, Any] = {"content": f"digest of {ref}", "body": "My claim?", "person": person}
    return Wrote(ref=ref, contact=ref, **{**plain, **more})


async def test_a_new_contact_waits_in_the_queue_of_its_request(db: Database, intake: Intake) -> None:
    outcome = await take(intake, "walk_in", visit("v1"))
    assert (outcome.state, outcome.queue, outcome.position, outcome.repeated) == ("queued", "claims", 1, False)
    assert outcome.number == "A001"


async def test_the_same_contact_again_changes_nothing(db: Database, intake: Intake) -> None:
    first = await take(intake, "walk_in", visit("v1"))
    again = await take(intake, "walk_in", visit("v1", request_type="order"))
    assert again == replace(first, repeated=True)


async def test_who_hears_nothing_because_the_database_went_after_the_commit_is_taken_and_counted_once(
    db: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> dict[object, object]:
        raise Unavailable("away", retry_after_seconds=1)

    with monkeypatch.context() as outage:
        outage.setattr("app.intake.intake.places", gone)
        with pytest.raises(Unavailable):
            await take(intake, "walk_in", visit("v1"))
    again = await take(intake, "walk_in", visit("v1"))
    assert (again.state, again.number, again.repeated) == ("queued", "A001", True)
    async with db.connection() as connection:
        assert await intake.count(connection) == 1
        assert await audit(connection) == []


async def test_a_hundred_at_once_with_repeats_are_each_taken_once(db: Database, intake: Intake) -> None:
    refs = [f"v{number % 40}" for number in range(100)]
    outcomes = await asyncio.gather(*(take(intake, "walk_in", visit(ref)) for ref in refs))
    assert len({outcome.interaction_id for outcome in outcomes}) == 40
    assert sum(not outcome.repeated for outcome in outcomes) == 40
    assert {outcome.number for outcome in outcomes} == {f"A{number:03d}" for number in range(1, 41)}
    async with db.connection() as connection:
        assert await audit(connection) == []


async def test_places_in_line_follow_the_due_times(db: Database, intake: Intake) -> None:
    first = await take(intake, "walk_in", visit("v1"))
    elderly = await take(intake, "walk_in", visit("v2", person=Person(name="Nani", needs=("elderly",))))
    assert (first.position, elderly.position) == (1, 1)
    assert (await take(intake, "walk_in", Asked(contact="v1"))).position == 2


async def test_a_reason_that_only_the_house_may_give_is_not_taken_from_a_visitor(db: Database, intake: Intake) -> None:
    outcome = await take(intake, "walk_in", visit("v1", person=Person(needs=("emergency", "elderly"))))
    assert (await row(db, outcome))["head_start_seconds"] == 300


async def test_an_unknown_request_type_is_refused_and_the_others_are_taken(db: Database, intake: Intake) -> None:
    results = await asyncio.gather(
        take(intake, "walk_in", visit("v1", request_type="no_such")), take(intake, "walk_in", visit("v2")),
        return_exceptions=True,
    )  # fmt: skip
    assert isinstance(results[0], Invalid)
    assert results[0].code == "unknown_request_type"
    assert isinstance(results[1], Outcome)


async def test_one_contact_that_cannot_be_stored_does_not_change_the_answers_of_others(
    db: Database, intake: Intake
) -> None:
    bad = visit("v-bad", subject="a\x00b")
    results = await asyncio.gather(
        *(take(intake, "walk_in", visit(f"v{number}")) for number in range(20)),
        take(intake, "walk_in", bad),
        *(take(intake, "walk_in", visit(f"w{number}")) for number in range(20)),
        return_exceptions=True,
    )
    faults = [result for result in results if not isinstance(result, Outcome)]
    assert len(faults) == 1
    assert isinstance(faults[0], Invalid)
    assert faults[0].code == "unstorable"


async def test_a_caller_in_the_menu_is_counted_and_not_yet_in_line(db: Database, intake: Intake) -> None:
    call = Arrived(ref="CA1", contact="CA1", person=Person(phone="+924235761999"), reply_to="+924235761999")
    outcome = await take(intake, "phone", call)
    assert (outcome.state, outcome.queue, outcome.position) == ("arriving", None, None)
    chosen = Arrived(ref="CA1:request", contact="CA1", request_type="order", language="te")
    outcome = await take(intake, "phone", chosen)
    assert (outcome.state, outcome.queue, outcome.position) == ("queued", "sales", 1)
    assert (await take(intake, "phone", replace(chosen, request_type="claim"))).queue == "sales"


async def test_a_call_whose_first_report_was_lost_is_opened_by_its_second(db: Database, intake: Intake) -> None:
    outcome = await take(intake, "phone", Arrived(ref="CA1:request", contact="CA1", request_type="order"))
    assert outcome.state == "queued"
    late = await take(intake, "phone", Arrived(ref="CA1", contact="CA1"))
    assert (late.interaction_id, late.state, late.repeated) == (outcome.interaction_id, "queued", True)


async def test_an_end_told_before_the_beginning_leaves_the_call_over(db: Database, intake: Intake) -> None:
    end = await take(intake, "phone", Ended(ref="CA1:ended", contact="CA1", reason="completed"))
    late = await take(intake, "phone", Arrived(ref="CA1", contact="CA1"))
    chosen = await take(intake, "phone", Arrived(ref="CA1:request", contact="CA1", request_type="order"))
    assert {end.state, late.state, chosen.state} == {"abandoned"}


async def test_who_returns_within_the_grace_time_stands_where_they_stood(db: Database, intake: Intake) -> None:
    first = await take(intake, "walk_in", visit("v1"))
    await take(intake, "walk_in", visit("v2"))
    due = (await row(db, first))["due_at"]
    gone = await take(intake, "walk_in", Ended(ref="v1:left", contact="v1", reason="left"))
    assert gone.state == "abandoned"
    back = await take(intake, "walk_in", Returned(ref="v1:back", contact="v1"))
    assert (back.state, back.position, (await row(db, back))["due_at"]) == ("queued", 1, due)


async def test_a_letter_with_the_cases_token_joins_the_open_interaction(db: Database, intake: Intake) -> None:
    first = await take(intake, "email", mail("<1@example.test>"))
    async with db.connection() as connection:
        token = await connection.fetchval('SELECT token FROM "case" WHERE id = $1', first.case_id)
    second = await take(intake, "email", mail("<2@example.test>", case_token=token))
    assert (second.interaction_id, second.case_id) == (first.interaction_id, first.case_id)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM message WHERE case_id = $1", first.case_id) == 2


async def test_a_letter_to_an_interaction_that_is_over_in_this_moment_is_not_lost(
    db: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await take(intake, "email", mail("<1@example.test>"))
    async with db.connection() as connection:
        token = await connection.fetchval('SELECT token FROM "case" WHERE id = $1', first.case_id)

    async def found_and_over(connection: Connection, channel: str, wrote: Wrote) -> Thread:
        found = await thread(connection, channel, wrote)
        async with db.session() as session:
            await cancel(session, found.interaction_id, reason="now", actor=SYSTEM, now=await now(session))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr("app.intake.intake.thread", found_and_over)
    second = await take(intake, "email", mail("<2@example.test>", case_token=token))
    assert (second.state, second.case_id, second.repeated) == ("queued", first.case_id, False)
    assert second.interaction_id != first.interaction_id
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM message WHERE case_id = $1", first.case_id) == 2
        assert await audit(connection) == []


async def test_an_answer_to_a_letter_joins_its_case_only_if_the_sender_is_known_there(
    db: Database, intake: Intake
) -> None:
    first = await take(intake, "email", mail("<1@example.test>"))
    answer = mail("<2@example.test>", references=("<1@example.test>",))
    stranger = replace(answer, ref="<3@x.test>", contact="<3@x.test>", person=Person(email="stranger@example.test"))
    assert (await take(intake, "email", answer)).case_id == first.case_id
    assert (await take(intake, "email", stranger)).case_id != first.case_id


async def test_the_same_message_id_with_other_content_is_another_message(db: Database, intake: Intake) -> None:
    first = await take(intake, "email", mail("<1@example.test>"))
    other = await take(intake, "email", mail("<1@example.test>", content="another digest"))
    again = await take(intake, "email", mail("<1@example.test>", content="another digest"))
    assert other.interaction_id not in (None, first.interaction_id)
    assert (again.interaction_id, again.repeated) == (other.interaction_id, True)
    assert (await row(db, other))["attributes"]["flagged"] == "same_reference_other_content"


async def test_a_machines_letter_is_kept_and_offered_to_nobody(db: Database, intake: Intake) -> None:
    assert (await take(intake, "email", mail("<1@example.test>", automatic=True))).state == "cancelled"


async def test_a_case_that_does_not_exist_refuses_the_contact_and_keeps_its_name_free(
    db: Database, intake: Intake
) -> None:
    first = await take(intake, "walk_in", visit("v1"))
    assert first.interaction_id is not None
    with pytest.raises(NotFound):
        await take(intake, "walk_in", visit("v2"), case_id=first.interaction_id)
    assert not (await take(intake, "walk_in", visit("v2"), case_id=first.case_id)).repeated


async def test_a_repeat_on_a_case_does_not_join_it_twice(db: Database, intake: Intake) -> None:
    first = await take(intake, "walk_in", visit("v1"))
    for _ in range(3):
        await take(intake, "walk_in", visit("v2"), case_id=first.case_id)
    async with db.connection() as connection:
        assert await connection.fetchval('SELECT version FROM "case" WHERE id = $1', first.case_id) == 2


async def test_one_person_writing_from_two_processes_at_once_is_one_customer(db: Database) -> None:
    async with Intake(db) as one, Intake(db) as two:
        await asyncio.gather(*(take(one if n % 2 else two, "email", mail(f"<{n}@example.test>")) for n in range(40)))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM customer") == 1
        assert await connection.fetchval("SELECT count(DISTINCT customer_id) FROM interaction") == 1


async def test_a_stranger_who_knows_a_number_does_not_become_that_customer(db: Database, intake: Intake) -> None:
    phone = "+924235761999"
    sana = await take(intake, "console", visit("c1", person=Person(name="Sana", phone=phone)))
    await take(intake, "console", visit("c2", person=Person(phone=phone, email="stranger@example.test")))
    later = await take(intake, "email", mail("<9@x.test>", person=Person(email="stranger@example.test")))
    assert (await row(db, later))["customer_id"] != (await row(db, sana))["customer_id"]
