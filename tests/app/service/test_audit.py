"""The audit finds each broken promise by name, and nothing where all is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from app.db import uuid7
from app.queries.audit.audit import MOST_PER_RULE, Finding, audit
from tests.office import furnish

STORIES = {
    "queued": ["queued"],
    "offered": ["queued", "offered"],
    "active": ["queued", "offered", "accepted"],
    "wrapping": ["queued", "offered", "accepted", "ended"],
    "completed": ["queued", "offered", "accepted", "completed"],
    "abandoned": ["arrived", "queued", "offered", "left"],
}
ASSIGNED = {
    "offered": ("offered", None),
    "active": ("accepted", None),
    "wrapping": ("wrapping", None),
    "completed": ("ended", "completed"),
    "abandoned": ("ended", "customer_left"),
}


@pytest.fixture
async def house(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A healthy house with one interaction in each state."""
    await furnish(database)
    connection = await asyncpg.connect(database)
    for number, state in enumerate(STORIES):
        await tell(connection, state, representative="esther" if number % 2 else "farid")
    await recount(connection)
    yield connection
    await connection.close()


async def tell(connection: asyncpg.Connection, state: str, *, representative: str = "esther") -> UUID:
    """One interaction with receipt, case, assignment and all their events."""
    interaction, case, assignment = uuid7(), uuid7(), uuid7()
    await connection.execute(
        'INSERT INTO "case" (id, token, state, opened_at, version) VALUES ($1, $2, \'open\', wall_clock(), 1)', case, str(case)
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO interaction (id, case_id, channel, contact, state, queue, live, units, arrived_at, queued_at, due_at,"
        " state_at, version) VALUES ($1, $2, 'email', 'c', $3, 'claims', false, 1, wall_clock(), wall_clock(), wall_clock(),"
        " wall_clock(), $4)",
        interaction, case, state, len(STORIES[state]),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO receipt (source, channel, ref, interaction_id, at) VALUES ('adapter', 'email', $1, $2, wall_clock())",
        str(interaction), interaction,
    )  # fmt: skip
    if state in ASSIGNED:
        held, outcome = ASSIGNED[state]
        await connection.execute(
            "INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at, ended_at,"
            " outcome) VALUES ($1, $2, $3, $4, false, 1, wall_clock(), wall_clock() + interval '1 min',"
            " CASE WHEN $5::text IS NULL THEN NULL ELSE wall_clock() END, $5)",
            assignment, interaction, representative, held, outcome,
        )  # fmt: skip
    await note(connection, "case", str(case), 1, "opened")
    for version, kind in enumerate(STORIES[state], start=1):
        named = f'{{"assignment": "{assignment}", "representative": "{representative}"}}'
        await note(
            connection,
            "interaction",
            str(interaction),
            version,
            kind,
            named if version > STORIES[state].index("queued") + 1 else "{}",
        )
    return interaction


async def note(
    connection: asyncpg.Connection, subject: str, identity: str, version: int, kind: str, data: str = "{}"
) -> None:
    await connection.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor, data) VALUES ($1, $2, $3, $4, wall_clock(), 'system', $5)",
        subject, identity, version, kind, data,
    )  # fmt: skip


async def recount(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "UPDATE representative r SET units = (SELECT count(*) FROM assignment WHERE representative = r.code AND ended_at IS NULL)"
    )


async def one_in(connection: asyncpg.Connection, state: str) -> UUID:
    found = await connection.fetchval("SELECT id FROM interaction WHERE state = $1", state)
    assert isinstance(found, UUID)
    return found


async def broken(connection: asyncpg.Connection, *statements: str) -> list[Finding]:
    for statement in statements:
        await connection.execute(statement)
    return await audit(connection)


async def test_a_healthy_house_has_no_finding(house: asyncpg.Connection) -> None:
    assert await audit(house) == []


