"""What the database keeps of what leaves for other systems: a sound row in every table, and for each rule what breaks it."""

from __future__ import annotations

from typing import Final

NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
RECEIVER: Final = "'00000000-0000-7000-8000-00000000000a'"

SOUND: Final = f"""
INSERT INTO follower (name, epoch, xid, seq) VALUES ('tending', 1, 1, 1);
INSERT INTO webhook_endpoint (id, url, secret, kinds, state, made_at, made_by)
VALUES ({RECEIVER}, 'https://example.org/', 'x', '{{}}', 'on', now(), 'admin:1');
INSERT INTO webhook_delivery (id, endpoint_id, event_seq, kind, payload, state, next_at, made_at)
VALUES (gen_random_uuid(), {RECEIVER}, 7, 'case.opened', '{{}}', 'pending', now(), now());
"""

TABLES: Final = ("follower", "webhook_endpoint", "webhook_delivery")

SECOND_TRUTHS: Final = {
    "uq_webhook_delivery_endpoint_id_event_seq": (
        """INSERT INTO webhook_delivery (id, endpoint_id, event_seq, kind, payload, state, next_at, made_at)
        SELECT gen_random_uuid(), endpoint_id, event_seq, kind, '{}', 'sent', next_at, made_at FROM webhook_delivery""",
    ),
}

UNSOUND: Final = {
    "ck_webhook_endpoint_kinds": ("UPDATE webhook_endpoint SET kinds = array_fill('case.opened'::text, ARRAY[101])",),
    "ck_webhook_endpoint_state": ("UPDATE webhook_endpoint SET state = 'asleep'",),
    "ck_webhook_delivery_state": ("UPDATE webhook_delivery SET state = 'lost'",),
}

STRANGERS: Final = {
    "fk_webhook_delivery_endpoint_id": (f"UPDATE webhook_delivery SET endpoint_id = {NOBODY}",),
}
