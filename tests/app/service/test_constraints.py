"""The database is the last guard: every rule it keeps is broken here by raw SQL, and refuses.

A rule without a case fails the test that counts them, so none can be added unproven or lost unnoticed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest

from app.postgres import LocalPostgres
from tests import sound_cases, sound_incidents, sound_outward
from tests.office import furnish

pytestmark = pytest.mark.oldest

NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
CASE: Final = "'00000000-0000-7000-8000-00000000000c'"
CUSTOMER: Final = "'00000000-0000-7000-8000-00000000000d'"
INTERACTION: Final = "'00000000-0000-7000-8000-00000000000e'"

PARTS: Final = (sound_cases, sound_outward, sound_incidents)
"""What else there is, each in a file of its own: sound rows, their tables, and what breaks each rule."""

SOUND: Final = f"""
INSERT INTO customer (id) VALUES ({CUSTOMER});
INSERT INTO identity (kind, value, customer_id) VALUES ('phone', '+15550100', {CUSTOMER});
INSERT INTO "case" (id, token, state, opened_at, version) VALUES ({CASE}, 'token', 'open', now(), 1);
INSERT INTO interaction (id, case_id, channel, contact, state, queue, live, units, arrived_at, state_at, version)
VALUES ({INTERACTION}, {CASE}, 'phone', 'CA1', 'offered', 'claims', true, 1, now(), now(), 2);
INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)
VALUES (gen_random_uuid(), {INTERACTION}, 'esther', 'offered', true, 1, now(), now() + interval '1 min');
UPDATE representative SET live = 1, units = 1 WHERE code = 'esther';
INSERT INTO message (id, interaction_id, case_id, direction, body, at)
VALUES (gen_random_uuid(), {INTERACTION}, {CASE}, 'in', 'Hello', now());
INSERT INTO receipt (source, channel, ref, interaction_id, at) VALUES ('adapter', 'phone', 'CA1', {INTERACTION}, now());
INSERT INTO outbox (id, dedupe_key, channel, kind, interaction_id, language, payload, next_at, created_at)
VALUES (gen_random_uuid(), 'accepted:1', 'phone', 'connect', {INTERACTION}, 'en', '{{}}', now(), now());
INSERT INTO ticket_counter (office, letter, day, last) VALUES ('lahore', 'A', '2026-01-01', 7);
INSERT INTO queue_estimate (queue, servers, free, mean_handle_seconds, at) VALUES ('claims', 1, 1, 60, now());
INSERT INTO lease (name, holder, until) VALUES ('dispatcher', gen_random_uuid(), now());
INSERT INTO api_key (id, name, role, prefix, digest) VALUES (gen_random_uuid(), 'kiosk 1', 'kiosk', 'rk_kiosk', 'x');
INSERT INTO idempotency_key (owner, key, digest, status, body) VALUES ('key', 'one', 'x', 201, '');
INSERT INTO rule_set (version, state, document, based_on, made_by, made_at, published_at)
VALUES (1, 'live', '{{}}', 0, 'system', now(), now());
INSERT INTO queue_day (queue, day, arrivals) VALUES ('claims', '2026-01-01', 7);
INSERT INTO head_start_day (queue, day, reason) VALUES ('claims', '2026-01-01', 'elderly');
INSERT INTO bar (id, customer_id, representative, reason, made_by, made_at)
VALUES (gen_random_uuid(), {CUSTOMER}, 'farid', 'asked', 'system', now());
INSERT INTO told_wait (interaction_id, queue, told_at, low_at, high_at)
VALUES ({INTERACTION}, 'claims', now(), now(), now());
"""
"""One sound row in every table that the office does not fill."""

AGAIN: Final = {
    f"pk_{name}": (f'INSERT INTO "{name}" OVERRIDING SYSTEM VALUE SELECT * FROM "{name}" LIMIT 1',)
    for name in (
        "organisation", "office", "queue", "request_type", "representative", "customer", "identity", "case", "interaction",
        "assignment", "message", "receipt", "outbox", "ticket_counter", "queue_estimate", "lease", "api_key",
        "idempotency_key", "feed_epoch", "event", "rule_set", "queue_day", "head_start_day", "bar", "told_wait",
        *(table for part in PARTS for table in part.TABLES),
    )
}  # fmt: skip
"""A second row under the key of the first."""

SECOND_TRUTHS: Final = {
    "uq_case_token": (
        f"INSERT INTO \"case\" (id, token, state, opened_at, version) VALUES ({NOBODY}, 'token', 'open', now(), 1)",
    ),
    "uq_event_subject_subject_id_version": (
        """INSERT INTO event (subject, subject_id, version, kind, at, actor)
        VALUES ('representative', 'esther', 1, 'joined', now(), 'system')""",
    ),
    "uq_outbox_dedupe_key": (
        """INSERT INTO outbox (id, dedupe_key, channel, kind, interaction_id, language, payload, next_at, created_at)
        SELECT gen_random_uuid(), dedupe_key, 'email', 'send', interaction_id, 'te', '{}', now(), now() FROM outbox""",
    ),
    "uq_api_key_digest": (
        "INSERT INTO api_key (id, name, role, prefix, digest) SELECT gen_random_uuid(), 'b', 'admin', 'rk', digest FROM api_key",
    ),
    "uq_rule_set_live": (
        """INSERT INTO rule_set (version, state, document, based_on, made_by, made_at, published_at)
        VALUES (2, 'live', '{}', 1, 'system', now(), now())""",
    ),
    "uq_bar_customer": (
        "INSERT INTO bar SELECT gen_random_uuid(), customer_id, case_id, representative, reason, made_by, made_at FROM bar",
    ),
    "uq_bar_case": (
        f"""INSERT INTO bar (id, case_id, representative, reason, made_by, made_at)
        SELECT gen_random_uuid(), {CASE}, 'farid', 'asked', 'system', now() FROM generate_series(1, 2)""",
    ),
    "uq_assignment_live": (
        """INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)
        SELECT gen_random_uuid(), interaction_id, 'farid', 'accepted', live, units, offered_at, expires_at FROM assignment""",
    ),
}

UNSOUND: Final = {
    "ck_organisation_single": ("UPDATE organisation SET id = 2",),
    "ck_feed_epoch_single": ("UPDATE feed_epoch SET id = 2",),
    "ck_queue_target": ("UPDATE queue SET target_seconds = -1",),
    "ck_queue_offer_timeout": (
        "UPDATE queue SET offer_timeout_seconds = 0",
        "UPDATE queue SET offer_timeout_seconds = 86401",
    ),
    "ck_queue_wrap_up": ("UPDATE queue SET wrap_up_seconds = -1", "UPDATE queue SET wrap_up_seconds = 86401"),
    "ck_queue_grace": ("UPDATE queue SET grace_seconds = -1", "UPDATE queue SET grace_seconds = 86401"),
    "ck_queue_head_start_cap": ("UPDATE queue SET head_start_cap_seconds = -1",),
    "ck_queue_mean_handle": ("UPDATE queue SET mean_handle_seconds = 0",),
    "ck_request_type_letter": (
        "UPDATE request_type SET letter = 'a'",
        "UPDATE request_type SET letter = 'AB'",
        "UPDATE request_type SET letter = ''",
        "UPDATE request_type SET letter = E'A\\n'",
    ),
    "ck_request_type_tree": ("UPDATE request_type SET parent = code",),
    "ck_representative_live": (
        "UPDATE representative SET live = 2 WHERE code = 'esther'",
        "UPDATE representative SET live = -1 WHERE code = 'esther'",
    ),
    "ck_representative_units": (
        "UPDATE representative SET units = ceiling + 1 WHERE code = 'esther'",
        "UPDATE representative SET units = -1 WHERE code = 'esther'",
    ),
    "ck_representative_capacity": (
        "UPDATE representative SET capacity = -1 WHERE code = 'devi'",
        "UPDATE representative SET capacity = 101, ceiling = 101 WHERE code = 'devi'",
        "UPDATE representative SET ceiling = capacity - 1 WHERE code = 'devi'",
    ),
    "ck_representative_per_time": (
        "UPDATE representative SET per_hour = 0 WHERE code = 'devi'",
        "UPDATE representative SET per_day = -1 WHERE code = 'devi'",
    ),
    "ck_rule_set_state": ("UPDATE rule_set SET state = 'best', published_at = NULL",),
    "ck_rule_set_published": ("UPDATE rule_set SET published_at = NULL", "UPDATE rule_set SET state = 'draft'"),
    "ck_bar_of_one": ("UPDATE bar SET customer_id = NULL", f"UPDATE bar SET case_id = {CASE}"),
    "ck_interaction_barred": ("UPDATE interaction SET barred = array_fill('x'::text, ARRAY[17])",),
    "ck_interaction_step": ("UPDATE interaction SET step = 1", "UPDATE interaction SET step = -1"),
    "ck_representative_presence": ("UPDATE representative SET presence = 'busy'",),
    "ck_identity_kind": ("UPDATE identity SET kind = 'shoe_size'",),
    "ck_case_state": ("UPDATE \"case\" SET state = 'new'",),
    "ck_interaction_state": ("UPDATE interaction SET state = 'new'",),
    "ck_interaction_filed": (
        "UPDATE interaction SET queue = NULL, state = 'queued'",
        "UPDATE interaction SET queue = NULL, state = 'completed'",
    ),
    "ck_interaction_units": ("UPDATE interaction SET units = -1", "UPDATE interaction SET units = 101"),
    "ck_interaction_excluded": ("UPDATE interaction SET excluded = array_fill('x'::text, ARRAY[17])",),
    "ck_message_direction": ("UPDATE message SET direction = 'sideways'",),
    "ck_assignment_state": ("UPDATE assignment SET state = 'new'",),
    "ck_assignment_outcome": ("UPDATE assignment SET state = 'ended', ended_at = now(), outcome = 'forgotten'",),
    "ck_assignment_ended": (
        "UPDATE assignment SET state = 'ended'",
        "UPDATE assignment SET ended_at = now(), outcome = 'expired'",
    ),
    "ck_assignment_outcome_at_end": (
        "UPDATE assignment SET outcome = 'expired'",
        "UPDATE assignment SET state = 'ended', ended_at = now()",
    ),
    "ck_assignment_expiry": ("UPDATE assignment SET expires_at = offered_at",),
    "ck_outbox_state": ("UPDATE outbox SET state = 'lost'",),
    "ck_api_key_role": ("UPDATE api_key SET role = 'owner'",),
    "ck_api_key_names_one": (
        "UPDATE api_key SET role = 'representative'",
        "UPDATE api_key SET representative = 'esther'",
    ),
}

STRANGERS: Final = {
    "fk_request_type_parent": ("UPDATE request_type SET parent = 'nowhere'",),
    "fk_request_type_queue": (
        "UPDATE request_type SET queue = 'nowhere'",
        "DELETE FROM queue WHERE code = 'technical'",
    ),
    "fk_representative_office": ("UPDATE representative SET office = 'nowhere'", "DELETE FROM office"),
    "fk_identity_customer_id": (f"UPDATE identity SET customer_id = {NOBODY}", "DELETE FROM customer"),
    "fk_case_customer_id": (f'UPDATE "case" SET customer_id = {NOBODY}',),
    "fk_interaction_case_id": (f"UPDATE interaction SET case_id = {NOBODY}",),
    "fk_interaction_customer_id": (f"UPDATE interaction SET customer_id = {NOBODY}",),
    "fk_assignment_interaction_id": (f"UPDATE assignment SET interaction_id = {NOBODY}",),
    "fk_message_interaction_id": (f"UPDATE message SET interaction_id = {NOBODY}",),
    "fk_receipt_interaction_id": (f"UPDATE receipt SET interaction_id = {NOBODY}",),
    "fk_outbox_interaction_id": (f"UPDATE outbox SET interaction_id = {NOBODY}",),
    "fk_ticket_counter_office": ("UPDATE ticket_counter SET office = 'nowhere'",),
    "fk_queue_estimate_queue": ("UPDATE queue_estimate SET queue = 'nowhere'",),
    "fk_bar_customer_id": (f"UPDATE bar SET customer_id = {NOBODY}",),
    "fk_bar_case_id": (f"UPDATE bar SET customer_id = NULL, case_id = {NOBODY}",),
    "fk_bar_representative": ("UPDATE bar SET representative = 'nobody'",),
    "fk_told_wait_interaction_id": (f"UPDATE told_wait SET interaction_id = {NOBODY}",),
    "fk_api_key_representative": ("UPDATE api_key SET role = 'representative', representative = 'nobody'",),
}

FACTS: Final = {
    "event_rows_stay": ("UPDATE event SET kind = 'left'", "DELETE FROM event"),
    "event_table_stays": ("TRUNCATE event", "TRUNCATE event CASCADE"),
}

RULES: Final[dict[str, tuple[str, ...]]] = {
    rule: broken for kind in (AGAIN, SECOND_TRUTHS, UNSOUND, STRANGERS, FACTS) for rule, broken in kind.items()
} | {
    rule: broken
    for part in PARTS
    for kind in (part.SECOND_TRUTHS, part.UNSOUND, part.STRANGERS)
    for rule, broken in kind.items()
}

KEPT: Final = """
SELECT conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x') AND conrelid <> 'alembic_version'::regclass
UNION
SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace AND indrelid <> 'alembic_version'::regclass
UNION
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""

