"""Invariants of cases and customers that one statement each can check, as data.

Decides nothing: as in `app.queries.audit.rules`, every statement names the rows that break its rule.
"""

from __future__ import annotations

from typing import Final

from app.queries.audit.rules import Rule

CASE_RULES: Final = (
    Rule(
        name="merged_once",  # a pointer leads to one that stands by itself
        statement="""
            SELECT 'case' AS subject, c.id::text AS id, 'is taken into ' || s.id || ', which is merged itself' AS detail
            FROM "case" c JOIN "case" s ON s.id = c.merged_into WHERE s.merged_into IS NOT NULL
            UNION ALL
            SELECT 'customer', c.id::text, 'is taken into ' || s.id || ', who is merged too'
            FROM customer c JOIN customer s ON s.id = c.merged_into WHERE s.merged_into IS NOT NULL
        """,
    ),
    Rule(
        name="merge_on_record",  # what is merged was merged by somebody, and what was merged is
        statement="""
            SELECT 'case' AS subject, c.id::text AS id, 'is merged, and no standing merge says so' AS detail
            FROM "case" c WHERE c.merged_into IS NOT NULL AND NOT EXISTS (
                SELECT FROM merge m WHERE m.kind = 'case' AND m.merged = c.id AND m.undone_at IS NULL)
            UNION ALL
            SELECT 'customer', c.id::text, 'is merged, and no standing merge says so'
            FROM customer c WHERE c.merged_into IS NOT NULL AND NOT EXISTS (
                SELECT FROM merge m WHERE m.kind = 'customer' AND m.merged = c.id AND m.undone_at IS NULL)
            UNION ALL
            SELECT m.kind, m.merged::text, 'a merge stands, and it is not merged'
            FROM merge m LEFT JOIN "case" c ON m.kind = 'case' AND c.id = m.merged
            LEFT JOIN customer p ON m.kind = 'customer' AND p.id = m.merged
            WHERE m.undone_at IS NULL AND coalesce(c.merged_into, p.merged_into) IS NULL
            AND p.state IS DISTINCT FROM 'erased'
        """,
    ),
    Rule(
        name="told_customer",  # what was done about a customer is told
        statement="""
            SELECT 'customer' AS subject, c.id::text AS id, 'no event tells of what was done about them' AS detail
            FROM customer c WHERE c.version > 0
            AND NOT EXISTS (SELECT FROM event WHERE subject = 'customer' AND subject_id = c.id::text)
        """,
    ),
    Rule(
        name="asked_until",  # what is called solved ends some day; one that was merged hears of it when it stands alone again
        statement="""
            SELECT 'case' AS subject, c.id::text AS id, 'is resolved, and nothing ends the time to say so' AS detail
            FROM "case" c WHERE c.state = 'resolved' AND c.resolved_at IS NOT NULL AND c.erased_at IS NULL
            AND c.merged_into IS NULL AND NOT EXISTS (SELECT FROM merge m WHERE m.kind = 'case' AND m.merged = c.id)
            AND NOT EXISTS (SELECT FROM timer t WHERE t.case_id = c.id AND t.kind = 'survey_closes')
        """,
    ),
    Rule(
        name="said_solved",  # whether it is solved is said in answers, and in nothing else
        statement="""
            SELECT 'case' AS subject, s.case_id::text AS id, 'survey ' || s.id || ' is ' || s.state || ', solved: '
                || coalesce(s.solved, 'not said') AS detail
            FROM survey s WHERE (s.state = 'answered') <> (s.solved IS NOT NULL)
        """,
    ),
    Rule(
        name="looked_at",  # what is being checked has somebody who can decide it, and what is over is decided
        statement="""
            SELECT 'case' AS subject, c.id::text AS id, 'is being checked, and nothing is left to be looked at' AS detail
            FROM "case" c WHERE c.state = 'checking' AND EXISTS (SELECT FROM second_check s WHERE s.case_id = c.id)
            AND NOT EXISTS (SELECT FROM second_check s WHERE s.case_id = c.id AND s.state IN ('waiting', 'taken'))
        """,
    ),
    Rule(
        name="look_in_time",  # a check that nobody decides is told of when its time is over
        statement="""
            SELECT 'case' AS subject, s.case_id::text AS id, 'nobody will be told that check ' || s.id || ' is late' AS detail
            FROM second_check s WHERE s.state IN ('waiting', 'taken')
            AND NOT EXISTS (SELECT FROM timer t WHERE t.key = 'check:' || s.id)
            AND NOT EXISTS (SELECT FROM alarm a WHERE a.key = 'check_late:' || s.id)
            AND EXISTS (SELECT FROM "case" c WHERE c.id = s.case_id AND c.state = 'checking')
        """,
    ),
    Rule(
        name="held_back",  # what is held has not left, and what was let go has
        statement="""
            SELECT 'message' AS subject, m.id::text AS id, 'is held, and has left all the same' AS detail
            FROM message m WHERE m.attributes ? 'held'
            AND EXISTS (SELECT FROM outbox o WHERE o.dedupe_key = 'replied:' || m.id)
            UNION ALL
            SELECT 'message', s.message_id::text, 'was let go, and is held' FROM second_check s
            JOIN message m ON m.id = s.message_id WHERE s.state = 'passed' AND m.attributes ? 'held'
        """,
    ),
    Rule(
        name="known_playbook",  # the version a case goes by can be read again
        statement="""
            SELECT 'case' AS subject, c.id::text AS id,
                   format('goes by version %s of playbook %s, which was never published', c.playbook_version, c.playbook) AS detail
            FROM "case" c WHERE c.playbook IS NOT NULL
            AND NOT EXISTS (SELECT FROM playbook p WHERE p.code = c.playbook AND p.version = c.playbook_version)
        """,
    ),
    Rule(
        name="touches_numbered",  # the touches of a case are counted, from 1 without a gap
        statement="""
            SELECT 'case' AS subject, c.id::text AS id,
                   format('counts %s touches and has %s, numbered to %s', c.touches, count(t.id), coalesce(max(t.number), 0)) AS detail
            FROM "case" c LEFT JOIN touch t ON t.case_id = c.id GROUP BY c.id, c.touches
            HAVING c.touches <> count(t.id) OR c.touches <> coalesce(max(t.number), 0) OR count(t.id) <> count(DISTINCT t.number)
        """,
    ),
    Rule(
        name="clock_will_ring",  # whoever is late is told: a clock that runs has its timer
        statement="""
            SELECT 'case' AS subject, c.case_id::text AS id, 'nobody will be told when clock ' || c.id || ' is up' AS detail
            FROM clock c WHERE c.state = 'running' AND NOT EXISTS (SELECT FROM timer t WHERE t.key = 'clock_breach:' || c.id)
        """,
    ),
    Rule(
        name="clock_over",  # what has ended says when, and what goes on does not
        statement="""
            SELECT 'case' AS subject, c.case_id::text AS id, 'clock ' || c.id || ' is ' || c.state || ' and says otherwise' AS detail
            FROM clock c WHERE (c.state IN ('running', 'paused')) = (c.ended_at IS NOT NULL)
            OR (c.late_at IS NOT NULL AND c.state <> 'breached')
        """,
    ),
    Rule(
        name="promised_news",  # an open case on which something is owed has its next update, once what befell it is heard
        statement="""
            WITH heard AS MATERIALIZED (SELECT epoch, xid, seq FROM follower WHERE name = 'tending')
            SELECT 'case' AS subject, c.id::text AS id, 'is open, and no next news are promised' AS detail
            FROM "case" c WHERE c.state IN ('open', 'awaiting_customer', 'checking') AND c.merged_into IS NULL
            AND c.tended_at IS NOT NULL AND c.erased_at IS NULL
            AND (c.owner IS NOT NULL OR c.first_answer_at IS NOT NULL OR EXISTS (
                SELECT FROM interaction i WHERE i.case_id = c.id AND i.state NOT IN ('arriving', 'abandoned', 'cancelled')))
            AND NOT EXISTS (SELECT FROM promise p WHERE p.case_id = c.id AND p.kind = 'news' AND p.state = 'standing')
            AND NOT EXISTS (
                SELECT FROM event e, heard h WHERE e.subject = 'case' AND e.subject_id = c.id::text
                AND (e.epoch, e.xid::text::bigint, e.seq) > (h.epoch, h.xid, h.seq))
        """,
    ),
    Rule(
        name="ends_unserved",  # what nobody serves does not stand open for ever, once what befell it is heard
        statement="""
            WITH heard AS MATERIALIZED (SELECT epoch, xid, seq FROM follower WHERE name = 'tending')
            SELECT 'case' AS subject, c.id::text AS id, 'is open, nobody serves it, and nothing will end it' AS detail
            FROM "case" c WHERE c.state = 'open' AND c.merged_into IS NULL AND c.tended_at IS NOT NULL AND c.erased_at IS NULL
            AND c.owner IS NULL AND NOT c.supervised AND c.first_answer_at IS NULL
            AND NOT EXISTS (SELECT FROM timer t WHERE t.key = 'unserved:' || c.id)
            AND NOT EXISTS (
                SELECT FROM "case" f JOIN interaction i ON i.case_id = f.id LEFT JOIN event e ON e.subject = 'interaction'
                AND e.subject_id = i.id::text CROSS JOIN heard h WHERE (f.id = c.id OR f.merged_into = c.id)
                AND (i.state NOT IN ('arriving', 'abandoned', 'cancelled') OR (e.epoch, e.xid::text::bigint, e.seq) > (h.epoch, h.xid, h.seq)))
            AND NOT EXISTS (
                SELECT FROM event e, heard h WHERE e.subject = 'case' AND e.subject_id = c.id::text
                AND (e.epoch, e.xid::text::bigint, e.seq) > (h.epoch, h.xid, h.seq))
        """,
    ),
    Rule(
        name="watched_promise",  # what stands is held to its time
        statement="""
            SELECT 'case' AS subject, p.case_id::text AS id, 'nothing watches its promise ' || p.id AS detail
            FROM promise p WHERE p.state = 'standing'
            AND NOT EXISTS (SELECT FROM timer t WHERE t.key = 'promise_due:' || p.id)
        """,
    ),
    Rule(
        name="attached_on_record",  # a case that is about an incident says so in its story
        statement="""
            SELECT 'case' AS subject, a.case_id::text AS id, 'is about incident ' || a.incident_id || ', and no event says so' AS detail
            FROM incident_case a WHERE NOT EXISTS (
                SELECT FROM event e WHERE e.subject = 'case' AND e.subject_id = a.case_id::text AND e.kind = 'attached'
                AND e.data ->> 'incident' = a.incident_id::text)
        """,
    ),
    Rule(
        name="incident_told",  # what was declared was told, and so is its end
        statement="""
            SELECT 'incident' AS subject, i.id::text AS id, 'is ' || i.state || ', and nobody is told so' AS detail
            FROM incident i WHERE i.state IN ('declared', 'closed') AND NOT EXISTS (
                SELECT FROM incident_update u WHERE u.incident_id = i.id AND (i.ended_at IS NULL OR u.at >= i.ended_at))
        """,
    ),
    Rule(
        name="proposal_heard",  # of a surge the supervisors know
        statement="""
            SELECT 'incident' AS subject, i.id::text AS id, 'is proposed, and nobody was told to look' AS detail
            FROM incident i WHERE i.state = 'proposed'
            AND NOT EXISTS (SELECT FROM alarm a WHERE a.key = 'surge:' || i.id)
        """,
    ),
)