async def test_an_empty_database_has_no_finding(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await audit(connection) == []
    await connection.close()


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("receipted", ["DELETE FROM receipt WHERE ref = (SELECT min(ref) FROM receipt)"]),
        (
            "one_per_contact",
            ["ALTER TABLE receipt DROP CONSTRAINT pk_receipt", "INSERT INTO receipt SELECT * FROM receipt LIMIT 1"],
        ),
        (
            "kept_receipt",
            [
                "ALTER TABLE receipt DROP CONSTRAINT fk_receipt_interaction_id",
                "UPDATE receipt SET interaction_id = gen_random_uuid() WHERE ref = (SELECT min(ref) FROM receipt)",
            ],
        ),
        (
            "one_holder",
            [
                "DROP INDEX uq_assignment_live",
                ("INSERT INTO assignment SELECT gen_random_uuid(), interaction_id, 'devi', state, live, units, offered_at,"
                " expires_at FROM assignment WHERE state = 'accepted'"),
            ],
        ),
        ("state_of_holder", ["UPDATE interaction SET state = 'queued' WHERE state = 'active'"]),
        ("state_of_holder", ["UPDATE interaction SET state = 'offered' WHERE state = 'queued'"]),
        ("counted_load", ["UPDATE representative SET units = 0 WHERE code = 'esther'"]),
        ("counted_load", ["UPDATE representative SET live = 1 WHERE code = 'devi'"]),
        (
            "capacity",
            [
                "ALTER TABLE representative DROP CONSTRAINT ck_representative_units",
                "UPDATE representative SET units = 9 WHERE code = 'devi'",
            ],
        ),
        ("answered_in_time", ["UPDATE assignment SET answered_at = expires_at + interval '1 s' WHERE state = 'accepted'"]),
        ("not_expired_early", ["UPDATE assignment SET outcome = 'expired' WHERE outcome = 'completed'"]),
        (
            "one_number",
            ["UPDATE interaction SET number = 'C007', office = 'lahore' WHERE state IN ('queued', 'active')"],
        ),
        ("known_codes", ["UPDATE interaction SET queue = 'nowhere' WHERE state = 'queued'"]),
        ("known_codes", ["UPDATE assignment SET representative = 'nobody' WHERE outcome = 'completed'"]),
        ("placed_in_line", ["UPDATE interaction SET due_at = NULL WHERE state = 'queued'"]),
        (
            "told_interaction",
            ["ALTER TABLE event DISABLE TRIGGER USER", "DELETE FROM event WHERE subject = 'interaction'"],
        ),
        ("told_case", ["ALTER TABLE event DISABLE TRIGGER USER", "DELETE FROM event WHERE subject = 'case'"]),
        (
            "told_representative",
            ["ALTER TABLE event DISABLE TRIGGER USER", "DELETE FROM event WHERE subject = 'representative'"],
        ),
        ("history", ["UPDATE interaction SET state = 'cancelled' WHERE state = 'abandoned'"]),
        ("history", ["UPDATE \"case\" SET version = 2 WHERE id = (SELECT min(id::text)::uuid FROM \"case\")"]),
        ("history", ["UPDATE representative SET presence = 'away' WHERE code = 'devi'"]),
        (
            "history",
            ["ALTER TABLE event DISABLE TRIGGER USER", "DELETE FROM event WHERE version = 2 AND kind = 'offered'"],
        ),
        (
            "history",
            [
                ("INSERT INTO event (subject, subject_id, version, kind, at, actor)"
                " VALUES ('interaction', 'not-an-id', 1, 'queued', now(), 'system')")
            ],
        ),
        (
            "history",
            [
                ("INSERT INTO event (subject, subject_id, version, kind, at, actor)"
                " VALUES ('customer', 'x', 1, 'made', now(), 'system')")
            ],
        ),
        ("assignment_history", ["UPDATE assignment SET representative = 'devi' WHERE state = 'accepted'"]),
        ("assignment_history", ["UPDATE assignment SET outcome = 'transferred' WHERE outcome = 'completed'"]),
        ("assignment_history", ["DELETE FROM assignment WHERE outcome = 'completed'"]),
        (
            "assignment_history",
            [
                ("INSERT INTO assignment SELECT gen_random_uuid(), interaction_id, representative, state, live, units, offered_at,"
                " expires_at, answered_at, ended_at, outcome FROM assignment WHERE outcome = 'completed'")
            ],
        ),
    ],
)  # fmt: skip
async def test_each_broken_promise_is_found_by_name(house: asyncpg.Connection, rule: str, damage: list[str]) -> None:
    found = await broken(house, *damage)
    assert rule in {finding.rule for finding in found}


async def test_a_finding_names_the_row(house: asyncpg.Connection) -> None:
    interaction = await one_in(house, "active")
    found = await broken(house, "UPDATE interaction SET state = 'wrapping' WHERE state = 'active'")
    assert Finding(
        rule="history",
        subject="interaction",
        id=str(interaction),
        detail="the events say active, the row wrapping",
    ) in found  # fmt: skip


async def test_many_findings_of_one_kind_are_counted_and_not_all_listed(house: asyncpg.Connection) -> None:
    for _ in range(MOST_PER_RULE + 5):
        await tell(house, "queued")
    found = await broken(house, "DELETE FROM receipt")
    listed = [finding for finding in found if finding.rule == "receipted"]
    assert len(listed) == MOST_PER_RULE + 1
    assert listed[-1].detail == f"and {5 + len(STORIES)} more"


async def test_the_audit_writes_nothing_and_holds_back_no_feed(house: asyncpg.Connection, database: str) -> None:
    other = await asyncpg.connect(database)
    before = await other.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())")
    await audit(house)
    assert await other.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())") == before
    await other.close()
