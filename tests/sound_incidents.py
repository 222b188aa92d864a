"""What the database keeps of incidents: a sound row in every table, and for each rule what breaks it."""

from __future__ import annotations

from typing import Final

NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
CASE: Final = "'00000000-0000-7000-8000-00000000000c'"
CUSTOMER: Final = "'00000000-0000-7000-8000-00000000000d'"
INCIDENT: Final = "'00000000-0000-7000-8000-00000000000f'"

SOUND: Final = f"""
INSERT INTO incident (id, state, words, areas, since, made_at, made_by)
VALUES ({INCIDENT}, 'declared', '{{"en": "Out."}}', '{{north}}', now(), now(), 'supervisor:1');
INSERT INTO incident_case (incident_id, case_id, attached_at, attached_by) VALUES ({INCIDENT}, {CASE}, now(), 'system');
INSERT INTO incident_update (id, incident_id, words, at, by)
VALUES (gen_random_uuid(), {INCIDENT}, '{{"en": "Out."}}', now(), 'supervisor:1');
INSERT INTO incident_reach (incident_id, customer_id, told_at, told_by) VALUES ({INCIDENT}, {CUSTOMER}, now(), 'supervisor:1');
INSERT INTO surge_count (request_type, area, starts_at, contacts) VALUES ('claim', '', now(), 7);
"""

TABLES: Final = ("incident", "incident_case", "incident_update", "incident_reach", "surge_count")

SECOND_TRUTHS: Final[dict[str, tuple[str, ...]]] = {}

UNSOUND: Final = {
    "ck_incident_state": ("UPDATE incident SET state = 'rumoured'",),
    "ck_incident_ended": (
        "UPDATE incident SET state = 'closed'",
        "UPDATE incident SET state = 'dismissed'",
        "UPDATE incident SET ended_at = now()",
    ),
}

STRANGERS: Final = {
    "fk_incident_case_incident_id": (f"UPDATE incident_case SET incident_id = {NOBODY}",),
    "fk_incident_case_case_id": (f"UPDATE incident_case SET case_id = {NOBODY}",),
    "fk_incident_update_incident_id": (f"UPDATE incident_update SET incident_id = {NOBODY}",),
    "fk_incident_reach_incident_id": (f"UPDATE incident_reach SET incident_id = {NOBODY}",),
    "fk_incident_reach_customer_id": (f"UPDATE incident_reach SET customer_id = {NOBODY}",),
}
