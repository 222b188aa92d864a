"""One case across contacts: resolved by a representative's word, open again by the customer's, and never by a machine's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import close
from app.actions.cases.resolve import resolve
from app.actions.record import locked
from app.security import Actor
from app.tables import Case
from channels.base import Arrived, Person, Wrote
from tests.shift import Shift


async def resolved(shift: Shift, interaction: UUID, outcome: str | None = "paid") -> UUID:
    case: UUID = (await shift.case(interaction))["id"]
    await shift.do(resolve, case, outcome=outcome)
    return case


async def closed(shift: Shift, interaction: UUID) -> UUID:
    case = await resolved(shift, interaction)
    await shift.do(_close, case)
    return case


async def _close(session: AsyncSession, case: UUID, *, actor: Actor, now: datetime) -> None:
    await close(session, await locked(session, Case, case), "confirmed", actor=actor, now=now)


async def test_a_resolved_case_says_when_how_and_by_whose_word(shift: Shift) -> None:
    interaction = await shift.bring("completed")
    case = await resolved(shift, interaction)
    row = await shift.case(interaction)
    told = await shift.last(case)
    assert (row["state"], row["outcome"], row["resolved_at"]) == ("resolved", "paid", told["at"])
    assert (told["kind"], told["data"], told["actor"]) == (
        "resolved",
        {"outcome": "paid", "representative": "esther"},
        "supervisor:test",
    )


@pytest.mark.parametrize("end", [resolved, closed])
async def test_the_customers_contact_opens_it_again_near_the_front(shift: Shift, end: Any) -> None:
    first = await shift.arrive()
    await shift.pass_time(90)
    await shift.serve(first)
    case = await end(shift, first)
    waited = (await shift.case(first))["waited_seconds"]
    again = await shift.arrive(case_id=case)
    row, now_open = await shift.row(again), await shift.case(again)
    assert (now_open["id"], now_open["state"], now_open["resolved_at"], now_open["outcome"]) == (
        case,
        "open",
        None,
        None,
    )
    assert waited >= 90
    assert (row["head_start_seconds"], row["head_start_reasons"]) == (waited + 600, ["reopened"])
    assert row["due_at"] == row["queued_at"] + timedelta(seconds=180 - 600 - waited)
    told = (await shift.last(again))["data"]["head_starts"]
    assert told == [{"reason": "reopened", "seconds": waited + 600, "granted": True, "by": "system"}]
    assert (await shift.story(case))[-2:] == ["reopened", "joined"]


async def test_a_reopened_case_starts_ahead_only_within_the_queues_limit(shift: Shift) -> None:
    await shift.execute("UPDATE queue SET head_start_cap_seconds = 700 WHERE code = 'inquiries'")
    case = await resolved(shift, await shift.bring("completed"))
    row = await shift.row(await shift.arrive(case_id=case, person=Person(needs=("elderly",))))
    assert (row["head_start_seconds"], row["head_start_reasons"]) == (700, ["elderly", "reopened"])
    assert row["due_at"] == row["queued_at"] + timedelta(seconds=180 - 700)


async def test_an_open_case_gives_no_head_start(shift: Shift) -> None:
    first = await shift.bring("completed")
    again = await shift.arrive(case_id=(await shift.case(first))["id"])
    assert (await shift.row(again))["head_start_seconds"] == 0


async def test_a_caller_who_still_chooses_keeps_the_head_start_of_the_reopened_case(shift: Shift) -> None:
    await shift.execute("UPDATE queue SET head_start_cap_seconds = 800 WHERE code = 'sales'")
    case = await resolved(shift, await shift.bring("completed"))
    calling = await shift.arrive("phone", None, case_id=case, person=Person(needs=("disability",)))
    assert (await shift.row(calling))["head_start_reasons"] == ["disability", "reopened"]
    name = (await shift.row(calling))["contact"]
    outcome = await shift.take("phone", Arrived(ref=f"{name}:request", contact=name, request_type="order"))
    row = await shift.row(calling)
    assert (outcome.state, row["head_start_seconds"]) == ("queued", 800)
    assert row["due_at"] == row["queued_at"] + timedelta(seconds=60 - 800)
    told = (await shift.last(calling))["data"]["head_starts"]
    assert [(each["reason"], each["granted"]) for each in told] == [("disability", True), ("reopened", True)]


async def test_what_a_first_report_said_of_the_customer_is_not_lost_by_the_second(shift: Shift) -> None:
    calling = await shift.arrive("phone", None, person=Person(needs=("elderly",)), language="te")
    name = (await shift.row(calling))["contact"]
    await shift.take("phone", Arrived(ref=f"{name}:request", contact=name, request_type="order"))
    row = await shift.row(calling)
    assert (row["head_start_seconds"], row["head_start_reasons"]) == (300, ["elderly"])
    assert row["language"] == "te"


async def test_a_machines_letter_on_a_resolved_case_is_kept_and_opens_nothing(shift: Shift) -> None:
    first = await shift.bring("completed", channel="email")
    case = await resolved(shift, first)
    token = (await shift.case(first))["token"]
    away = Wrote(ref="<away>", contact="<away>", content="x", body="I am away", case_token=token, automatic=True)
    outcome = await shift.take("email", away)
    assert outcome.case_id == case
    assert outcome.interaction_id is not None
    assert (outcome.state, (await shift.case(first))["state"]) == ("cancelled", "resolved")
    assert (await shift.row(outcome.interaction_id))["head_start_seconds"] == 0
    assert (await shift.story(case))[-1] == "joined"
    person_too = Wrote(ref="<not>", contact="<not>", content="y", body="It is not solved", case_token=token)
    assert (await shift.take("email", person_too)).case_id == case
    assert (await shift.case(first))["state"] == "open"


async def test_a_letter_to_an_open_interaction_of_a_resolved_case_opens_the_case(shift: Shift) -> None:
    interaction = await shift.bring("parked", channel="email")
    case = await resolved(shift, interaction)
    token = (await shift.case(interaction))["token"]
    await shift.take("email", Wrote(ref="<2>", contact="<2>", content="y", body="And?", case_token=token))
    assert (await shift.case(interaction))["state"] == "open"
    assert (await shift.case(interaction))["resolved_at"] is None
    assert (await shift.story(case))[-1] == "reopened"
    assert (await shift.row(interaction))["state"] == "queued"


async def test_an_awaited_customer_who_writes_is_heard(shift: Shift) -> None:
    interaction = await shift.bring("parked", channel="email")
    case = (await shift.case(interaction))["id"]
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor) VALUES ('case', $1, 2, 'awaited', wall_clock(), 'system')",
        str(case),
    )
    await shift.execute("UPDATE \"case\" SET state = 'awaiting_customer', version = 2 WHERE id = $1", case)
    token = (await shift.case(interaction))["token"]
    await shift.take("email", Wrote(ref="<2>", contact="<2>", content="y", body="Here", case_token=token))
    assert await shift.story(case) == ["opened", "awaited", "customer_replied"]
