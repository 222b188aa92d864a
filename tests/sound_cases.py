"""What the database keeps of cases until they are solved: a sound row in every table, and for each rule what breaks it."""

from __future__ import annotations

from typing import Final

NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
CASE: Final = "'00000000-0000-7000-8000-00000000000c'"
CUSTOMER: Final = "'00000000-0000-7000-8000-00000000000d'"
INTERACTION: Final = "'00000000-0000-7000-8000-00000000000e'"
PAGE: Final = "'0123456789abcdef'"

SOUND: Final = f"""
UPDATE "case" SET page_token = {PAGE} WHERE id = {CASE};
INSERT INTO touch (id, case_id, number, kind, subject_id, version, channel, cause, caused_by, at)
VALUES (gen_random_uuid(), {CASE}, 1, 'message', {INTERACTION}, 2, 'email', 'status', 'rule', now());
INSERT INTO promise (id, case_id, kind, due_at, made_at, made_by, state)
VALUES (gen_random_uuid(), {CASE}, 'news', now(), now(), 'system', 'standing');
INSERT INTO clock (id, case_id, kind, state, target_seconds, started_at, since, due_at, rules_version)
VALUES (gen_random_uuid(), {CASE}, 'resolution', 'running', 60, now(), now(), now(), 1);
INSERT INTO timer (id, key, kind, case_id, due_at) VALUES (gen_random_uuid(), 'promise:1', 'promise_due', {CASE}, now());
INSERT INTO alarm (id, key, kind, case_id, raised_at) VALUES (gen_random_uuid(), 'touches:1', 'touch_budget', {CASE}, now());
INSERT INTO second_check (id, case_id, before, state, representative, requested_at, due_at, reason)
VALUES (gen_random_uuid(), {CASE}, 'resolution', 'waiting', 'esther', now(), now(), 'amount');
INSERT INTO survey (id, case_id, customer_id, round, state, channel, asked_at, closes_at)
VALUES (gen_random_uuid(), {CASE}, {CUSTOMER}, 1, 'asked', 'email', now(), now());
INSERT INTO playbook (code, version, rules_version, steps, published_at) VALUES ('repair', 1, 1, '[]', now());
INSERT INTO playbook_tick (case_id, step, at, by) VALUES ({CASE}, 'ask_serial', now(), 'representative:esther');
INSERT INTO merge (id, kind, survivor, merged, made_at, made_by)
VALUES (gen_random_uuid(), 'case', {CASE}, {NOBODY}, now(), 'representative:esther');
INSERT INTO customer (id) VALUES ({INTERACTION});
INSERT INTO proxy (id, customer_id, proxy_id, relation, consent, noted_at, noted_by)
VALUES (gen_random_uuid(), {CUSTOMER}, {INTERACTION}, 'child', 'in_person', now(), 'representative:esther');
INSERT INTO document (id, case_id, name, media_type, content, digest, author, at)
VALUES (gen_random_uuid(), {CASE}, 'bill.pdf', 'application/pdf', 'x', 'x', 'customer', now());
INSERT INTO erasure (customer_id, asked_at, asked_by) VALUES ({NOBODY}, now(), 'admin:1');
INSERT INTO reached (key, customer_id, at) VALUES ('news:1', {CUSTOMER}, now());
"""

TABLES: Final = (
    "touch", "promise", "clock", "timer", "alarm", "second_check", "survey", "playbook", "playbook_tick", "merge",
    "proxy", "document", "erasure", "reached",
)  # fmt: skip

SECOND_TRUTHS: Final = {
    "uq_case_page": (
        f"INSERT INTO \"case\" (id, token, state, opened_at, version, page_token) VALUES ({NOBODY}, 'other', 'open', now(), 1, {PAGE})",
    ),
    "uq_touch_subject_id_version": (
        """INSERT INTO touch (id, case_id, number, kind, subject_id, version, channel, cause, caused_by, at)
        SELECT gen_random_uuid(), case_id, 2, kind, subject_id, version, channel, cause, caused_by, at FROM touch""",
    ),
    "uq_promise_news": (
        """INSERT INTO promise (id, case_id, kind, due_at, made_at, made_by, state)
        SELECT gen_random_uuid(), case_id, kind, due_at, made_at, made_by, state FROM promise""",
    ),
    "uq_promise_callback": (
        f"""INSERT INTO promise (id, case_id, interaction_id, kind, due_at, made_at, made_by, state)
        SELECT gen_random_uuid(), case_id, {INTERACTION}, 'callback', due_at, made_at, made_by, state
        FROM promise, generate_series(1, 2)""",
    ),
    "uq_clock_going": (
        """INSERT INTO clock (id, case_id, kind, state, target_seconds, started_at, since, rules_version)
        SELECT gen_random_uuid(), case_id, kind, 'paused', target_seconds, started_at, since, rules_version FROM clock""",
    ),
    "uq_timer_key": (
        """INSERT INTO timer (id, key, kind, case_id, due_at)
        SELECT gen_random_uuid(), key, kind, case_id, due_at + interval '1 day' FROM timer""",
    ),
    "uq_alarm_key": (
        "INSERT INTO alarm (id, key, kind, raised_at) SELECT gen_random_uuid(), key, 'rescue', now() FROM alarm",
    ),
    "uq_second_check_resolution": (
        """INSERT INTO second_check (id, case_id, before, state, requested_at, due_at, reason)
        SELECT gen_random_uuid(), case_id, before, 'taken', now(), now(), 'share' FROM second_check""",
    ),
    "uq_second_check_message": (
        f"""INSERT INTO second_check (id, case_id, before, message_id, state, requested_at, due_at, reason)
        SELECT gen_random_uuid(), case_id, 'message', {NOBODY}, 'taken', now(), now(), 'share'
        FROM second_check, generate_series(1, 2)""",
    ),
    "uq_survey_case_id_round": (
        """INSERT INTO survey (id, case_id, round, state, channel, asked_at, closes_at, ended_at)
        SELECT gen_random_uuid(), case_id, round, 'lapsed', channel, asked_at, closes_at, now() FROM survey""",
    ),
    "uq_survey_asked": (
        """INSERT INTO survey (id, case_id, round, state, channel, asked_at, closes_at)
        SELECT gen_random_uuid(), case_id, 2, state, channel, asked_at, closes_at FROM survey""",
    ),
    "uq_merge_standing": (
        f"""INSERT INTO merge (id, kind, survivor, merged, made_at, made_by)
        SELECT gen_random_uuid(), kind, {CUSTOMER}, merged, made_at, made_by FROM merge""",
    ),
    "uq_proxy_standing": (
        """INSERT INTO proxy (id, customer_id, proxy_id, relation, consent, noted_at, noted_by)
        SELECT gen_random_uuid(), customer_id, proxy_id, 'parent', consent, noted_at, noted_by FROM proxy""",
    ),
}

