"""The tables that cases are lived in, and the columns an invented life fills. Decides nothing."""

from __future__ import annotations

from typing import Final

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "customer": ("id", "name", "language", "created_at"),
    "identity": ("kind", "value", "customer_id"),
    "case": (
        "id", "token", "customer_id", "request_type", "state", "subject", "opened_at", "resolved_at", "outcome", "version",
        "owner", "queue", "office", "channel", "language", "touches", "reopened", "first_answer_at", "root_cause",
        "resolved_by", "closed_at", "closed_by", "reopen_until", "merged_into", "playbook", "playbook_version", "tended_at",
        "clocks_version", "page_token",
    ),
    "interaction": (
        "id", "case_id", "customer_id", "channel", "contact", "state", "queue", "request_type", "office", "language",
        "live", "units", "arrived_at", "queued_at", "due_at", "state_at", "rules_version", "reply_to", "version",
    ),
    "receipt": ("source", "channel", "ref", "interaction_id", "at"),
    "message": ("id", "interaction_id", "case_id", "direction", "author", "subject", "body", "reference", "at"),
    "assignment": (
        "id", "interaction_id", "representative", "state", "live", "units", "offered_at", "expires_at", "answered_at",
        "ended_at", "outcome",
    ),
    "event": ("epoch", "subject", "subject_id", "version", "kind", "at", "actor", "data"),
    "touch": (
        "id", "case_id", "number", "kind", "subject_id", "version", "channel", "cause", "caused_by", "representative",
        "request_type", "queue", "office", "at",
    ),
    "promise": (
        "id", "case_id", "kind", "due_at", "made_at", "made_by", "representative", "state", "ended_at", "reason",
    ),
    "clock": (
        "id", "case_id", "kind", "state", "target_seconds", "started_at", "since", "due_at", "warned_at", "ended_at",
        "late_at", "queue", "rules_version",
    ),
    "timer": ("id", "key", "kind", "case_id", "due_at", "data"),
    "alarm": ("id", "key", "kind", "case_id", "representative", "raised_at", "done_at", "done_by"),
    "second_check": (
        "id", "case_id", "before", "state", "representative", "requested_at", "due_at", "reason", "checker", "taken_at",
        "decided_at",
    ),
    "survey": (
        "id", "case_id", "customer_id", "round", "state", "channel", "representative", "asked_at", "closes_at", "solved",
        "mark", "ended_at",
    ),
    "playbook_tick": ("case_id", "step", "at", "by"),
    "merge": ("id", "kind", "survivor", "merged", "made_at", "made_by"),
    "document": ("id", "case_id", "name", "media_type", "content", "digest", "author", "at"),
    "outbox": (
        "id", "dedupe_key", "channel", "kind", "interaction_id", "recipient", "language", "payload", "state", "next_at",
        "created_at", "done_at",
    ),
    "reached": ("key", "customer_id", "at"),
}  # fmt: skip
"""In the order of their references."""
