"""A document of rules for tests: small, right, and with every kind of rule in it. `changed` says otherwise at one place."""

from __future__ import annotations

import copy
from typing import Any, Final

GONE: Final = object()
"""Not in the document."""

DOCUMENT: Final[dict[str, Any]] = {
    "skills": ["claims", "licence", "sales", "senior", "law"],
    "groups": ["helpers"],
    "reasons": {"elderly": {"seconds": 400, "share": 0.1}, "veteran": {"seconds": 100}},
    "channels": {"phone": {"interrupts": True}, "email": {"units": 2, "beside_live": True}},
    "queues": {
        "claims": {
            "name": "Claims",
            "target_seconds": 120,
            "offer_timeout_seconds": 20,
            "head_start_cap_seconds": 600,
            "mean_handle_seconds": 300,
            "order": "longest_idle",
            "preferred_seconds": 60,
            "back_off_seconds": {"busy": 5, "no_answer": 20.5},
            "hours": {
                "timezone": "Asia/Karachi",
                "mon": ["09:00-12:00", "13:00-17:00"],
                "fri": ["22:00-06:00"],
                "exceptions": {"2027-01-01": []},
                "holidays": "PK",
            },
            "on_entry": [
                {"when": "closed", "then": "turn_away", "message": "We are closed."},
                {"when": "length", "over": 50, "then": "overflow", "queue": "desk"},
                {"when": "wait", "over": 900, "then": "callback"},
                {"when": "nobody", "then": "tell", "message": "It will take long."},
            ],
            "steps": [
                {"after_seconds": 30, "lower_levels_by": 1},
                {"after_seconds": 60, "drop_skills": ["senior"], "add_groups": ["helpers"]},
                {"after_seconds": 90, "drop_language": True, "add_queues": ["desk"]},
            ],
            "on_exhausted": {"after_seconds": 300, "then": "any"},
            "overflow": {"after_seconds": 600, "queue": "desk"},
            "callback": {"attempts": 2, "gap_seconds": 60},
        },
        "desk": {"name": "Desk", "target_seconds": 60, "offer_timeout_seconds": 15},
        "orders": {
            "name": "Orders",
            "target_seconds": 60,
            "offer_timeout_seconds": 15,
            "split": {"orders_a": 70, "orders_b": 30},
        },
        "orders_a": {"name": "Orders A", "target_seconds": 60, "offer_timeout_seconds": 15},
        "orders_b": {
            "name": "Orders B",
            "target_seconds": 60,
            "offer_timeout_seconds": 15,
            "on_exhausted": {"after_seconds": 30, "then": "overflow", "queue": "orders_a"},
        },
    },
    "request_types": {
        "claim": {
            "labels": {"en": "Claim"},
            "queue": "claims",
            "letter": "C",
            "skills": {"claims": 3, "licence": 1, "senior": 2},
            "firm": ["licence"],
        },
        "claim_new": {"labels": {"en": "New claim"}, "parent": "claim", "any_of": [{"law": 2, "sales": 1}]},
        "order": {"labels": {"en": "Order"}, "queue": "orders", "letter": "O", "skills": {"sales": 1}},
        "question": {"labels": {"en": "Question"}, "queue": "desk", "letter": "Q", "speak": False},
    },
}


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The document with other values at some dotted paths; what is on the way there is made, `GONE` takes away."""
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes:
        *way, last = path.split(".")
        place: Any = document
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [] if value is GONE else [value]
        elif value is GONE:
            del place[last]
        else:
            place[last] = value
    return document
