"""What hangs together is forgotten together, and what goes on beside it is not disturbed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from app.actions.cases.merge import merge
from app.actions.cases.reopen import reopen_by_hand
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.customers.erase import ask_erasure
from app.actions.customers.erased_ledger import append, read
from app.actions.rules.versions import draft, publish
from app.db import now
from app.loops.erasing import Erasing, Retention
from channels.base import Wrote
from tests.app.customers.test_erasure import everything, forgotten
from tests.documents import document
from tests.moving import turns
from tests.racing import blocked
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import SANA, call_solved, say, served, tend

DAY = 86_400.0


async def test_what_a_visitor_said_goes_with_the_case_theirs_was_taken_into(shift: Shift) -> None:
    letter, visit = await shift.arrive("email", "claim", person=SANA), await shift.arrive("walk_in", "claim")
    await shift.serve(visit)
    await shift.do(write, visit, direction="note", subject=None, body="said-at-the-counter", actor=person("esther"))
    await shift.do(complete, visit, outcome=None, actor=person("esther"))
    assert (await shift.row(visit))["customer_id"] is None
    await shift.do(merge, (await shift.case(letter))["id"], (await shift.case(visit))["id"], reason=None)
    await forgotten(shift, (await shift.row(letter))["customer_id"])
    assert "said-at-the-counter" not in await everything(shift)
    assert (await shift.case(visit))["erased_at"] is not None


async def _keep_for_days(shift: Shift, days: int) -> None:
    rules = document()
    rules["resolution"] = {"request_types": {"claim": {"retention_days": days}}}
    await shift.do(publish, (await shift.do(draft, rules)).version, recompute=False)


async def test_words_of_a_case_that_was_taken_in_go_with_those_of_its_survivor(shift: Shift) -> None:
    await _keep_for_days(shift, 90)
    contacts = [await served(shift, request_type="claim", body=words) for words in ("my-roof-leaks", "still-leaks")]
    survivor, merged = [(await shift.case(each))["id"] for each in contacts]
    await shift.do(merge, survivor, merged, reason=None)
    await call_solved(shift, survivor)
    await say(shift, survivor, "yes")
    await tend(shift)
    await shift.pass_time(91 * DAY)
    await turns(Retention(shift.db))
    left = await everything(shift)
    assert [words for words in ("my-roof-leaks", "still-leaks") if words in left] == []


async def test_words_of_a_closed_case_that_was_taken_into_an_open_one_stay_with_it(shift: Shift) -> None:
    await _keep_for_days(shift, 90)
    old = await served(shift, request_type="claim", body="my-roof-leaks")
    case = (await shift.case(old))["id"]
    await call_solved(shift, case)
    await say(shift, case, "yes")
    await tend(shift)
    open_one = await served(shift, request_type="claim", body="it-leaks-again")
    await shift.do(merge, (await shift.case(open_one))["id"], case, reason=None)
    await shift.pass_time(91 * DAY)
    await turns(Retention(shift.db))
    assert "my-roof-leaks" in await everything(shift)


async def test_a_customer_who_is_forgotten_while_a_second_person_looks_holds_up_nobody(shift: Shift) -> None:
    rules = document()
    rules["resolution"] = {"checks": [{"before": "message"}]}
    await shift.do(publish, (await shift.do(draft, rules)).version, recompute=False)
    contact = await shift.arrive("email", person=SANA)
    await tend(shift)
    await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"))
    assert (await shift.case(contact))["state"] == "checking"
    await shift.do(ask_erasure, (await shift.row(contact))["customer_id"])
    await turns(Erasing(shift.db))
    row, case = await shift.row(contact), await shift.case(contact)
    again = Wrote(ref="<again>", contact=row["contact"], content="y", body="More", case_token=case["token"])
    await shift.take("email", again)
    await tend(shift)
    checks = await shift.fetch("SELECT state FROM second_check")
    assert [each["state"] for each in checks] == ["withdrawn"]
    assert (await shift.story(case["id"])).count("check_withdrawn") == 1


async def test_answers_for_repeats_that_show_any_of_their_contacts_are_taken_and_no_other(shift: Shift) -> None:
    contacts = [await served(shift) for _ in range(3)]
    for contact in contacts:
        await _answer(shift, f"shows {contact}", str(contact))
    await _answer(shift, "shows nobody", str(uuid4()))
    await forgotten(shift, (await shift.row(contacts[0]))["customer_id"])
    assert [row["key"] for row in await shift.fetch("SELECT key FROM idempotency_key")] == ["shows nobody"]


async def _answer(shift: Shift, key: str, shown: str) -> None:
    kept = "INSERT INTO idempotency_key (owner, key, digest, status, body) VALUES ('a', $1, 'x', 201, $2)"
    await shift.execute(kept, key, f'{{"id": "{shown}", "name": "Sana"}}'.encode())


async def test_a_line_of_the_ledger_that_was_cut_off_takes_the_next_one_not_along(tmp_path: Path) -> None:
    ledger = tmp_path / "erased-customers.txt"
    first, cut, after = uuid4(), uuid4(), uuid4()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    append(ledger, first, at)
    with ledger.open("ab") as file:
        file.write(f"{cut} 2026-".encode())
    append(ledger, after, at)
    assert [known for known, _ in read(ledger)] == [first, after]


async def test_a_case_that_opens_again_while_its_words_are_about_to_go_keeps_them(shift: Shift) -> None:
    await _keep_for_days(shift, 1)
    contact = await served(shift, request_type="claim", body="my-roof-leaks")
    case = (await shift.case(contact))["id"]
    await call_solved(shift, case)
    await say(shift, case, "yes")
    await tend(shift)
    await shift.pass_time(2 * DAY)
    async with shift.db.session() as session:
        await reopen_by_hand(session, case, reason="told", words="Again", actor=SUPERVISOR, now=await now(session))
        await session.flush()
        forgetting = asyncio.create_task(turns(Retention(shift.db)))
        await blocked(shift.fetch)
    await forgetting
    assert (await shift.case(contact))["state"] == "open"
    assert "my-roof-leaks" in await everything(shift)
