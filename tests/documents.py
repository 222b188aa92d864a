"""The rules of the furnished office as a document, for tests that draft and publish versions of them."""

from __future__ import annotations

import copy
from typing import Any

from tests.office import QUEUES, REQUEST_TYPES


def document(**queues: dict[str, Any]) -> dict[str, Any]:
    """What the furnished tables say; `queues`: fields that are different or more, by queue. A new one says everything."""
    found: dict[str, Any] = {
        "queues": {
            code: {
                "name": code.title(),
                "target_seconds": queue["target"],
                "offer_timeout_seconds": queue["offer"],
                "wrap_up_seconds": queue["wrap"],
            }
            for code, queue in QUEUES.items()
        },
        "request_types": {
            code: {
                "queue": kind["queue"],
                "letter": "ABCDEF"[place],
                "skills": dict(kind["skills"]),
                "labels": {language: kind[language] for language in ("en", "ur", "te")},
            }
            for place, (code, kind) in enumerate(REQUEST_TYPES.items())
        },
    }
    for code, fields in queues.items():
        found["queues"].setdefault(code, {}).update(copy.deepcopy(fields))
    return found


SPARE: dict[str, Any] = {"name": "Spare", "target_seconds": 30, "offer_timeout_seconds": 10}
"""A queue that nothing names."""
