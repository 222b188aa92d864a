"""The audit finds rules whose story, number or tables do not fit."""

from __future__ import annotations

import pytest

from app.actions.rules import versions as rules
from app.db import Database, now
from app.queries.audit.audit import Finding, audit
from app.security import SYSTEM
from tests.documents import SPARE, document

UNTOLD = """
INSERT INTO rule_set SELECT 9, state, document, based_on, note, made_by, made_at FROM rule_set WHERE version = 3
"""
UNRULED = "INSERT INTO queue (code, name, target_seconds, offer_timeout_seconds) VALUES ('more', 'More', 1, 1)"


async def published(db: Database) -> None:
    """Version 1 is past, 2 is live, 3 a draft, 4 discarded."""
    async with db.session() as session:
        moment = await now(session)
        for wanted in (document(), document(spare=SPARE)):
            row = await rules.draft(session, wanted, actor=SYSTEM, now=moment)
            await rules.publish(session, row.version, actor=SYSTEM, now=moment)
        for _ in range(2):
            await rules.draft(session, document(), actor=SYSTEM, now=moment)
        await rules.discard(session, 4, actor=SYSTEM, now=moment)


async def found(db: Database, *statements: str) -> list[Finding]:
    async with db.transaction() as connection:
        for statement in statements:
            await connection.execute(statement)
    async with db.connection() as connection:
        return await audit(connection)


async def test_versions_in_every_state_are_sound(db: Database) -> None:
    await published(db)
    assert await found(db) == []


@pytest.mark.parametrize(
    ("rule", "identity", "damage"),
    [
        ("history", "3", "UPDATE rule_set SET state = 'discarded' WHERE version = 3"),
        ("history", "1", "DELETE FROM rule_set WHERE version = 1"),
        ("told_rules", "9", UNTOLD),
        ("rules_in_force", "2", "DELETE FROM queue WHERE code = 'spare'"),
        ("rules_in_force", "2", UNRULED),
        ("rules_in_force", "2", "UPDATE request_type SET code = 'claims' WHERE code = 'claim'"),
    ],
)  # fmt: skip
async def test_each_broken_promise_about_rules_is_found_by_name(
    db: Database, rule: str, identity: str, damage: str
) -> None:
    await published(db)
    assert (rule, "rules", identity) in {(each.rule, each.subject, each.id) for each in await found(db, damage)}


async def test_a_contact_that_entered_with_rules_which_were_never_live_is_found(db: Database) -> None:
    await published(db)
    case = (
        'INSERT INTO "case" (id, token, state, opened_at, version)'
        " VALUES (gen_random_uuid(), 't', 'open', wall_clock(), 1)"
    )
    contact = (
        "INSERT INTO interaction (id, case_id, channel, contact, state, live, units, arrived_at, state_at, version, rules_version)"
        " SELECT gen_random_uuid(), id, 'email', 'x', 'arriving', false, 1, wall_clock(), wall_clock(), 1, 3 FROM \"case\""
    )
    assert "known_rules" in {each.rule for each in await found(db, case, contact)}
    past = "UPDATE interaction SET rules_version = 1"
    assert "known_rules" not in {each.rule for each in await found(db, past)}
