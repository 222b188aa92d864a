"""Invariants that one statement each can check, as data.

Decides nothing: every statement names the rows that break its rule, and none of them in a healthy database. Each gives
`subject`, `id` and `detail`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """`name` is stable; `statement` is SQL without parameters."""

    name: str
    statement: str


RULES: Final = (
    Rule(
        name="receipted",  # I1: what is there was acknowledged to somebody
        statement="""
            SELECT 'interaction' AS subject, i.id::text AS id, 'no receipt tells who brought it' AS detail
            FROM interaction i WHERE NOT EXISTS (SELECT FROM receipt WHERE receipt.interaction_id = i.id)
        """,
    ),
    Rule(
        name="one_per_contact",  # I1: not doubled; the same report cannot have made two
        statement="""
            SELECT 'receipt' AS subject, concat_ws('/', source, channel, ref) AS id, count(*) || ' receipts' AS detail
            FROM receipt GROUP BY source, channel, ref HAVING count(*) > 1
        """,
    ),
    Rule(
        name="kept_receipt",
        statement="""
            SELECT 'receipt' AS subject, concat_ws('/', source, channel, ref) AS id,
                   'its interaction ' || interaction_id || ' is gone' AS detail
            FROM receipt r WHERE interaction_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM interaction WHERE interaction.id = r.interaction_id)
        """,
    ),
    Rule(
        name="one_holder",  # I2
        statement="""
            SELECT 'interaction' AS subject, interaction_id::text AS id,
                   'held by ' || string_agg(representative, ', ' ORDER BY representative) AS detail
            FROM assignment WHERE ended_at IS NULL GROUP BY interaction_id HAVING count(*) > 1
        """,
    ),
    Rule(
        name="state_of_holder",  # I2: somebody holds it exactly when its state says so
        statement="""
            SELECT 'interaction' AS subject, i.id::text AS id,
                   'is ' || i.state || ', its assignment ' || coalesce(a.state, 'none') AS detail
            FROM interaction i LEFT JOIN assignment a ON a.interaction_id = i.id AND a.ended_at IS NULL
            WHERE (i.state IN ('offered', 'active', 'wrapping') OR a.id IS NOT NULL)
            AND (i.state, coalesce(a.state, 'none')) NOT IN
                (('offered', 'offered'), ('active', 'accepted'), ('wrapping', 'wrapping'))
        """,
    ),
    Rule(
        name="counted_load",  # I3: the counters are what is really held
        statement="""
            SELECT 'representative' AS subject, r.code AS id,
                   format('live %s and units %s on the row, %s and %s held', r.live, r.units,
                          coalesce(h.live, 0), coalesce(h.units, 0)) AS detail
            FROM representative r LEFT JOIN (
                SELECT representative, sum(live::int) AS live, sum(units) AS units
                FROM assignment WHERE ended_at IS NULL GROUP BY representative
            ) AS h ON h.representative = r.code
            WHERE (r.live, r.units) <> (coalesce(h.live, 0), coalesce(h.units, 0))
        """,
    ),
    Rule(
        name="capacity",  # I3
        statement="""
            SELECT 'representative' AS subject, code AS id,
                   format('live %s, units %s, capacity %s, ceiling %s', live, units, capacity, ceiling) AS detail
            FROM representative
            WHERE live NOT BETWEEN 0 AND 1 OR units NOT BETWEEN 0 AND ceiling OR ceiling < capacity
        """,
    ),
    Rule(
        name="answered_in_time",  # I4
        statement="""
            SELECT 'assignment' AS subject, id::text AS id, 'accepted after it had expired' AS detail
            FROM assignment WHERE answered_at > expires_at AND outcome IS DISTINCT FROM 'declined'
        """,
    ),
    Rule(
        name="not_expired_early",  # I4
        statement="""
            SELECT 'assignment' AS subject, id::text AS id, 'expired before its time' AS detail
            FROM assignment WHERE outcome = 'expired' AND (ended_at < expires_at OR answered_at IS NOT NULL)
        """,
    ),
    Rule(
        name="one_command",  # I6
        statement="""
            SELECT 'outbox' AS subject, dedupe_key AS id, count(*) || ' commands for one reason' AS detail
            FROM outbox GROUP BY dedupe_key HAVING count(*) > 1
        """,
    ),
    Rule(
        name="one_number",  # one ticket number per office, service and local day
        statement="""
            SELECT 'office' AS subject, o.code AS id,
                   format('number %s was given %s times on %s', i.number, count(*),
                          (i.arrived_at AT TIME ZONE o.timezone)::date) AS detail
            FROM interaction i JOIN office o ON o.code = i.office WHERE i.number IS NOT NULL
            GROUP BY o.code, i.number, (i.arrived_at AT TIME ZONE o.timezone)::date HAVING count(*) > 1
        """,
    ),
    Rule(
        name="placed_in_line",  # L3: what waits has a place
        statement="""
            SELECT 'interaction' AS subject, id::text AS id, 'waits without a due time' AS detail
            FROM interaction WHERE state = 'queued' AND (due_at IS NULL OR queued_at IS NULL)
        """,
    ),
    Rule(
        name="known_codes",  # no foreign key checks these for each contact
        statement="""
            SELECT 'interaction' AS subject, i.id::text AS id,
                   concat_ws(', ', i.queue, i.request_type, i.office) || ': one of them is not configured' AS detail
            FROM interaction i
            LEFT JOIN queue q ON q.code = i.queue
            LEFT JOIN request_type r ON r.code = i.request_type
            LEFT JOIN office o ON o.code = i.office
            WHERE (i.queue IS NOT NULL AND q.code IS NULL) OR (i.request_type IS NOT NULL AND r.code IS NULL)
            OR (i.office IS NOT NULL AND o.code IS NULL)
            UNION ALL
            SELECT 'assignment', a.id::text, a.representative || ' is nobody here'
            FROM assignment a LEFT JOIN representative r ON r.code = a.representative WHERE r.code IS NULL
        """,
    ),
    Rule(
        name="told_interaction",  # I5: nothing is there without its story
        statement="""
            SELECT 'interaction' AS subject, i.id::text AS id, 'no event tells of it' AS detail FROM interaction i
            WHERE NOT EXISTS (SELECT FROM event WHERE subject = 'interaction' AND subject_id = i.id::text)
        """,
    ),
    Rule(
        name="told_case",
        statement="""
            SELECT 'case' AS subject, c.id::text AS id, 'no event tells of it' AS detail FROM "case" c
            WHERE NOT EXISTS (SELECT FROM event WHERE subject = 'case' AND subject_id = c.id::text)
        """,
    ),
    Rule(
        name="told_representative",
        statement="""
            SELECT 'representative' AS subject, r.code AS id, 'no event tells of them' AS detail FROM representative r
            WHERE NOT EXISTS (SELECT FROM event WHERE subject = 'representative' AND subject_id = r.code)
        """,
    ),
    Rule(
        name="told_rules",
        statement="""
            SELECT 'rules' AS subject, s.version::text AS id, 'no event tells of them' AS detail FROM rule_set s
            WHERE NOT EXISTS (SELECT FROM event WHERE subject = 'rules' AND subject_id = s.version::text)
        """,
    ),
    Rule(
        name="told_closing",
        statement="""
            SELECT 'queue' AS subject, q.code AS id, 'is closed by hand, and no event tells by whom' AS detail FROM queue q
            WHERE q.closed_until IS NOT NULL
            AND NOT EXISTS (SELECT FROM event WHERE subject = 'queue' AND subject_id = q.code)
        """,
    ),
    Rule(
        name="known_rules",  # what somebody entered with can be read again; 0 = the tables as they stand
        statement="""
            SELECT 'interaction' AS subject, i.id::text AS id,
                   'entered with the rules of version ' || i.rules_version || ', which was never live' AS detail
            FROM interaction i WHERE i.rules_version <> 0 AND NOT EXISTS (
                SELECT FROM rule_set s WHERE s.version = i.rules_version AND s.published_at IS NOT NULL)
        """,
    ),
    Rule(
        name="rules_in_force",  # the tables name the queues and request types that the live rules name
        statement="""
            WITH live AS MATERIALIZED (SELECT version, document FROM rule_set WHERE state = 'live'), said AS (
                SELECT 'queue' AS kind, json_object_keys(document -> 'queues') AS code FROM live
                UNION ALL SELECT 'request type', json_object_keys(document -> 'request_types') FROM live
            ), stands AS (
                SELECT 'queue' AS kind, code FROM queue UNION ALL SELECT 'request type', code FROM request_type
            )
            SELECT 'rules' AS subject, live.version::text AS id, concat_ws(' ', kind, code) ||
                   CASE WHEN said.code IS NULL THEN ' is not in the rules' ELSE ' is in the rules only' END AS detail
            FROM live, said FULL JOIN stands USING (kind, code) WHERE said.code IS NULL OR stands.code IS NULL
        """,
    ),
)
