"""Promises as the log is followed and as time passes: made, kept, nearing, broken, moved, released."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from app.actions.cases.awaiting import await_customer
from app.actions.cases.resolve import resolve
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.promises.given import (
    keep_promises,
    make_promise,
)
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.db import now
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.queries.audit.audit import audit
from app.tables import Case
from channels.base import Wrote
from tests.moving import turns
from tests.ruling import document
from tests.shift import SUPERVISOR, Shift, person

LAHORE: Final = ZoneInfo("Asia/Karachi")
NEWS: Final = 2 * 86_400
LEAD: Final = 4 * 3_600
AWAKE: Final[dict[str, Any]] = {"resolution": {"quiet": "never"}}
"""Without quiet hours, so that no test depends on the time of day."""


@pytest.fixture
async def shift(shift: Shift) -> Shift:
    await rule(shift, {})
    return shift


async def rule(shift: Shift, resolution: dict[str, Any]) -> None:
    """Publish the office's rules with these words about cases."""
    draft = await shift.do(rules.draft, document(resolution={**AWAKE["resolution"], **resolution}))
    await shift.do(rules.publish, draft.version, recompute=False)


async def tend(shift: Shift) -> None:
    await turns(Tending(shift.db))


async def wait(shift: Shift, seconds: float) -> None:
    """So much time passes, and what is due is done."""
    await shift.pass_time(seconds)
    await turns(Timers(shift.db))


async def begin(shift: Shift, channel: str = "email", **more: Any) -> tuple[UUID, UUID]:
    """A first contact and its case, tended."""
    contact = await shift.arrive(channel, **more)
    await tend(shift)
    return contact, (await shift.row(contact))["case_id"]


async def promises(shift: Shift, case: UUID, kind: str = "news") -> list[asyncpg.Record]:
    """The oldest first."""
    return await shift.fetch("SELECT * FROM promise WHERE case_id = $1 AND kind = $2 ORDER BY made_at, id", case, kind)


async def states(shift: Shift, case: UUID, kind: str = "news") -> list[str]:
    return [row["state"] for row in await promises(shift, case, kind)]


async def standing(shift: Shift, case: UUID, kind: str = "news") -> asyncpg.Record:
    (row,) = [each for each in await promises(shift, case, kind) if each["state"] == "standing"]
    return row


async def alarms(shift: Shift) -> list[tuple[str, str | None]]:
    rows = await shift.fetch("SELECT kind, representative FROM alarm ORDER BY id")
    return [(row["kind"], row["representative"]) for row in rows]


async def letters(shift: Shift) -> list[asyncpg.Record]:
    """Every notice, oldest first."""
    return await shift.fetch("SELECT * FROM outbox WHERE dedupe_key LIKE 'noticed:%' ORDER BY created_at, id")


async def clock(shift: Shift) -> datetime:
    (row,) = await shift.fetch("SELECT wall_clock() AS now")
    found: datetime = row["now"]
    return found


async def deliver(shift: Shift) -> None:
    """What lies in the outbox and may leave has left."""
    await shift.execute(
        "UPDATE outbox SET state = 'sent', done_at = wall_clock() WHERE state = 'pending' AND next_at <= wall_clock()"
    )


async def answer(shift: Shift, contact: UUID) -> None:
    """Somebody serves it and writes to the customer."""
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"))


async def on_case(shift: Shift, action: Any, case: UUID, **more: Any) -> Any:
    """One action about a locked case."""
    actor = more.pop("actor", SUPERVISOR)
    async with shift.db.session() as session:
        row = await locked(session, Case, case)
        return await action(session, row, actor=actor, now=await now(session), **more)


async def give(shift: Shift, case: UUID, *, hours: float, kind: str = "solution") -> Any:
    due = await clock(shift) + timedelta(hours=hours)
    return await on_case(shift, make_promise, case, kind=kind, due_at=due, words=None, representative="esther")


async def test_an_open_case_has_a_next_promised_update(shift: Shift) -> None:
    contact, case = await begin(shift)
    row = await standing(shift, case)
    opened = (await shift.case(contact))["opened_at"]
    assert row["due_at"] - opened == timedelta(seconds=NEWS)
    keys = await shift.fetch("SELECT kind, due_at FROM timer WHERE kind LIKE 'promise%' ORDER BY due_at")
    assert [(key["kind"], key["due_at"] - opened) for key in keys] == [
        ("promise_near", timedelta(seconds=NEWS - LEAD)),
        ("promise_due", timedelta(seconds=NEWS + 1)),
    ]
    assert (await shift.story(case)).count("promised") == 1