REQUIRED: Final = """
SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND attnotnull AND attnum > 0 AND NOT attisdropped AND attidentity = ''
ORDER BY relname, attname
"""


@pytest.fixture(scope="module")
async def house(server: LocalPostgres, template: str) -> AsyncIterator[asyncpg.Connection]:
    """A house with a sound row in every table. Each test breaks it in a transaction of its own that is rolled back."""
    name = "constraints"
    owner = await asyncpg.connect(server.dsn())
    await owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await furnish(server.dsn(name))
    connection = await asyncpg.connect(server.dsn(name))
    for sound in (SOUND, *(part.SOUND for part in PARTS)):
        await connection.execute(sound)
    yield connection
    await connection.close()
    await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await owner.close()


async def attempt(house: asyncpg.Connection, *statements: str) -> None:
    """Do it and look at everything that is looked at by a commit, without leaving a trace."""
    transaction = house.transaction()
    await transaction.start()
    try:
        for statement in statements:
            await house.execute(statement)
        await house.execute("SET CONSTRAINTS ALL IMMEDIATE")
    finally:
        await transaction.rollback()


@pytest.mark.parametrize(
    ("rule", "statement"),
    [pytest.param(rule, statement, id=rule) for rule in RULES if rule not in FACTS for statement in RULES[rule]],
)
async def test_the_database_refuses_what_breaks(house: asyncpg.Connection, rule: str, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await attempt(house, statement)
    assert caught.value.as_dict()["constraint_name"] == rule


@pytest.mark.parametrize("statement", [statement for rule in FACTS for statement in FACTS[rule]])
async def test_a_fact_is_never_changed_or_removed_by(house: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match="never changed or removed"):
        await attempt(house, statement)


async def test_no_rule_of_the_database_is_without_a_case_here(house: asyncpg.Connection) -> None:
    assert {row[0] for row in await house.fetch(KEPT)} == set(RULES)


async def test_the_triggers_that_keep_the_facts_are_switched_on(house: asyncpg.Connection) -> None:
    rows = await house.fetch("SELECT tgenabled FROM pg_trigger WHERE NOT tgisinternal")
    assert {row[0] for row in rows} == {b"O"}


async def test_what_is_sound_is_taken(house: asyncpg.Connection) -> None:
    await attempt(
        house,
        "UPDATE interaction SET state = 'arriving', queue = NULL",
        "UPDATE assignment SET state = 'ended', ended_at = now(), outcome = 'customer_left'",
        "UPDATE representative SET live = 0, units = 0 WHERE code = 'esther'",
        "UPDATE representative SET units = 3, ceiling = 3, capacity = 1 WHERE code = 'devi'",
        "DELETE FROM request_type WHERE queue = 'technical'",
        "DELETE FROM queue WHERE code = 'technical'",
    )


async def test_a_second_assignment_is_taken_once_the_first_has_ended(house: asyncpg.Connection) -> None:
    await attempt(
        house,
        "UPDATE assignment SET state = 'ended', ended_at = now(), outcome = 'declined'",
        "INSERT INTO assignment (id, interaction_id, representative, state, live, units, offered_at, expires_at)"
        " SELECT gen_random_uuid(), interaction_id, 'farid', 'offered', live, units, offered_at, expires_at FROM assignment",
    )


async def test_an_estimate_goes_with_its_queue(house: asyncpg.Connection) -> None:
    await attempt(
        house,
        "DELETE FROM request_type WHERE queue = 'feedback'",
        "UPDATE queue_estimate SET queue = 'feedback'",
        "DELETE FROM queue WHERE code = 'feedback'",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM queue_estimate), 'an estimate of no queue is left'; END $$",
    )


async def test_a_receipt_may_come_before_its_interaction_in_one_transaction(house: asyncpg.Connection) -> None:
    await attempt(
        house,
        f"INSERT INTO receipt (source, channel, ref, interaction_id, at) VALUES ('a', 'phone', 'CA2', {NOBODY}, now())",
        "INSERT INTO interaction (id, case_id, channel, contact, state, live, units, arrived_at, state_at, version)"
        f" VALUES ({NOBODY}, {CASE}, 'phone', 'CA2', 'arriving', true, 1, now(), now(), 1)",
    )


async def test_nothing_that_must_be_known_can_be_left_out(house: asyncpg.Connection) -> None:
    taken = []
    for table, column in await house.fetch(REQUIRED):
        try:
            await attempt(house, "ALTER TABLE event DISABLE TRIGGER USER", f'UPDATE "{table}" SET "{column}" = NULL')
        except asyncpg.NotNullViolationError:
            continue
        taken.append(f"{table}.{column}")
    assert taken == []
