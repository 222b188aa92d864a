"""Who asks to be forgotten is forgotten: name, addresses, words and documents, everywhere; figures and events stay."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.actions.checks.decide import take
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.customers.erase import ask_erasure
from app.actions.customers.erased_ledger import append, read
from app.actions.customers.merge import merge_customers
from app.actions.rules.versions import draft, publish
from app.cli.erasures import again
from app.db import uuid7
from app.errors import Conflict
from app.loops.erasing import Erasing, Retention
from app.loops.tending import Tending
from app.queries.customers.export import export
from channels.base import Person, Wrote
from tests.documents import document
from tests.moving import turns
from tests.racing import HANG_SECONDS, LOOK_SECONDS, blocked, holding
from tests.ruling import document as rules
from tests.ruling import rule
from tests.shift import Shift, person
from tests.solving import SANA, say, solved, tend

SECRETS = ("Sana Malik", "sana@example.org", "my-roof-leaks", "we-will-come-on-monday", "not-nice", "passport-scan")


async def letter(shift: Shift, ref: str = "<letter-1@example.org>") -> UUID:
    """Sana writes about her roof."""
    wrote = Wrote(
        ref=ref,
        contact=ref,
        content="digest",
        body="my-roof-leaks",
        subject="my-roof-leaks",
        language="en",
        request_type="claim",
        person=Person(name="Sana Malik", email="sana@example.org"),
        reply_to="sana@example.org",
        attributes={"from": "Sana Malik"},
    )
    outcome = await shift.take("email", wrote)
    assert outcome.interaction_id is not None
    return outcome.interaction_id


async def customer_of(shift: Shift, contact: UUID) -> UUID:
    found = (await shift.row(contact))["customer_id"]
    assert isinstance(found, UUID)
    return UUID(str(found))


async def fill(shift: Shift, contact: UUID) -> None:
    """Words in every place that keeps some."""
    case, customer = (await shift.row(contact))["case_id"], await customer_of(shift, contact)
    await shift.execute("UPDATE promise SET words = 'we-will-come-on-monday' WHERE case_id = $1", case)
    await shift.execute(
        """INSERT INTO survey (id, case_id, customer_id, round, state, channel, asked_at, closes_at, ended_at, words, solved)
        VALUES ($1, $2, $3, 1, 'answered', 'email', wall_clock(), wall_clock(), wall_clock(), 'not-nice', 'no')""",
        uuid7(), case, customer,
    )  # fmt: skip
    await shift.execute(
        """INSERT INTO document (id, case_id, name, media_type, content, digest, author, at)
        VALUES ($1, $2, 'passport-scan', 'text/plain', 'passport-scan', 'x', 'customer', wall_clock())""",
        uuid7(), case,
    )  # fmt: skip
    await shift.execute(
        "INSERT INTO idempotency_key (owner, key, digest, status, body) VALUES ('a', 'b', 'x', 201, $1)",
        json.dumps({"id": str(contact), "name": "Sana Malik"}).encode(),
    )
    await shift.execute(
        "INSERT INTO idempotency_key (owner, key, digest, status, body) VALUES ('a', 'made by hand', 'x', 201, $1)",
        json.dumps({"id": str(customer), "name": "Sana Malik"}).encode(),
    )


async def everything(shift: Shift) -> str:
    """Every row of every table, as text, but the receipts, whose names are the senders' programs'."""
    async with shift.db.connection() as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'receipt'"
        )
        found = []
        for table in tables:
            rows = await connection.fetch(f'SELECT to_jsonb(t)::text AS row FROM "{table["relname"]}" AS t')
            found += [row["row"] for row in rows]
    return "\n".join(found)


async def forgotten(shift: Shift, customer: UUID, *, ledger: Path | None = None) -> None:
    """Turn after turn, until the wish is done: nobody who still writes can have known them."""
    async with asyncio.timeout(HANG_SECONDS):
        while (await shift.do(ask_erasure, customer)).done_at is None:
            await turns(Erasing(shift.db, ledger=ledger))
            await asyncio.sleep(LOOK_SECONDS)


async def served(shift: Shift) -> UUID:
    """A letter that was answered and is over, with words everywhere."""
    contact = await letter(shift)
    await shift.serve(contact, "ayesha")
    await shift.do(write, contact, direction="out", subject=None, body="we-will-come-on-monday", actor=person("ayesha"))
    if (await shift.row(contact))["state"] != "completed":
        await shift.do(complete, contact, outcome=None)
    await turns(Tending(shift.db))
    await fill(shift, contact)
    return contact


async def test_nothing_of_them_is_left_and_the_figures_stay(shift: Shift) -> None:
    contact = await served(shift)
    before = await everything(shift)
    assert all(secret in before or secret.encode().hex() in before for secret in SECRETS)
    events = await shift.story(contact)
    await shift.do(ask_erasure, await customer_of(shift, contact))
    await turns(Erasing(shift.db))
    after = await everything(shift)
    assert [secret for secret in SECRETS if secret in after or secret.encode().hex() in after] == []
    assert await shift.story(contact) == events
    assert (await shift.row(contact))["state"] == "completed"
    await shift.sound()


async def test_who_waits_is_cancelled_and_who_is_served_is_looked_at_again_when_it_is_over(shift: Shift) -> None:
    waiting, active = await letter(shift), await letter(shift, "<letter-2@example.org>")
    customer = await customer_of(shift, active)
    await shift.serve(active, "ayesha")
    await shift.do(ask_erasure, customer)
    await turns(Erasing(shift.db))
    assert [(await shift.row(each))["state"] for each in (waiting, active)] == ["cancelled", "active"]
    assert "my-roof-leaks" not in await everything(shift)
    assert (await shift.do(ask_erasure, customer)).done_at is None
    await shift.do(write, active, direction="note", subject=None, body="not-nice", actor=person("ayesha"))
    await shift.do(complete, active, outcome=None)
    await forgotten(shift, customer)
    left = await everything(shift)
    assert [secret for secret in SECRETS if secret in left] == []
    await shift.sound()


async def test_a_letter_after_it_is_from_somebody_new(shift: Shift) -> None:
    contact = await served(shift)
    customer = await customer_of(shift, contact)
    await shift.do(ask_erasure, customer)
    await turns(Erasing(shift.db))
    again_ = await letter(shift, "<letter-3@example.org>")
    assert await customer_of(shift, again_) != customer
    assert (await shift.row(again_))["case_id"] != (await shift.row(contact))["case_id"]


async def test_a_letter_that_is_being_written_down_while_they_are_forgotten_is_forgotten_too(shift: Shift) -> None:
    customer = await customer_of(shift, await served(shift))
    await shift.execute("CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NEW; END $$")  # fmt: skip
    await shift.execute("CREATE TRIGGER waits BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION waits()")
    async with holding(shift.db.dsn, "SELECT pg_advisory_xact_lock(42)"):
        coming = asyncio.create_task(letter(shift, "<letter-4@example.org>"))
        async with shift.db.connection() as looking:
            await blocked(looking.fetch)
        await shift.do(ask_erasure, customer)
        await turns(Erasing(shift.db))
        early = (await shift.do(ask_erasure, customer)).done_at
    await coming
    assert early is None, "somebody who knew them was still writing"
    await forgotten(shift, customer)
    left = await everything(shift)
    assert [secret for secret in SECRETS if secret in left] == []
    await shift.sound()


async def test_who_is_known_by_two_names_is_forgotten_by_both_also_when_one_is_served_meanwhile(
    shift: Shift, tmp_path: Path
) -> None:
    customer = await customer_of(shift, await served(shift))
    wrote = Wrote(
        ref="r", contact="r", content="d", body="my-roof-leaks", person=Person(name="S. Malik", email="sm@example.net"),
        reply_to="sm@example.net", language="en", request_type="claim",
    )  # fmt: skip
    other = (await shift.take("email", wrote)).interaction_id
    assert other is not None
    second = await customer_of(shift, other)
    await shift.do(merge_customers, customer, second, reason=None)
    await shift.serve(other, "ayesha")
    await shift.do(ask_erasure, customer)
    ledger = tmp_path / "erased-customers.txt"
    await turns(Erasing(shift.db, ledger=ledger))
    await shift.do(complete, other, outcome=None)
    await forgotten(shift, customer, ledger=ledger)
    await forgotten(shift, second, ledger=ledger)
    left = await everything(shift)
    assert [secret for secret in (*SECRETS, "S. Malik", "sm@example.net") if secret in left] == []
    assert {known for known, _ in read(ledger)} == {customer, second}
    await shift.sound()


async def test_words_that_come_to_a_case_that_was_forgotten_are_another_matter_and_of_nobody_who_was(
    shift: Shift,
) -> None:
    contact = await served(shift)
    case = (await shift.row(contact))["case_id"]
    await forgotten(shift, await customer_of(shift, contact))
    later = await shift.arrive("walk_in", "claim", case_id=case)
    row = await shift.case(later)
    assert (row["id"] != case, row["follows"], row["customer_id"]) == (True, case, None)


async def test_asked_twice_it_is_done_once(shift: Shift) -> None:
    contact = await served(shift)
    customer = await customer_of(shift, contact)
    first = await shift.do(ask_erasure, customer)
    await forgotten(shift, customer)
    second = await shift.do(ask_erasure, customer)
    assert first.asked_at == second.asked_at
    await turns(Erasing(shift.db))
    async with shift.db.connection() as connection:
        told = await connection.fetchval("SELECT count(*) FROM event WHERE subject = 'customer' AND kind = 'erased'")
    assert told == 1


async def test_a_restored_backup_forgets_them_again(shift: Shift, tmp_path: Path) -> None:
    contact = await served(shift)
    customer = await customer_of(shift, contact)
    ledger = tmp_path / "data" / "erased-customers.txt"
    append(ledger, customer, datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    append(ledger, uuid4(), datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    assert await again(shift.db.dsn, ledger) == 1
    left = await everything(shift)
    assert [secret for secret in SECRETS if secret in left] == []
    assert await again(shift.db.dsn, ledger) == 0


async def test_who_was_forgotten_stands_in_the_ledger_once(shift: Shift, tmp_path: Path) -> None:
    contact = await served(shift)
    customer = await customer_of(shift, contact)
    ledger = tmp_path / "erased-customers.txt"
    await shift.do(ask_erasure, customer)
    await turns(Erasing(shift.db, ledger=ledger))
    assert [known for known, _ in read(ledger)] == [customer]
    assert ledger.stat().st_mode & 0o077 == 0
    with ledger.open("a") as file:
        file.write("half a li")
    assert [known for known, _ in read(ledger)] == [customer]


async def test_what_is_kept_can_be_taken_along(shift: Shift) -> None:
    contact = await served(shift)
    customer = await customer_of(shift, contact)
    pieces = [piece async for piece in await export(shift.db, customer)]
    found: dict[str, Any] = json.loads(b"".join(pieces))
    (case,) = found["cases"]
    assert found["customer"]["identities"] == [
        {"kind": "email", "value": "sana@example.org", "customer_id": str(customer)}
    ]
    assert [message["body"] for message in case["messages"]] == ["my-roof-leaks", "we-will-come-on-monday"]
    assert [survey["words"] for survey in case["surveys"]] == ["not-nice"]
    assert [file["content_base64"] for file in case["documents"]] == ["cGFzc3BvcnQtc2Nhbg=="]
    assert "token" not in case
    assert "page_token" not in case


async def held(shift: Shift) -> tuple[UUID, UUID]:
    """An answer to Sana that a second person is to look at before it leaves: the contact, and the check."""
    said = {"request_types": {"claim": {"checks": [{"before": "message"}]}}}
    await rule(shift.db, shift.intake, rules(resolution=said))
    contact = await letter(shift)
    await shift.serve(contact, "ayesha")
    await turns(Tending(shift.db))
    message = await shift.do(
        write, contact, direction="out", subject=None, body="we-will-come-on-monday", actor=person("ayesha")
    )
    return contact, UUID(message.attributes["held"])


async def test_what_was_held_for_a_second_person_never_leaves_for_who_is_forgotten(shift: Shift) -> None:
    contact, check = await held(shift)
    customer = await customer_of(shift, contact)
    await shift.do(ask_erasure, customer)
    await turns(Erasing(shift.db))
    with pytest.raises(Conflict, match="goes on"):
        await shift.do(take, check, actor=person("chandra"))
    assert (await shift.case(contact))["state"] == "open"
    assert [row["kind"] for row in await shift.commands(contact)] == []
    await shift.do(complete, contact, outcome=None)
    await forgotten(shift, customer)
    await turns(Tending(shift.db))
    await shift.sound()


async def test_what_was_held_back_is_not_taken_along(shift: Shift) -> None:
    contact, _ = await held(shift)
    pieces = [piece async for piece in await export(shift.db, await customer_of(shift, contact))]
    (case,) = json.loads(b"".join(pieces))["cases"]
    assert [message["body"] for message in case["messages"]] == ["my-roof-leaks"]


@pytest.mark.parametrize(("days", "gone"), [(89, False), (91, True)])
async def test_words_go_after_the_time_of_their_request_type(shift: Shift, days: int, gone: bool) -> None:
    said = document()
    said["resolution"] = {"request_types": {"claim": {"retention_days": 90}}}
    made = await shift.do(draft, said)
    await shift.do(publish, made.version, recompute=False)
    case = await solved(shift, code="ayesha", request_type="claim", body="my-roof-leaks", person=SANA)
    await say(shift, case, "yes")
    await tend(shift)
    await shift.pass_time(days * 86_400)
    await turns(Retention(shift.db))
    left = await everything(shift)
    assert (SANA.name or "") in left, "the person stays: they may have other matters"
    assert ("my-roof-leaks" not in left) == gone
