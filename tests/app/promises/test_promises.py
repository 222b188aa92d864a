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
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.line.callback import request_callback
from app.actions.line.requeue import park
from app.actions.promises.given import (
    keep_promises,
    make_promise,
    move_promise,
    promise_kept,
    release_promise,
    release_promises,
)
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.db import now
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.loops.waking import Waking
from app.queries.audit.audit import audit
from app.security import SYSTEM
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


async def test_a_callback_at_a_time_is_a_promise_and_taking_the_call_keeps_it(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    at = await clock(shift) + timedelta(hours=2)
    await shift.do(request_callback, call, number=None, at=at)
    await tend(shift)
    row = await standing(shift, case, "callback")
    assert (row["interaction_id"], row["due_at"]) == (call, at + timedelta(seconds=180)), "and the queue's target"
    await shift.pass_time(2 * 3_600)
    await turns(Waking(shift.db))
    await shift.serve(call)
    await tend(shift)
    assert await states(shift, case, "callback") == ["kept"]


async def test_a_callback_nobody_takes_in_time_is_a_broken_promise(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    await shift.do(request_callback, call, number=None, at=await clock(shift) + timedelta(hours=2))
    await tend(shift)
    await wait(shift, 2 * 3_600 + 200)
    assert await states(shift, case, "callback") == ["broken"]


async def test_a_callback_is_moved_by_the_customer_and_released_when_they_give_up(shift: Shift) -> None:
    call, case = await begin(shift, "phone", reply_to="+923001234567")
    at = await clock(shift) + timedelta(hours=2)
    await shift.do(request_callback, call, number=None, at=at)
    await shift.do(request_callback, call, number=None, at=at + timedelta(hours=1))
    await tend(shift)
    first, second = await promises(shift, case, "callback")
    assert (first["state"], first["reason"], first["moved_to"]) == ("moved", "customer_asked", second["id"])
    await shift.do(cancel, call, reason="solved")
    await tend(shift)
    assert await states(shift, case, "callback") == ["moved", "released"]


async def test_when_a_parked_contact_wakes_was_told_to_nobody_and_is_no_promise(shift: Shift) -> None:
    contact, case = await begin(shift)
    await shift.serve(contact)
    await shift.do(park, contact, until=await clock(shift) + timedelta(hours=5), reason=None)
    call, called = await begin(shift, "phone", reply_to="+923001234567")
    await shift.do(request_callback, call, number=None, at=None)  # as soon as possible: no time was told
    await tend(shift)
    found = await shift.fetch("SELECT kind FROM promise WHERE case_id = ANY ($1::uuid[])", [case, called])
    assert [row["kind"] for row in found] == ["news", "news"]


async def test_a_time_given_by_a_person_takes_the_place_of_the_standing_news(shift: Shift) -> None:
    _, case = await begin(shift)
    made = await give(shift, case, hours=5, kind="news")
    before, after = await promises(shift, case)
    assert (before["state"], before["moved_to"], after["id"]) == ("moved", made.id, made.id)


async def test_a_moved_promise_says_why_and_the_customer_hears_the_new_time(shift: Shift) -> None:
    _, case = await begin(shift)
    first = await give(shift, case, hours=5)
    due = await clock(shift) + timedelta(hours=9)
    move: dict[str, Any] = {"due_at": due, "reason": "part_missing", "words": None, "tell": True}
    second, told = await shift.do(move_promise, first.id, **move)
    again, told_again = await shift.do(move_promise, first.id, **move)
    assert (again.id, told, told_again) == (second.id, True, False)
    rows = await promises(shift, case, "solution")
    assert [(row["state"], row["reason"]) for row in rows] == [("moved", "part_missing"), ("standing", None)]
    (letter,) = await letters(shift)
    assert letter["dedupe_key"] == f"noticed:moved:{second.id}"


async def test_keeping_and_releasing_by_hand_happens_once(shift: Shift) -> None:
    _, case = await begin(shift)
    visit, other = await give(shift, case, hours=5, kind="visit"), await give(shift, case, hours=6, kind="visit")
    for _ in range(2):
        await shift.do(promise_kept, visit.id)
        await shift.do(release_promise, other.id, reason="not_needed")
    assert await states(shift, case, "visit") == ["kept", "released"]
    before = await shift.everything()
    for action in (promise_kept, move_promise):
        more = {} if action is promise_kept else {"due_at": other.due_at, "reason": "x", "words": None, "tell": False}
        with pytest.raises(Conflict, match="already"):
            await shift.do(action, other.id, **more)
    assert await shift.everything() == before


async def test_saying_too_late_that_it_was_kept_breaks_it(shift: Shift) -> None:
    _, case = await begin(shift)
    visit = await give(shift, case, hours=5, kind="visit")
    await shift.pass_time(6 * 3_600)
    await shift.do(promise_kept, visit.id)
    assert await states(shift, case, "visit") == ["broken"]


async def test_news_are_always_owed_and_never_released_by_hand(shift: Shift) -> None:
    _, case = await begin(shift)
    row = await standing(shift, case)
    with pytest.raises(Conflict) as refused:
        await shift.do(release_promise, row["id"], reason="x")
    assert refused.value.code == "always_owed"


async def test_a_time_that_is_over_or_too_far_is_refused(shift: Shift) -> None:
    _, case = await begin(shift)
    for hours, code in ((-1.0, "in_the_past"), (367 * 24.0, "too_far")):
        with pytest.raises(Invalid) as refused:
            await give(shift, case, hours=hours)
        assert refused.value.code == code
    for number in range(19):
        await give(shift, case, hours=number + 1, kind="visit")
    with pytest.raises(Conflict) as full:
        await give(shift, case, hours=30, kind="visit")
    assert full.value.code == "too_many_promises"


async def test_only_who_owns_or_served_a_case_speaks_for_it(shift: Shift) -> None:
    _, case = await begin(shift)
    visit = await give(shift, case, hours=5, kind="visit")
    with pytest.raises(Forbidden):
        await shift.do(promise_kept, visit.id, actor=person("farid"))
    with pytest.raises(NotFound):
        await shift.do(promise_kept, UUID(int=1))


async def test_others_keep_and_release_what_they_know_of(shift: Shift) -> None:
    _, case = await begin(shift)
    await give(shift, case, hours=5, kind="incident")
    await on_case(shift, keep_promises, case, kinds=("incident", "news"), actor=SYSTEM)
    assert (await states(shift, case, "incident"), await states(shift, case)) == (["kept"], ["kept", "standing"])
    await give(shift, case, hours=5, kind="visit")
    await on_case(shift, release_promises, case, reason="erased", actor=SYSTEM)
    assert [row["state"] for row in await promises(shift, case, "visit")] == ["released"]
    assert (await shift.fetch("SELECT * FROM timer WHERE kind LIKE 'promise%'")) == []


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