UNSOUND: Final = {
    "ck_customer_state": ("UPDATE customer SET state = 'lost'",),
    "ck_customer_news_by": ("UPDATE customer SET news_by = 'pigeon'",),
    "ck_customer_merged": (
        f"UPDATE customer SET state = 'merged' WHERE id = {CUSTOMER}",
        f"UPDATE customer SET merged_into = {INTERACTION} WHERE id = {CUSTOMER}",
    ),
    "ck_case_closed_by": ("UPDATE \"case\" SET state = 'closed', closed_by = 'nobody'",),
    "ck_case_closed": ("UPDATE \"case\" SET state = 'closed'", "UPDATE \"case\" SET closed_by = 'customer'"),
    "ck_case_merged": ('UPDATE "case" SET merged_into = id',),
    "ck_touch_kind": ("UPDATE touch SET kind = 'notice'",),
    "ck_promise_state": ("UPDATE promise SET state = 'forgotten', ended_at = now()",),
    "ck_promise_ended": ("UPDATE promise SET ended_at = now()", "UPDATE promise SET state = 'kept'"),
    "ck_clock_kind": ("UPDATE clock SET kind = 'lunch'",),
    "ck_clock_state": ("UPDATE clock SET state = 'late', due_at = NULL",),
    "ck_clock_due": ("UPDATE clock SET due_at = NULL", "UPDATE clock SET state = 'paused'"),
    "ck_clock_seconds": ("UPDATE clock SET target_seconds = 0", "UPDATE clock SET spent_seconds = -1"),
    "ck_second_check_before": ("UPDATE second_check SET before = 'lunch'",),
    "ck_second_check_state": ("UPDATE second_check SET state = 'lost'",),
    "ck_second_check_another": ("UPDATE second_check SET checker = representative",),
    "ck_second_check_decided": (
        "UPDATE second_check SET state = 'passed'",
        "UPDATE second_check SET decided_at = now()",
    ),
    "ck_survey_state": ("UPDATE survey SET state = 'lost', ended_at = now()",),
    "ck_survey_solved": ("UPDATE survey SET solved = 'maybe'",),
    "ck_survey_mark": ("UPDATE survey SET mark = 0", "UPDATE survey SET mark = 6"),
    "ck_survey_ended": ("UPDATE survey SET ended_at = now()", "UPDATE survey SET state = 'lapsed'"),
    "ck_merge_kind": ("UPDATE merge SET kind = 'queue'",),
    "ck_merge_two": ("UPDATE merge SET merged = survivor",),
    "ck_proxy_two": ("UPDATE proxy SET proxy_id = customer_id",),
    "ck_document_size": ("UPDATE document SET content = convert_to(repeat('x', 10485761), 'UTF8')",),
}

STRANGERS: Final = {
    "fk_customer_merged_into": (
        f"UPDATE customer SET state = 'merged', merged_into = {NOBODY} WHERE id = {CUSTOMER}",
    ),
    "fk_case_merged_into": (f'UPDATE "case" SET merged_into = {NOBODY}',),
    "fk_case_follows": (f'UPDATE "case" SET follows = {NOBODY}',),
    "fk_survey_customer_id": (f"UPDATE survey SET customer_id = {NOBODY}",),
    "fk_proxy_customer_id": (f"UPDATE proxy SET customer_id = {NOBODY}",),
    "fk_proxy_proxy_id": (f"UPDATE proxy SET proxy_id = {NOBODY}",),
    "fk_reached_customer_id": (f"UPDATE reached SET customer_id = {NOBODY}",),
    **{
        f"fk_{table}_case_id": (f"UPDATE {table} SET case_id = {NOBODY}",)
        for table in (
            "touch", "promise", "clock", "timer", "alarm", "second_check", "survey", "playbook_tick", "document",
        )
    },
}  # fmt: skip
