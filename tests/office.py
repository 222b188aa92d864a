"""A small, complete configuration that tests of the service share: who we are, where, for what, and who works.

Written straight into the tables, so that no test depends on the code that applies a configuration file.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg
import orjson

OFFICES: Final = {
    "lahore": ("Lahore", "Asia/Karachi"),
    "hyderabad": ("Hyderabad", "Asia/Kolkata"),
}
"""code -> (name, time zone); the first is the default."""

QUEUES: Final[dict[str, dict[str, int]]] = {
    "claims": {"target": 120, "offer": 20, "wrap": 0},
    "sales": {"target": 60, "offer": 15, "wrap": 0},
    "inquiries": {"target": 180, "offer": 20, "wrap": 0},
    "technical": {"target": 300, "offer": 30, "wrap": 60},
    "feedback": {"target": 3600, "offer": 60, "wrap": 0},
}

REQUEST_TYPES: Final[dict[str, dict[str, Any]]] = {
    "claim": {"queue": "claims", "skills": {"claims": 2}, "en": "Claim", "ur": "دعویٰ", "te": "క్లెయిమ్"},
    "suggestion": {"queue": "feedback", "skills": {}, "en": "Suggestion", "ur": "تجویز", "te": "సూచన"},
    "inquiry": {"queue": "inquiries", "skills": {}, "en": "Inquiry", "ur": "استفسار", "te": "విచారణ"},
    "order": {"queue": "sales", "skills": {"sales": 1}, "en": "Order", "ur": "آرڈر", "te": "ఆర్డర్"},
    "information": {"queue": "inquiries", "skills": {}, "en": "Information", "ur": "معلومات", "te": "సమాచారం"},
    "technical_service": {
        "queue": "technical",
        "skills": {"technical": 3},
        "en": "Technical service",
        "ur": "تکنیکی خدمت",
        "te": "సాంకేతిక సేవ",
    },
}
"""In the order of the menu; their tickets start with A to F."""

REPRESENTATIVES: Final[dict[str, dict[str, Any]]] = {
    "ayesha": {
        "name": "Ayesha Malik", "office": "lahore", "languages": ["ur", "en"], "desk": "1", "capacity": 3,
        "skills": {"claims": 4, "sales": 2}, "queues": ["claims", "sales", "inquiries", "feedback"],
    },
    "bilal": {
        "name": "Bilal Ahmed", "office": "lahore", "languages": ["ur"], "desk": "2", "capacity": 3,
        "skills": {"technical": 4}, "queues": ["technical", "inquiries"],
    },
    "chandra": {
        "name": "Chandra Rao", "office": "hyderabad", "languages": ["te", "en"], "desk": "1", "capacity": 3,
        "skills": {"claims": 3, "technical": 3}, "queues": ["claims", "technical", "inquiries"],
    },
    "devi": {
        "name": "Devi Reddy", "office": "hyderabad", "languages": ["te"], "desk": "2", "capacity": 2,
        "skills": {"sales": 3}, "queues": ["sales", "feedback"],
    },
    "esther": {
        "name": "Esther John", "office": "hyderabad", "languages": ["en", "ur", "te"], "desk": "+914023456789",
        "capacity": 5, "skills": {"claims": 5, "sales": 5, "technical": 5}, "queues": list(QUEUES),
    },
    "farid": {
        "name": "Farid Khan", "office": "lahore", "languages": ["en", "ur"], "desk": "+924212345678", "capacity": 1,
        "skills": {"claims": 2, "sales": 1}, "queues": ["claims", "sales", "inquiries"],
    },
}  # fmt: skip
"""Everybody starts offline."""

STORY_SECONDS: Final = 30.0
"""Longer than any story that goes by hours, days or numbers on tickets takes."""


async def furnish(dsn: str) -> None:
    """Fill the empty, migrated database at `dsn`: two offices, five queues, six request types, six representatives."""
    connection = await asyncpg.connect(dsn)
    try:
        await _past_the_turn(connection)
        async with connection.transaction():
            await _say_who_we_are(connection)
            await _open_queues(connection)
            await _hire(connection)
    finally:
        await connection.close()


async def _past_the_turn(connection: asyncpg.Connection) -> None:
    """Tickets, caps and head starts are counted by local hours and days, which all begin on a half hour of UTC.

    A story of seconds that lies across one would be another story: whoever comes just before it waits until it is over.
    """
    left = float(await connection.fetchval("SELECT 1800 - mod(extract(epoch FROM wall_clock()), 1800)"))
    if left < STORY_SECONDS:
        await asyncio.sleep(left)


async def _say_who_we_are(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO organisation (id, name, languages, default_request_type) VALUES (1, $1, $2, 'inquiry')",
        "Raabta House",
        ["en", "ur", "te"],
    )
    await connection.executemany(
        "INSERT INTO office (code, name, timezone, place) VALUES ($1, $2, $3, $4)",
        [(code, name, zone, place) for place, (code, (name, zone)) in enumerate(OFFICES.items())],
    )


async def _open_queues(connection: asyncpg.Connection) -> None:
    await connection.executemany(
        "INSERT INTO queue (code, name, target_seconds, offer_timeout_seconds, wrap_up_seconds) VALUES ($1, $2, $3, $4, $5)",
        [(code, code.title(), queue["target"], queue["offer"], queue["wrap"]) for code, queue in QUEUES.items()],
    )
    await connection.executemany(
        "INSERT INTO request_type (code, queue, labels, skills, letter, place) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (code, kind["queue"], _json({name: kind[name] for name in ("en", "ur", "te")}), _json(kind["skills"]),
             "ABCDEF"[place], place)
            for place, (code, kind) in enumerate(REQUEST_TYPES.items())
        ],
    )  # fmt: skip


async def _hire(connection: asyncpg.Connection) -> None:
    for code, person in REPRESENTATIVES.items():
        await connection.execute(
            "INSERT INTO representative (code, name, office, skills, languages, queues, desk, capacity, ceiling, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1)",
            code, person["name"], person["office"], _json(person["skills"]), person["languages"], person["queues"],
            person["desk"], person["capacity"],
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " SELECT 'representative', code, 1, 'joined', idle_since, 'system' FROM representative"
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