async def test_an_answer_keeps_the_promise_and_the_next_is_counted_from_it(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.pass_time(3_600)
    await answer(shift, contact)
    await tend(shift)
    kept, after = await promises(shift, case)
    answered = (await shift.last(contact))["at"]
    assert (kept["state"], kept["ended_at"], kept["reason"]) == ("kept", answered, "answered")
    assert (after["state"], after["due_at"] - answered) == ("standing", timedelta(seconds=NEWS))
    assert after["representative"] == "esther", "the owner's word"


async def test_a_talk_that_was_held_is_news_and_a_letter_that_was_only_closed_is_none(shift: Shift) -> None:
    talk, talked = await begin(shift, "walk_in")
    mail, mailed = await begin(shift)
    for contact in (talk, mail):
        await shift.serve(contact)
        await shift.do(complete, contact, outcome=None)
    await tend(shift)
    assert await states(shift, talked) == ["kept", "standing"]
    assert await states(shift, mailed) == ["standing"]


async def test_how_many_events_are_heeded_at_once_changes_nothing(shift: Shift) -> None:
    one, slowly = await begin(shift)
    other = await shift.arrive("email")
    for contact in (one, other):
        await answer(shift, contact)
        if contact == one:
            await tend(shift)
        await shift.do(write, contact, direction="out", subject=None, body="More", actor=person("esther"))
    await tend(shift)
    at_once = (await shift.row(other))["case_id"]
    assert await states(shift, slowly) == await states(shift, at_once) == ["kept", "kept", "standing"]


async def test_when_it_nears_with_nothing_new_the_customer_hears_so_and_by_when_they_hear_again(shift: Shift) -> None:
    contact, case = await begin(shift)
    await wait(shift, NEWS - LEAD + 5)
    (letter,) = await letters(shift)
    assert (letter["recipient"], letter["channel"], letter["interaction_id"]) == ("sana@example.test", "email", contact)
    assert await states(shift, case) == ["standing"], "it has not left yet"
    await deliver(shift)
    await wait(shift, 15)
    kept, after = await promises(shift, case)
    assert (kept["state"], kept["reason"], kept["ended_at"]) == ("kept", "notice", (await letters(shift))[0]["done_at"])
    assert after["state"] == "standing"
    assert f"{after['due_at'].astimezone(LAHORE):%H:%M}" in letter["payload"]["body"], (
        "the letter says the time that stands"
    )
    assert await alarms(shift) == []
    assert (await shift.story(case))[-3:] == ["noticed", "promise_kept", "promised"]


async def test_a_letter_that_does_not_leave_in_time_keeps_nothing(shift: Shift) -> None:
    _, case = await begin(shift)
    await wait(shift, NEWS - LEAD + 5)
    await wait(shift, LEAD)
    assert await states(shift, case) == ["broken", "standing"]
    still, late = await letters(shift)
    assert (still["state"], still["reason"]) == ("failed", "superseded"), "it says what is not true any more"
    assert late["dedupe_key"].startswith("noticed:late:")
    assert await alarms(shift) == [("promise_broken", None)]


async def test_a_letter_that_cannot_be_delivered_is_told_to_a_person_while_there_is_time(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.serve(contact)
    await tend(shift)
    await wait(shift, NEWS - LEAD + 5)
    await shift.execute("UPDATE outbox SET state = 'failed', done_at = wall_clock() WHERE state = 'pending'")
    await wait(shift, 15)
    assert await alarms(shift) == [("promise_near", "esther")]
    assert await states(shift, case) == ["standing"]


async def test_an_answer_takes_back_the_letter_that_says_there_is_nothing_new(shift: Shift) -> None:
    contact, case = await begin(shift)
    await wait(shift, NEWS - LEAD + 5)
    await answer(shift, contact)
    await tend(shift)
    assert [row["state"] for row in await letters(shift)] == ["failed"]
    assert await shift.fetch("SELECT * FROM reached") == [], "what was not sent does not count"
    await wait(shift, LEAD + 60)
    assert await states(shift, case) == ["kept", "standing"]


async def test_who_wants_a_person_s_word_gets_no_letter_and_the_owner_is_told(shift: Shift) -> None:
    _, case = await begin(shift)
    await shift.execute(
        "WITH made AS (INSERT INTO customer (id, news_by) VALUES ($1, 'person') RETURNING id)"
        ' UPDATE "case" SET customer_id = $1, owner = \'esther\' WHERE id = $2',
        UUID(int=7), case,
    )  # fmt: skip
    await wait(shift, NEWS - LEAD + 5)
    assert (await letters(shift), await alarms(shift)) == ([], [("promise_near", "esther")])
    assert (await standing(shift, case))["nudged_at"] is not None
    await wait(shift, LEAD)
    assert await alarms(shift) == [("promise_near", "esther"), ("promise_broken", "esther")]
    assert await letters(shift) == [], "not even that we are late: somebody must say so"
    assert await states(shift, case) == ["broken", "standing"]


async def test_nobody_to_write_to_and_no_owner_is_told_to_the_supervisors(shift: Shift) -> None:
    _, case = await begin(shift, "walk_in")
    await wait(shift, NEWS - LEAD + 5)
    assert (await letters(shift), await alarms(shift)) == ([], [("promise_near", None)])
    await wait(shift, LEAD)
    assert await alarms(shift) == [("promise_near", None), ("promise_broken", None)]
    assert await states(shift, case) == ["broken", "standing"], "an open case is always owed the next"


async def test_a_customer_who_is_waited_for_is_reminded(shift: Shift) -> None:
    _, case = await begin(shift)
    await on_case(shift, await_customer, case, cause="document")
    await wait(shift, NEWS - LEAD + 5)
    (letter,) = await letters(shift)
    assert "waiting for your answer" in letter["payload"]["subject"]


async def test_what_came_at_the_last_moment_and_was_not_heeded_yet_counts(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.pass_time(NEWS - 30)
    await answer(shift, contact)
    await wait(shift, 60)
    assert await states(shift, case) == ["kept", "standing"]
    await tend(shift)
    assert await states(shift, case) == ["kept", "standing"], "heeded later, it is the same answer"
    assert await alarms(shift) == []


async def test_an_answer_after_the_time_keeps_nothing(shift: Shift) -> None:
    contact, case = await begin(shift, "email")
    await shift.pass_time(NEWS + 60)
    await answer(shift, contact)
    await tend(shift)
    broken, after = await promises(shift, case)
    assert (broken["state"], broken["ended_at"]) == ("broken", broken["due_at"])
    assert after["state"] == "standing"


async def test_a_case_that_is_resolved_owes_no_news_and_one_that_is_open_again_does(shift: Shift) -> None:
    contact, case = await begin(shift)
    await answer(shift, contact)
    await tend(shift)
    await shift.do(resolve, case, outcome=None)
    await tend(shift)
    assert await states(shift, case) == ["kept", "released"]
    await shift.take("email", wrote_again(), case_id=case)
    await tend(shift)
    assert await states(shift, case) == ["kept", "released", "standing"]


def wrote_again() -> Wrote:
    return Wrote(
        ref="again", contact="again", content="again", body="It is not", language="en", reply_to="sana@example.test"
    )


async def test_a_promised_solution_is_kept_by_the_resolution_in_time_and_broken_without(shift: Shift) -> None:
    contact, case = await begin(shift)
    await answer(shift, contact)
    await give(shift, case, hours=5)
    _, late = await begin(shift, reply_to="late@example.test")
    await give(shift, late, hours=5)
    await shift.do(resolve, case, outcome=None)
    await wait(shift, 6 * 3_600)
    await tend(shift)
    assert (await states(shift, case, "solution"), await states(shift, late, "solution")) == (["kept"], ["broken"])
    assert ("promise_broken", "esther") in await alarms(shift)


async def test_a_case_of_long_ago_is_promised_news_from_today_on(shift: Shift) -> None:
    contact = await shift.arrive("email")
    await shift.pass_time(90 * 86_400)
    await tend(shift)
    case = (await shift.row(contact))["case_id"]
    row = await standing(shift, case)
    assert row["due_at"] > await clock(shift)


async def test_the_audit_finds_an_open_case_without_news_and_a_promise_nobody_watches(shift: Shift) -> None:
    _, case = await begin(shift)
    await tend(shift)  # all that befell it is heard
    row = await standing(shift, case)
    await shift.execute("DELETE FROM timer WHERE key = $1", f"promise_due:{row['id']}")
    assert await broken_rules(shift) == {"watched_promise"}
    await shift.execute("UPDATE promise SET state = 'released', ended_at = wall_clock() WHERE id = $1", row["id"])
    assert await broken_rules(shift) == {"promised_news"}
    await on_case(shift, keep_promises, case, kinds=("news",))


async def broken_rules(shift: Shift) -> set[str]:
    async with shift.db.connection() as connection:
        return {finding.rule for finding in await audit(connection)}
