"""The furnished house under rules of a test's own: its queues and request types as a document, with what the test changes."""

from __future__ import annotations

from typing import Any

from app.actions.rules.versions import draft, publish
from app.db import Database, now
from app.intake import Intake
from app.security import Actor
from tests.office import QUEUES, REQUEST_TYPES

ADMIN = Actor(role="admin", key_id="test")


def document(queues: dict[str, dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """`queues`: by code, what is said of it beyond what the house says; a new code is a new queue."""
    plain = {
        code: {"name": code.title(), "target_seconds": queue["target"], "offer_timeout_seconds": queue["offer"]}
        for code, queue in QUEUES.items()
    }
    for code, said in (queues or {}).items():
        standard = {"name": code.title(), "target_seconds": 60, "offer_timeout_seconds": 20}
        plain[code] = {**plain.get(code, standard), **said}
    requests = {
        code: {
            "queue": kind["queue"], "skills": kind["skills"], "letter": "ABCDEF"[place],
            "labels": {language: kind[language] for language in ("en", "ur", "te")},
        }
        for place, (code, kind) in enumerate(REQUEST_TYPES.items())
    }  # fmt: skip
    return {"queues": plain, "request_types": requests, **more}


async def rule(db: Database, intake: Intake, wanted: dict[str, Any]) -> int:
    """Make it the live rules; returns the version. The intake goes by it at once."""
    async with db.session() as session:
        moment = await now(session)
        version = (await draft(session, wanted, actor=ADMIN, now=moment)).version
        await publish(session, version, actor=ADMIN, now=moment)
    intake.forget()
    return version
